#include "anteroom/site.h"

#include <stdexcept>
#include <utility>

#include "anteroom/bodies.h"
#include "anteroom/companies.h"
#include "anteroom/gate.h"
#include "companies/company_source.h"
#include "journey/frame/log_line.h"
#include "journey/frame/origin.h"
#include "journey/frame/respond.h"
#include "journey/frame/turn_away.h"
#include "journey/routes.h"

namespace anteroom {

namespace {

using journey::Context;
using journey::Exchange;

// Companies in use at once in one worker. One more than that costs a millisecond at its next
// message.
constexpr std::size_t kMostVerifiers = 500;

// What was not so `before`, or all of it where there is none.
void say_closed(Log& log, const CompanyDirectory& companies, const CompanyDirectory* before) {
  for (const auto& company : companies.all()) {
    const IdentityProvider* known = before == nullptr ? nullptr : before->by_name(company->name);
    const bool is_said = known != nullptr && known->closed == company->closed;
    if (company->closed.empty() || company->closed == kSuspended || is_said) continue;
    journey::log_closed(log, *company, company->closed);
  }
}

Result<std::string> metadata_of(const Settings& settings, const CompanyDirectory& companies) {
  std::vector<const IdentityProvider*> idps;
  for (const auto& company : companies.all()) idps.push_back(company.get());
  return saml::build_sp_metadata(settings.service_provider, idps, settings.pages.product_name);
}

Result<std::string> make_metadata(const Settings& settings, const CompanyDirectory& companies,
                                  Log& log) {
  auto metadata = metadata_of(settings, companies);
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
  Implementation(const std::shared_ptr<const Settings>& settings, const FirstCompanies& companies,
                 std::shared_ptr<const pages::Renderer> pages, Ports ports, SessionLookup lookup)
      : kept_at_(companies.kept ? std::optional(companies.kept->kept_at) : std::nullopt),
        source_(settings, companies, ports),
        verifiers_(saml::OwnKeys(settings->service_provider), kMostVerifiers),
        context_{{settings, *settings, ports.clock, ports.back_channel, verifiers_},
                 companies.directory,
                 *settings,
                 ports,
                 std::move(lookup),
                 crypto::Sealer(settings->sessions.cookie_keys),
                 session::Mints(settings->sessions.cookie_keys),
                 std::move(pages),
                 make_metadata(*settings, *companies.directory, ports.log)} {
    say_closed(ports.log, *context_.companies, nullptr);
  }

  Task<Status> refresh_companies() {
    is_first_refresh_ = !has_refreshed_;
    if (is_first_refresh_) context_.knows_companies = false;
    has_refreshed_ = true;
    const auto before = source_.current();
    Task<Status> refreshing = source_.refresh();
    const Status status = co_await refreshing;
    if (status) context_.knows_companies = true;
    if (source_.current() != before) {
      Task<Done> publishing = publish();
      co_await publishing;
    }
    is_first_refresh_ = false;
    for (const auto& known : std::exchange(waiting_, {})) known(Done{});
    co_return status;
  }

  Task<Response> route(Request request) {
    const RequestHead& head = request.head();
    const Origin* origin = context_.origin_of(head.headers.host);
    if (origin == nullptr) return answer_at_once(unknown_host(head));
    const auto& sp = context_.settings.service_provider;
    const journey::Match found = journey::match(sp, head, origin->text == sp.origin.text);
    if (found.is_elsewhere) return answer_at_once(to_login_host(head));
    if (found.route != nullptr) {
      const auto waits = kept_at_ ? journey::looks_for_company : journey::needs_companies;
      return is_first_refresh_ && waits(*found.route, head)
                 ? enter_when_known(*found.route, std::move(request), *origin)
                 : journey::enter(*found.route, Exchange{context_, std::move(request), *origin});
    }
    if (!found.allow.empty()) return answer_at_once(wrong_method(context_, head, found.allow));
    return answer_at_once(journey::refuse(context_, head, 404, {Code{"no_such_page"}, ""}));
  }

  Context& context() { return context_; }
  [[nodiscard]] bool has_to_keep(Time now) const { return source_.has_to_keep(now); }
  [[nodiscard]] CompaniesKnown companies_known() const {
    if (context_.knows_companies || is_first_refresh_) return {};
    return {kept_at_ ? CompaniesKnown::How::as_kept : CompaniesKnown::How::not_at_all, kept_at_};
  }

 private:
  Task<Response> enter_when_known(const journey::Route& route, Request request,
                                  const Origin& origin) {
    Callback<Done> wait(
        [this](std::function<void(Done)> known) { waiting_.push_back(std::move(known)); });
    co_await wait;
    Task<Response> answering =
        journey::enter(route, Exchange{context_, std::move(request), origin});
    co_return co_await answering;
  }

  // Our own metadata says what companies are asked for.
  Task<Done> publish() {
    std::function<Result<std::string>()> make = [settings = context_.checking.settings_owner,
                                                 companies = source_.current()] {
      return metadata_of(*settings, *companies);
    };
    const auto made = co_await offload<Result<std::string>>(context_.ports.worker, std::move(make));
    if (made) context_.metadata = *made;
    say_closed(context_.ports.log, *source_.current(), context_.companies.get());
    context_.companies = source_.current();
    co_return Done{};
  }

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

  std::optional<Time> kept_at_;  ///< of what it began with; none: with nothing
  companies::CompanySource source_;
  companies::VerifierCache verifiers_;
  Context context_;
  bool has_refreshed_ = false;
  bool is_first_refresh_ = false;  // under way
  std::vector<std::function<void(Done)>> waiting_;
};

Site::Site(const std::shared_ptr<const Settings>& settings, const FirstCompanies& companies,
           std::shared_ptr<const pages::Renderer> pages, Ports ports, SessionLookup lookup) {
  saml::initialize();
  implementation_ = std::make_unique<Implementation>(settings, companies, std::move(pages), ports,
                                                     std::move(lookup));
}

Site::~Site() = default;

Task<Response> Site::handle(Request request) {
  return implementation_->route(std::move(request));
}

Task<Status> Site::refresh_companies() {
  return implementation_->refresh_companies();
}

bool Site::has_to_keep_companies(Time now) const {
  return implementation_->has_to_keep(now);
}

CompaniesKnown Site::companies_known() const {
  return implementation_->companies_known();
}

std::shared_ptr<const CompanyDirectory> Site::companies() const {
  return implementation_->context().companies;
}

const Origin* Site::origin_of(std::string_view host) const {
  return implementation_->context().origin_of(host);
}

Response Site::turn_away(Outcome outcome, const RequestHead& request, const SessionView* session,
                         const Requirement& requirement, const store::PropertyNames& names) {
  return journey::turn_away(implementation_->context(), outcome, request, session, requirement,
                            names);
}

Task<store::PropertyNames> Site::names_for_refusal(const SessionView& session,
                                                   const Requirement& requirement) {
  Context& context = implementation_->context();
  return journey::names_for_refusal(
      context, journey::keys_for_refusal(context.settings.access, session.fields(), requirement));
}

Response Site::unavailable(const RequestHead& request, const Failure& failure) {
  return journey::unavailable(implementation_->context(), request, failure);
}

Response Site::refuse(const RequestHead& request, int status, const Failure& failure) {
  return journey::refuse(implementation_->context(), request, status, failure);
}

}  // namespace anteroom
