#include "journey/frame/form_origin.h"

#include "http/url.h"
#include "journey/frame/respond.h"

namespace anteroom::journey {

bool is_from_our_page(const Exchange& exchange) {
  const RequestHeaders& headers = exchange.head().headers;
  if (!headers.sec_fetch_site.empty() && headers.sec_fetch_site != "same-origin") return false;
  if (!headers.origin.empty()) {
    const auto url = http::parse_url(headers.origin);
    return url && url->origin().text == exchange.origin.text;
  }
  return headers.sec_fetch_site == "same-origin";
}

Response refuse_foreign_form(const Exchange& exchange) {
  return explain(exchange.context, exchange.head(),
                 {Code{"foreign_form"}, "a form was not sent by one of our own pages"},
                 {403, "failed_title"_message, "foreign_form"_message, "foreign_form_hint"_message,
                  exchange.context.path("/sign-in"), "start_again"_message});
}

}  // namespace anteroom::journey
