#include "http/form.h"
#include "journey/diagnosis/idp_errors.h"
#include "journey/sign_on/steps.h"
#include "text/unicode.h"

namespace anteroom::journey {

Response explain_microsoft_error(Exchange exchange) {
  constexpr std::size_t kMaxTyped = 400;
  const auto query = http::Form::parse(exchange.head().query);
  const std::string typed =
      query ? text::printable(query->get("code").substr(0, kMaxTyped), kMaxTyped) : "";
  const std::string_view number = aadsts_number(typed);
  pages::Values values;
  values.text["code"] = typed;
  values.text["number"] = number;
  values.text["sign_in_url"] = exchange.context.path("/sign-in");
  const auto known = explain_aadsts(number);
  if (known) {
    values.messages["meaning"] = known->meaning;
    values.messages["remedy"] = known->remedy;
  }
  values.flags["is_unknown"] = !typed.empty() && !known;
  return exchange.context.renderer->page(exchange.head().headers.accept_language, "microsoft_error",
                                         200, values);
}

}  // namespace anteroom::journey
