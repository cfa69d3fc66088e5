#include "anteroom/site.h"

#include <stdexcept>

#include "anteroom/bodies.h"
#include "anteroom/gate.h"
#include "journey/frame/log_line.h"
#include "journey/frame/origin.h"
#include "journey/frame/respond.h"
#include "journey/frame/turn_away.h"
#include "journey/routes.h"

namespace anteroom {

namespace {

using journey::Context;
using journey::Exchange;

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

Response wrong_method(Context& context, const RequestHead& head, const std::string& allow) {
  Response response =
      journey::refuse(context, head, 405, {Code{"method_not_allowed"}, std::string(head.method)});
  response.headers.emplace_back("Allow", allow);
  return response;
}

Task<Response> answer_at_once(Response response) {
  co_return response;
}

static_assert(max_bytes(BodySize::large) == kMaxBodyBytes);

}  // namespace

BodySize body_size(const Settings& settings, const RequestHead& head) {
  const auto& sp = settings.service_provider;
  const Origin* origin = journey::origin_named(sp, head.headers.host);
  if (origin == nullptr) return BodySize::none;
  const journey::Match found = journey::match(sp, head, origin->text == sp.origin.text);
  const bool is_answered = found.route != nullptr && !found.is_elsewhere;
  return is_answered ? journey::body_size_of(*found.route, head) : BodySize::none;
}

class Site::Implementation {
 public:
  Implementation(const std::shared_ptr<const Settings>& settings,
                 std::shared_ptr<const pages::Renderer> pages, Ports ports, SessionLookup lookup)
      : context_{{settings, *settings, ports.clock, ports.back_channel,
                  make_verifiers<saml::ResponseVerifier>(*settings, ports.log),
                  make_verifiers<saml::LogoutVerifier>(*settings, ports.log)},
                 *settings,
                 ports,
                 std::move(lookup),
                 crypto::Sealer(settings->sessions.cookie_keys),
                 session::Mints(settings->sessions.cookie_keys),
                 std::move(pages),
                 make_metadata(*settings, ports.log)} {
    say_closed(ports.log, *settings);
  }

  Task<Response> route(Request request) {
    const RequestHead& head = request.head();
    const Origin* origin = context_.origin_of(head.headers.host);
    if (origin == nullptr) return answer_at_once(unknown_host(head));
    const auto& sp = context_.settings.service_provider;
    const journey::Match found = journey::match(sp, head, origin->text == sp.origin.text);
    if (found.is_elsewhere) return answer_at_once(to_login_host(head));
    if (found.route != nullptr) {
      return journey::enter(*found.route, Exchange{context_, std::move(request), *origin});
    }
    if (!found.allow.empty()) return answer_at_once(wrong_method(context_, head, found.allow));
    return answer_at_once(journey::refuse(context_, head, 404, {Code{"no_such_page"}, ""}));
  }

  Context& context() { return context_; }

 private:
  [[nodiscard]] Response to_login_host(const RequestHead& head) const {
    std::string url = context_.login_origin().text + std::string(head.path);
    if (!head.query.empty()) url += "?" + std::string(head.query);
    return journey::redirect(302, std::move(url));
  }

  [[nodiscard]] Response unknown_host(const RequestHead& head) {
    return journey::refuse(
        context_, head, 421,
        {Code{"unknown_host"}, "add this origin to service_provider.apps: " +
                                   std::string(head.headers.host.substr(0, 200))});
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

}  // namespace anteroom
