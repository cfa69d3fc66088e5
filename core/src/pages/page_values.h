// What a page's own values become before a template sees them.
#pragma once

#include "anteroom/pages.h"
#include "pages/catalogue.h"

namespace anteroom::pages {

/// `values` in one language, without links that are not web links (is_web_link), and with what is
/// derived for reading: `your_grants`, `email_start` and `email_end`. Entries of lists likewise.
Values presentable(const Values& values, const Catalogue& catalogue);

}  // namespace anteroom::pages
