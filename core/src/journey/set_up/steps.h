// The steps of connecting a company by a link, without an account: its administrator shows who they
// are by having opened the link in this browser, and nothing that they do lets anybody in.
#pragma once

#include "journey/frame/context.h"

namespace anteroom::journey {

/// Where a link leads. What is behind '#' is not in the request: opening it takes a press, so that
/// whatever looks at links in letters does not open it.
Response show_set_up(Exchange exchange);
Task<Response> open_set_up(Exchange exchange);
/// Everything that there is to enter, and what was entered.
Task<Response> show_connection(Exchange exchange);
Task<Response> take_metadata(Exchange exchange);
Task<Response> take_domain(Exchange exchange);
/// Support is to look at it.
Task<Response> hand_in_connection(Exchange exchange);

}  // namespace anteroom::journey
