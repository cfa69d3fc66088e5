#include "anteroom/site.h"

#include <algorithm>
#include <stdexcept>

#include "anteroom/bodies.h"
#include "anteroom/gate.h"
#include "anteroom/store.h"
#include "journey/frame/log_line.h"
#include "journey/frame/origin.h"
#include "journey/frame/respond.h"
#include "journey/frame/steps.h"
#include "journey/sign_on/long_target.h"
#include "scim/request.h"

namespace anteroom {

namespace {

using journey::Context;
using journey::Exchange;

// Adapts the steps that wait for nothing.
template <Response (*Step)(Exchange)>
Task<Response> at_once(Exchange exchange) {
  Response response = Step(std::move(exchange));
  co_return response;
}

// Where a page is served. Manage gives access: what runs on an app's origin must not reach it.
enum class On { every_host, login_host, login_host_redirected };

// In the order in which a row is read.
struct Route {  // NOLINT(clang-analyzer-optin.performance.Padding)
  std::string_view method;
  std::string_view page;  ///< below the prefix
  On on;
  Task<Response> (*step)(Exchange);
  BodySize body = BodySize::none;
};

// All that this site answers itself, besides the ACS and the assets.
constexpr Route kRoutes[] = {
    {"GET", "/sign-in", On::every_host, journey::show_sign_in},
    {"POST", "/sign-in", On::login_host, at_once<journey::submit_email>, BodySize::form},
    {"POST", "/sign-in/start", On::login_host, journey::leave_for_idp, BodySize::form},
    {"GET", "/microsoft-error", On::every_host, at_once<journey::explain_microsoft_error>},
    {"GET", "/metadata", On::login_host, at_once<journey::show_metadata>},
    {"GET", "/handoff", On::every_host, journey::redeem_handoff},
    {"GET", "/return/0", On::every_host, at_once<journey::find_target>},
    {"GET", "/return/1", On::every_host, at_once<journey::find_target>},
    {"GET", "/return/2", On::every_host, at_once<journey::find_target>},
    {"GET", "/waiting", On::every_host, journey::show_waiting_room},
    {"POST", "/waiting/ask", On::every_host, journey::ask_for_access, BodySize::form},
    {"GET", "/waiting/status", On::every_host, journey::waiting_status},
    {"GET", "/waiting/events", On::every_host, journey::waiting_events},
    {"GET", "/manage/people", On::login_host_redirected, journey::list_people},
    {"GET", "/manage/people/show", On::login_host_redirected, journey::show_person},
    {"POST", "/manage/people/grant", On::login_host, journey::change_grant, BodySize::form},
    {"POST", "/manage/people/account", On::login_host, journey::switch_account, BodySize::form},
    {"POST", "/manage/people/sessions", On::login_host, journey::end_sessions, BodySize::form},
    {"GET", "/manage/why", On::login_host_redirected, journey::explain_why},
    {"GET", "/manage/activity", On::login_host_redirected, journey::show_activity},
    {"GET", "/sign-out", On::every_host, journey::confirm_sign_out},
    {"POST", "/sign-out", On::every_host, journey::sign_out, BodySize::form},
    {"GET", "/signed-out", On::every_host, journey::show_signed_out},
    {"GET", "/manage", On::login_host_redirected, journey::open_manage},
    {"GET", "/manage/new-user", On::login_host_redirected, journey::show_new_user},
    {"POST", "/manage/new-user", On::login_host, journey::file_new_user, BodySize::form},
    {"GET", "/manage/new-users", On::login_host_redirected, journey::show_new_users},
    {"POST", "/manage/new-users", On::login_host, journey::file_new_users, BodySize::large},
    {"GET", "/manage/requests", On::login_host_redirected, journey::show_requests},
    {"POST", "/manage/requests/withdraw", On::login_host, journey::withdraw_request,
     BodySize::form},
    {"GET", "/manage/queue", On::login_host_redirected, journey::show_queue},
    {"POST", "/manage/queue", On::login_host, journey::decide, BodySize::form},
    {"GET", "/manage/queue/request", On::login_host_redirected, journey::show_request},
    {"POST", "/manage/queue/request", On::login_host, journey::decide_request, BodySize::form},
};

void say_closed(Log& log, const IdentityProvider& idp, const std::string& why) {
  journey::LogLine line("company closed");
  line.add("code", journey::kCompanyClosed.name).add("idp", idp.name).add("why", why);
  log.write(LogLevel::error, line.text());
}

// Of those that are open. Whatever else a company's own data is the cause of closes that company,
// and not the gate.
template <class Verifier>
std::vector<std::unique_ptr<const Verifier>> make_verifiers(const Settings& settings, Log& log) {
  std::vector<std::unique_ptr<const Verifier>> verifiers;
  for (const IdentityProvider& idp : settings.identity_providers) {
    if (!idp.closed.empty()) continue;
    try {
      verifiers.push_back(std::make_unique<Verifier>(settings.service_provider, idp));
    } catch (const std::exception& error) {
      say_closed(log, idp, error.what());
    }
  }
  return verifiers;
}

void say_closed(Log& log, const Settings& settings) {
  for (const IdentityProvider& idp : settings.identity_providers) {
    if (!idp.closed.empty()) say_closed(log, idp, idp.closed);
  }
}

Result<std::string> make_metadata(const Settings& settings, Log& log) {
  std::vector<const IdentityProvider*> idps;
  for (const IdentityProvider& idp : settings.identity_providers) idps.push_back(&idp);
  auto metadata =
      saml::build_sp_metadata(settings.service_provider, idps, settings.pages.product_name);
  if (!metadata) {
    log.write(LogLevel::error, "our own metadata is not served: " + metadata.failure().detail);
  }
  return metadata;
}

Response wrong_method(Context& context, const RequestHead& head, const char* allow) {
  Response response =
      journey::refuse(context, head, 405, {Code{"method_not_allowed"}, std::string(head.method)});
  response.headers.emplace_back("Allow", allow);
  return response;
}

Task<Response> answer_at_once(Response response) {
  co_return response;
}

static_assert(max_bytes(BodySize::large) == kMaxBodyBytes);

// Of a page below the prefix.
BodySize page_body(const RequestHead& head, std::string_view page, bool is_login_host) {
  for (const Route& route : kRoutes) {
    if (route.page != page || route.method != head.method) continue;
    if (route.on != On::every_host && !is_login_host) return BodySize::none;
    // Who never had a session here has no long list that could be lost.
    const bool is_signed_in = session_token(head.headers.cookie).has_value();
    return is_signed_in ? route.body : std::min(route.body, BodySize::form);
  }
  return BodySize::none;
}

}  // namespace

BodySize body_size(const Settings& settings, const RequestHead& head) {
  const auto& sp = settings.service_provider;
  const Origin* origin = journey::origin_named(sp, head.headers.host);
  if (origin == nullptr) return BodySize::none;
  const bool is_login_host = origin->text == sp.origin.text;
  const bool is_post = head.method == "POST";
  if (head.path == sp.acs_path && is_login_host) return is_post ? BodySize::large : BodySize::none;
  if (head.path == sp.slo_path && is_login_host) return is_post ? BodySize::large : BodySize::none;
  if (!head.path.starts_with(sp.pages_prefix)) return BodySize::none;
  const std::string_view page = head.path.substr(sp.pages_prefix.size());
  if (!page.starts_with("/scim/")) return page_body(head, page, is_login_host);
  const bool brings_body = is_post || head.method == "PUT" || head.method == "PATCH";
  const bool has_token = scim::bearer_token(head.headers.authorization).has_value();
  return is_login_host && brings_body && has_token ? BodySize::large : BodySize::none;
}

class Site::Implementation {
 public:
  Implementation(const std::shared_ptr<const Settings>& settings,
                 std::shared_ptr<const pages::Renderer> pages, Ports ports, SessionLookup lookup)
      : context_{settings,
                 *settings,
                 ports,
                 std::move(lookup),
                 crypto::Sealer(settings->sessions.cookie_keys),
                 session::Mints(settings->sessions.cookie_keys),
                 std::move(pages),
                 make_verifiers<saml::ResponseVerifier>(*settings, ports.log),
                 make_verifiers<saml::LogoutVerifier>(*settings, ports.log),
                 make_metadata(*settings, ports.log)} {
    say_closed(ports.log, *settings);
  }

