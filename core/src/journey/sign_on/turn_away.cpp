#include "journey/frame/turn_away.h"
#include "anteroom/gate.h"
#include "crypto/digest.h"
#include "crypto/encoding.h"
#include "http/cookie.h"
#include "http/url.h"
#include "journey/frame/audit.h"
#include "journey/frame/respond.h"
#include "journey/frame/return_to.h"
#include "journey/sign_on/long_target.h"
#include "session/names.h"
#include "session/token.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

// The value of this host's browser cookie, made if there is none yet.
struct Browser {
  std::string hash_hex;
  std::optional<std::string> new_value;
};

std::optional<Browser> browser_of(Context& context, const RequestHead& request) {
  std::string_view value;
  http::for_each_cookie(request.headers.cookie, [&](std::string_view name, std::string_view v) {
    if (name == session::kBrowserCookie) value = v;
  });
  Browser browser;
  if (value.size() != session::kTokenCharacters) {
    browser.new_value = session::new_token(context.ports.random);
    if (!browser.new_value) return std::nullopt;
    value = *browser.new_value;
  }
  const auto hash = crypto::sha256(value);
  if (!hash) return std::nullopt;
  browser.hash_hex = crypto::to_hex({reinterpret_cast<const char*>(hash->data()), hash->size()});
  return browser;
}

void add_cookies(Response& response, Target target) {
  for (auto& cookie : target.cookies) response.headers.push_back(std::move(cookie));
}

// The sign-on page, as a page to go to; or as JSON, for a person who is there but has to step up.
Response send_to_sign_in(Context& context, const RequestHead& request, const Origin& origin,
                         const Requirement& requirement) {
  const bool is_page = is_navigation(request);
  Target target = is_page ? target_of(context, request) : Target{"/"};
  session::ReturnTo return_to{origin.text, std::move(target.path), "", requirement.max_age,
                              std::string(requirement.authn_context)};
  const Origin& login = context.login_origin();
  const bool is_elsewhere = origin.text != login.text;
  std::optional<std::string> new_browser;
  if (is_elsewhere) {
    auto browser = browser_of(context, request);
    if (!browser) return unavailable(context, request, {code::kInternal, "no randomness"});
    return_to.browser_hash = std::move(browser->hash_hex);
    new_browser = std::move(browser->new_value);
  }
  const auto handle =
      session::seal_return_to(context.sealer, context.ports.random, return_to, context.now());
  if (!handle) return unavailable(context, request, {code::kInternal, "sealing failed"});
  const std::string page = context.path("/sign-in") + return_query(*handle);
  Response response =
      is_page ? redirect(302, (is_elsewhere ? login.text : "") + page)
              : json(401, {{"error", "step_up_required"}, {"sign_on_url", login.text + page}});
  add_cookies(response, std::move(target));
  if (new_browser) {
    response.headers.emplace_back(
        "Set-Cookie", http::set_cookie(session::kBrowserCookie, *new_browser, http::SameSite::lax));
  }
  return response;
}

Response send_to_waiting_room(Context& context, const RequestHead& request, const Origin& origin) {
  Target target = target_of(context, request);
  const session::ReturnTo return_to{origin.text, std::move(target.path), "", {}, ""};
  const auto handle =
      session::seal_return_to(context.sealer, context.ports.random, return_to, context.now());
  if (!handle) return unavailable(context, request, {code::kInternal, "sealing failed"});
  Response response = redirect(302, context.path("/waiting") + return_query(*handle));
  add_cookies(response, std::move(target));
  return response;
}

// Who was denied what, for whoever is asked why. Once a minute for one person: it may be a script
// that asks.
void audit_denial(Context& context, const RequestHead& request, const SessionFields& who,
                  const Requirement& requirement, const std::string& reference) {
  if (!context.denials.is_first(std::string(who.user), context.now())) return;
  std::string detail = "needs ";
  detail += requirement.level.value_or("any access");
  if (requirement.has_property) detail += " at " + text::printable(requirement.property, 100);
  detail += ": " + text::printable(request.path, 200);
  audit_later(context,
              {"denied", "access_level", reference, std::string(who.idp), std::string(who.email),
               std::string(request.client_address), std::move(detail)});
}

}  // namespace

Response turn_away(Context& context, Outcome outcome, const RequestHead& request,
                   const SessionView* session, const Requirement& requirement,
                   const store::PropertyNames& names) {
  const Origin* origin = context.origin_of(request.headers.host);
  if (origin == nullptr) {
    return refuse(context, request, 421,
                  {Code{"unknown_host"}, "add this origin to service_provider.apps: " +
                                             text::printable(request.headers.host, 200)});
  }
  const bool is_page = is_navigation(request);
  switch (outcome) {
    case Outcome::sign_on:
      if (is_page) return send_to_sign_in(context, request, *origin, requirement);
      return json(401, {{"error", "sign_on_required"},
                        {"sign_on_url", context.login_origin().text + context.path("/sign-in")}});
    case Outcome::step_up:
      return send_to_sign_in(context, request, *origin, requirement);
    case Outcome::waiting_room:
      if (is_page) return send_to_waiting_room(context, request, *origin);
      return json(403, {{"error", "waiting"},
                        {"waiting_room_url", origin->text + context.path("/waiting")}});
    case Outcome::forbidden:
      if (session != nullptr) {
        const std::string reference = session::new_reference(context.ports.random);
        audit_denial(context, request, session->fields(), requirement, reference);
        return denied(context, request, session->fields(), requirement, reference, names);
      }
      break;
    case Outcome::allow:
      break;
  }
  return unavailable(context, request, {code::kInternal, "turned away without a reason"});
}

}  // namespace anteroom::journey
