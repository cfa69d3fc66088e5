#include "journey/frame/send_away.h"

#include "http/url.h"
#include "journey/frame/respond.h"

namespace anteroom::journey {

// Chrome holds the whole chain of redirects behind a form to form-action, and an IdP may send
// people on to hosts that nobody knows beforehand: any https address may follow.
std::string form_targets(const IdentityProvider* idp) {
  std::string targets = "https:";
  if (idp == nullptr) return targets;
  for (const std::string& url : {idp->metadata.sso_redirect_url, idp->metadata.sso_post_url,
                                 idp->logout.request_url, idp->logout.response_url}) {
    const auto parsed = http::parse_url(url);
    if (parsed && parsed->scheme == "http") targets += ' ' + parsed->origin().text;
  }
  return targets;
}

Response send_away(const Exchange& exchange, const IdentityProvider& idp,
                   const saml::OutgoingMessage& message) {
  if (message.message.empty()) return redirect(303, message.url);
  pages::Values values;
  values.text["action"] = message.url;
  values.text["parameter"] = message.parameter;
  values.text["message"] = message.message;
  values.text["relay_state"] = message.relay_state;
  values.text["display_name"] = idp.display_name;
  return exchange.context.renderer->page(exchange.head().headers.accept_language, "post_to_idp",
                                         200, values, form_targets(&idp));
}

}  // namespace anteroom::journey