  [[nodiscard]] bool owns(std::string_view path) const {
    const auto& sp = context_.settings.service_provider;
    if (path == sp.acs_path || path == sp.slo_path) return true;
    if (!path.starts_with(sp.pages_prefix)) return false;
    return path.size() == sp.pages_prefix.size() || path[sp.pages_prefix.size()] == '/';
  }

  Task<Response> route(Request request) {
    const RequestHead& head = request.head();
    const Origin* origin = context_.origin_of(head.headers.host);
    if (origin == nullptr) {
      return answer_at_once(journey::refuse(
          context_, head, 421,
          {Code{"unknown_host"}, "add this origin to service_provider.apps: " +
                                     std::string(head.headers.host.substr(0, 200))}));
    }
    const std::string_view method = head.method == "HEAD" ? "GET" : head.method;
    const auto& sp = context_.settings.service_provider;
    const bool is_login_host = origin->text == sp.origin.text;
    if (head.path == sp.acs_path && is_login_host) {
      // A bookmark or the Back button of somebody who only wants to sign in.
      const bool brings_artifact = head.method == "GET" && journey::brings_artifact(head);
      if (method == "GET" && !brings_artifact) {
        return answer_at_once(journey::redirect(303, context_.path("/sign-in") + "?notice=stale"));
      }
      if (method != "POST" && !brings_artifact) {
        return answer_at_once(wrong_method(context_, head, "POST"));
      }
      return journey::consume_response(Exchange{context_, std::move(request), *origin});
    }
    if (head.path == sp.slo_path && is_login_host) {
      if (method != "GET" && method != "POST") {
        return answer_at_once(wrong_method(context_, head, "GET, HEAD, POST"));
      }
      return journey::single_logout(Exchange{context_, std::move(request), *origin});
    }
    const std::string_view page = head.path.starts_with(sp.pages_prefix)
                                      ? head.path.substr(sp.pages_prefix.size())
                                      : std::string_view{};
    constexpr std::string_view kAssets = "/assets/";
    if (method == "GET" && page.starts_with(kAssets)) {
      return answer_at_once(context_.renderer->asset(page.substr(kAssets.size())));
    }
    if (method == "GET" && (page.empty() || page == "/") && head.path != sp.acs_path &&
        head.path != sp.slo_path) {
      return answer_at_once(journey::redirect(302, context_.path("/sign-in")));
    }
    if (page.starts_with("/scim/") && is_login_host) {
      return journey::serve_scim(Exchange{context_, std::move(request), *origin});
    }
    return route_page(page, method, is_login_host, *origin, std::move(request));
  }

