#include "journey/scim/scim.h"

#include "anteroom/gate.h"
#include "companies/company_source.h"
#include "http/form.h"
#include "journey/frame/respond.h"
#include "scim/codes.h"
#include "scim/discovery.h"
#include "scim/request.h"
#include "text/ascii.h"

namespace anteroom::journey {

namespace {

constexpr std::string_view kPrefix = "/scim/v2/";

struct Address {
  std::string company, resource, id;
};

// Of "/scim/v2/COMPANY/RESOURCE/ID". An ID may hold slashes and colons: it is compared, not opened.
Address address_of(const Context& context, std::string_view path) {
  path.remove_prefix(context.settings.service_provider.pages_prefix.size());
  Address address;
  if (!path.starts_with(kPrefix)) return address;
  path.remove_prefix(kPrefix.size());
  for (std::string* part : {&address.company, &address.resource}) {
    const auto slash = path.find('/');
    *part = path.substr(0, slash);
    path = slash == std::string_view::npos ? std::string_view{} : path.substr(slash + 1);
  }
  address.id = path;
  return address;
}

// The failure's detail is for whoever reads the directory's log; the number leads to ours.
Response refusal(Context& context, const RequestHead& head, const Failure& failure, int status,
                 std::string_view idp) {
  const std::string reference = note_refusal(context, head, failure, status, idp);
  const std::string detail = failure.detail + " (reference " + reference + ")";
  return scim_answer(status, scim::write_error(status, failure.code, detail));
}

Response failure_answer(Context& context, const RequestHead& head, const Failure& failure,
                        std::string_view idp) {
  const int status =
      failure.code == code::kDatabaseRefused || failure.code == code::kInternal ? 500 : 503;
  const std::string reference = note_refusal(context, head, failure, status, idp);
  Response response = scim_answer(
      status, scim::write_error(status, failure.code,
                                "Please try again later. (reference " + reference + ")"));
  response.headers.emplace_back("Retry-After", "5");
  return response;
}

Response no_token(Context& context, const RequestHead& head, std::string_view company) {
  Response response =
      refusal(context, head, {code::kScimToken, "The token is missing or is not valid here."}, 401,
              company);
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

// nullopt: the token may be good. What is made up costs nothing but, once in ten seconds, a look at
// all tokens.
Task<std::optional<Response>> turn_unknown_away(Exchange& exchange, const IdentityProvider& idp,
                                                const TokenHash& token, bool has_mac) {
  Context& context = exchange.context;
  switch (context.scim_tokens.look_for({idp.name, token}, has_mac, context.now())) {
    case TokenGuard::Answer::known:
      co_return std::nullopt;
    case TokenGuard::Answer::unknown:
      co_return no_token(context, exchange.head(), idp.name);
    case TokenGuard::Answer::wait:
      co_return failure_answer(context, exchange.head(),
                               {anteroom::code::kOverloaded, "the tokens are being read"},
                               idp.name);
    case TokenGuard::Answer::ask:
      break;
  }
  Result<std::vector<store::ScimTokenKey>> tokens =
      co_await store::scim_token_keys(context.ports.database);
  if (!tokens) {
    context.scim_tokens.learn(std::nullopt);
    co_return failure_answer(context, exchange.head(), tokens.failure(), idp.name);
  }
  context.scim_tokens.learn(std::move(*tokens));
  co_return std::nullopt;
}

// What this server can do: ServiceProviderConfig, ResourceTypes, Schemas.
Response discovery(const ScimExchange& scim) {
  const std::string resource = scim.resource + (scim.id.empty() ? "" : "/" + scim.id);
  auto document = scim::write_discovery(resource, scim.base);
  if (!document) return scim_not_found();
  if (scim.method() != "GET" && scim.method() != "HEAD") {
    return scim_wrong_method(scim, "GET, HEAD");
  }
  return scim_answer(200, std::move(*document));
}

}  // namespace

// Clients write the names of resources in either case.
Task<Response> serve_scim(ScimExchange scim) {
  constexpr std::string_view kSearch = ".search";
  const bool is_users = text::equals_ignoring_case(scim.resource, "Users");
  const bool is_groups = text::equals_ignoring_case(scim.resource, "Groups");
  const bool is_search = (scim.resource == kSearch && scim.id.empty()) ||
                         ((is_users || is_groups) && scim.id == kSearch);
  if (!is_users && !is_groups && !is_search) co_return discovery(scim);
  if (scim::brings_body(scim.method()) &&
      !scim::is_json(scim.exchange.head().headers.content_type)) {
    co_return scim_refusal(scim,
                           {code::kScimContentType, "Content-Type must be application/scim+json."});
  }
  Task<Response> answer = is_search  ? scim_search(std::move(scim))
                          : is_users ? scim_users(std::move(scim))
                                     : scim_groups(std::move(scim));
  co_return co_await answer;
}

Task<std::variant<Response, ScimExchange>> admit_directory(Exchange exchange) {
  Context& context = exchange.context;
  Address address = address_of(context, exchange.head().path);
  const IdentityProvider* idp = exchange.companies->by_name(address.company);
  const auto token = scim::bearer_token(exchange.head().headers.authorization);
  const auto hash = token ? hash_token(*token) : std::nullopt;
  if (hash && !context.is_settled(idp)) {
    co_return failure_answer(context, exchange.head(), companies::not_known_yet(), "");
  }
  if (idp == nullptr || !hash) co_return no_token(context, exchange.head(), idp ? idp->name : "");
  const bool has_mac =
      context.mints.directories.has_made(token->substr(scim::kTokenPrefix.size()), idp->name);
  auto turning = turn_unknown_away(exchange, *idp, *hash, has_mac);
  std::optional<Response> turned_away = co_await turning;
  if (turned_away) co_return std::move(*turned_away);
  std::string client(exchange.head().client_address);
  Result<bool> is_known =
      co_await store::scim_authenticate(context.ports.database, idp->name, *hash, client);
  if (!is_known) co_return failure_answer(context, exchange.head(), is_known.failure(), idp->name);
  if (!*is_known) {
    context.scim_tokens.forget({idp->name, *hash});
    co_return no_token(context, exchange.head(), idp->name);
  }

  co_return ScimExchange{std::move(exchange), *idp,
                         scim::endpoint_of(context.settings.service_provider, idp->name),
                         std::move(address.resource), std::move(address.id)};
}

scim::Projection scim_projection(const ScimExchange& scim) {
  const auto form = http::Form::parse(scim.exchange.head().query);
  if (!form) return {};
  return {form->get("attributes"), form->get("excludedAttributes")};
}

Failure no_own_address(const IdentityProvider& idp) {
  return {code::kScimInvalidValue,
          "The work email, or without one the userName, must be an address at " +
              text::joined(idp.domains) + "."};
}

Response scim_answer(int status, std::string body) {
  return {status,
          {{"Content-Type", "application/scim+json"},
           {"Cache-Control", "no-store"},
           {"X-Content-Type-Options", "nosniff"}},
          std::move(body)};
}

Task<Response> scim_written(const ScimExchange& scim, int status, bool is_big,
                            std::function<std::string()> write) {
  auto writing = or_failure(
      scim, scim_work<std::string>(scim.exchange.context.ports.worker, is_big, std::move(write)));
  std::string body = co_await writing;
  co_return scim_answer(status, std::move(body));
}

Response scim_created(std::string location, std::string body) {
  Response response = scim_answer(201, std::move(body));
  response.headers.emplace_back("Location", std::move(location));
  return response;
}

Response scim_no_content() {
  return {204, {{"Cache-Control", "no-store"}}, ""};
}

Response scim_refusal(const ScimExchange& scim, const Failure& failure) {
  return refusal(scim.exchange.context, scim.exchange.head(), failure,
                 scim::status_of(failure.code), scim.idp.name);
}

Response scim_not_found() {
  return scim_answer(404, scim::write_error(404, code::kScimNotFound, "There is no such thing."));
}

Response ScimFailure::operator()(const Failure& failure) const {
  return failure_answer(scim.exchange.context, scim.exchange.head(), failure, scim.idp.name);
}

Response scim_wrong_method(const ScimExchange& scim, const char* allow) {
  Response response = scim_refusal(scim, {code::kScimMethod, "This cannot be done here."});
  response.headers.emplace_back("Allow", allow);
  return response;
}

Response scim_outcome_refusal(const ScimExchange& scim, store::ScimOutcome outcome) {
  switch (outcome) {
    case store::ScimOutcome::exists:
      return scim_refusal(scim, {code::kScimUniqueness,
                                 "There is another resource with this userName, address or "
                                 "displayName."});
    case store::ScimOutcome::pinned:
      return scim_refusal(scim, {code::kScimUniqueness,
                                 "Somebody who signs in with another company has this address. "
                                 "Please ask the service's support."});
    case store::ScimOutcome::no_address:
      return scim_refusal(scim, no_own_address(scim.idp));
    case store::ScimOutcome::no_member:
      return scim_refusal(
          scim, {code::kScimInvalidValue, "members must hold the ids of Users that there are."});
    default:
      return scim_not_found();
  }
}

}  // namespace anteroom::journey
