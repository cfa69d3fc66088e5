// The answers that several steps give.
#pragma once

#include <string>
#include <string_view>

#include "anteroom/gate.h"
#include "anteroom/http.h"
#include "anteroom/result.h"
#include "anteroom/store.h"
#include "journey/context.h"

namespace anteroom::journey {

/// 302 or 303, no-store.
Response redirect(int status, std::string location);

/// application/json, no-store. `members` in order; all values are strings.
Response json(int status, const std::vector<std::pair<std::string, std::string>>& members);

/// What a person reads when something is refused.
struct Explanation {
  int status = 400;
  Words title;
  Words message;
  Words hint = {};             ///< what to do next
  std::string retry_url = {};  ///< empty: no button
  Words retry_label = {};
};

/// Logs the failure once and makes the page that shows the reference number. `idp`: for the log,
/// may be empty.
Response explain_as(Context& context, const RequestHead& request, const Failure& failure,
                    const Explanation& explanation, std::string_view idp,
                    const std::string& reference);

/// The same with a new reference number.
Response explain(Context& context, const RequestHead& request, const Failure& failure,
                 const Explanation& explanation, std::string_view idp = {});

/// The event on its way to the database: not waited for, its loss is logged.
void audit_later(Context& context, store::AuditEvent event);

/// 403 to somebody whose access does not reach: page or JSON. Logged with `reference`.
Response denied(Context& context, const RequestHead& request, const SessionFields& who,
                const Requirement& requirement, const std::string& reference);

/// 503 with Retry-After; as JSON for what is not a navigation.
Response unavailable(Context& context, const RequestHead& request, const Failure& failure);

/// Logs the failure once and gives its new reference number, for an answer of another form.
std::string note_refusal(Context& context, const RequestHead& request, const Failure& failure,
                         int status, std::string_view idp);

/// 400, 404, 405, 413 …: page, or JSON for what is not a navigation.
Response refuse(Context& context, const RequestHead& request, int status, const Failure& failure);

/// True if the browser says that one of our own pages on this origin sent the form (Sec-Fetch-Site,
/// or Origin where that is missing). What says neither is refused: every browser says one of them.
bool is_from_our_page(const Exchange& exchange);

/// The refusal where is_from_our_page() is false.
Response refuse_foreign_form(const Exchange& exchange);

/// The page asked for, as path and query; only what no browser takes for another site.
std::string local_target(const RequestHead& request);

/// Where a sealed return handle leads; the landing page if it is absent, stale or not ours.
session::ReturnTo return_to_or_landing(const Context& context, std::string_view sealed);

/// The `r` of a query or form if it has the shape of a sealed value; else empty.
std::string return_handle(std::string_view given);

/// Where a form of ours may end up at this IdP, for Content-Security-Policy; nullptr: any https.
std::string form_targets(const IdentityProvider* idp);

/// The browser on its way to the IdP with a message: 303, or a page that posts it.
Response send_away(const Exchange& exchange, const IdentityProvider& idp,
                   const saml::OutgoingMessage& message);

/// "?r=…" or empty.
std::string return_query(std::string_view handle);

}  // namespace anteroom::journey