  Context& context() { return context_; }

 private:
  [[nodiscard]] Response to_login_host(const RequestHead& head) const {
    std::string url = context_.login_origin().text + std::string(head.path);
    if (!head.query.empty()) url += "?" + std::string(head.query);
    return journey::redirect(302, std::move(url));
  }

  Task<Response> route_page(std::string_view page, std::string_view method, bool is_login_host,
                            const Origin& origin, Request request) {
    const Route* other_method = nullptr;
    for (const Route& route : kRoutes) {
      if (route.page != page) continue;
      if (route.on != On::every_host && !is_login_host) {
        if (route.on != On::login_host_redirected || method != route.method) continue;
        return answer_at_once(to_login_host(request.head()));
      }
      if (route.method == method) return route.step(Exchange{context_, std::move(request), origin});
      other_method = &route;
    }
    if (other_method != nullptr) {
      return answer_at_once(wrong_method(context_, request.head(),
                                         other_method->method == "GET" ? "GET, HEAD" : "POST"));
    }
    return answer_at_once(
        journey::refuse(context_, request.head(), 404, {Code{"no_such_page"}, ""}));
  }

  Context context_;
};

Site::Site(const std::shared_ptr<const Settings>& settings,
           std::shared_ptr<const pages::Renderer> pages, Ports ports, SessionLookup lookup) {
  saml::initialize();
  implementation_ =
      std::make_unique<Implementation>(settings, std::move(pages), ports, std::move(lookup));
}

Site::~Site() = default;

bool Site::owns(std::string_view path) const {
  return implementation_->owns(path);
}

Task<Response> Site::handle(Request request) {
  return implementation_->route(std::move(request));
}

const Origin* Site::origin_of(std::string_view host) const {
  return implementation_->context().origin_of(host);
}

Response Site::turn_away(Outcome outcome, const RequestHead& request, const SessionView* session,
                         const Requirement& requirement) {
  return journey::turn_away(implementation_->context(), outcome, request, session, requirement);
}

Response Site::unavailable(const RequestHead& request, const Failure& failure) {
  return journey::unavailable(implementation_->context(), request, failure);
}

Response Site::refuse(const RequestHead& request, int status, const Failure& failure) {
  return journey::refuse(implementation_->context(), request, status, failure);
}

bool Site::has_made(std::string_view token) {
  return implementation_->context().mints.sessions.has_made(token);
}

Task<Result<std::string>> Site::load_session(TokenHash hash) {
  const Settings& settings = implementation_->context().settings;
  return store::load_session(implementation_->context().ports.database, hash,
                             settings.sessions.idle_timeout, settings.access.levels);
}

}  // namespace anteroom
