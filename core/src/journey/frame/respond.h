// The answers that several steps give.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "anteroom/gate.h"
#include "anteroom/http.h"
#include "anteroom/result.h"
#include "anteroom/task.h"
#include "journey/frame/context.h"
#include "journey/frame/property_names.h"

namespace anteroom::journey {

/// 302 or 303, no-store.
Response redirect(int status, std::string location);

/// application/json, no-store. `members` in order; all values are strings.
Response json(int status, const std::vector<std::pair<std::string, std::string>>& members);

/// The same of a whole document, as text.
Response json(int status, std::string document);

/// What a person reads when something is refused.
struct ErrorPage {
  int status = 400;
  Message title;
  Message message;
  Message hint = {};           ///< what to do next
  std::string retry_url = {};  ///< empty: no button
  Message retry_label = {};
};

/// Logs the failure once and makes the page that shows the reference number. `idp`: for the log,
/// may be empty.
Response explain_as(Context& context, const RequestHead& request, const Failure& failure,
                    const ErrorPage& explanation, std::string_view idp,
                    const std::string& reference);

/// The same with a new reference number.
Response explain(Context& context, const RequestHead& request, const Failure& failure,
                 const ErrorPage& explanation, std::string_view idp = {});

/// 403 to somebody whose access does not reach: page or JSON. Logged with `reference`. `names`: of
/// keys_for_refusal(), as far as they are known.
Response denied(Context& context, const RequestHead& request, const SessionFields& who,
                const Requirement& requirement, const std::string& reference,
                const store::PropertyNames& names);

/// Those names; none where the database cannot be asked: the page then shows keys.
Task<store::PropertyNames> names_for_refusal(Context& context, std::vector<std::string> keys);

/// 503 with Retry-After; as JSON for what is not a navigation.
Response unavailable(Context& context, const RequestHead& request, const Failure& failure);

/// Ends a step with unavailable() where what it awaits fails:
/// `auto rows = co_await or_unavailable(exchange, store::list_requests(...));`
struct Unavailable {
  const Exchange& exchange;
  Response operator()(const Failure& failure) const {
    return unavailable(exchange.context, exchange.head(), failure);
  }
};
template <class T>
auto or_unavailable(const Exchange& exchange, Task<Result<T>> asking) {
  return OrElse<T, Response, Unavailable>(std::move(asking), Unavailable{exchange});
}

/// Logs the failure once and gives its new reference number, for an answer of another form.
std::string note_refusal(Context& context, const RequestHead& request, const Failure& failure,
                         int status, std::string_view idp);

/// 400, 404, 405, 413 …: page, or JSON for what is not a navigation.
Response refuse(Context& context, const RequestHead& request, int status, const Failure& failure);

}  // namespace anteroom::journey
