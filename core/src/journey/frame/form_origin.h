// Where a form was sent from.
#pragma once

#include "journey/frame/context.h"

namespace anteroom::journey {

/// True if the browser says that one of our own pages on this origin sent the form (Sec-Fetch-Site,
/// or Origin where that is missing). What says neither is refused: every browser says one of them.
bool is_from_our_page(const Exchange& exchange);

/// The refusal where is_from_our_page() is false.
Response refuse_foreign_form(const Exchange& exchange);

}  // namespace anteroom::journey
