#include <algorithm>

#include "anteroom/saml.h"
#include "journey/scim/scim.h"
#include "scim/codes.h"
#include "scim/request.h"
#include "scim/users.h"
#include "text/uuid.h"

namespace anteroom::journey {

namespace {

// Empty unless it is an address in one of the company's domains.
std::string own_address(const IdentityProvider& idp, const std::string& text) {
  const auto email = saml::canonical_email(text);
  if (!email) return "";
  const std::string_view domain = saml::email_domain(*email);
  const bool is_own =
      std::find(idp.domains.begin(), idp.domains.end(), domain) != idp.domains.end();
  return is_own ? *email : "";
}

// Where no work email is given: another address, if it is the company's own.
void take_other_email(const IdentityProvider& idp, scim::UserChange& change) {
  if (change.work_email && !change.work_email->empty()) return;
  const auto own =
      std::find_if(change.other_emails.begin(), change.other_emails.end(),
                   [&](const std::string& email) { return !own_address(idp, email).empty(); });
  if (own != change.other_emails.end()) change.work_email = *own;
}

// A user name may be anything; with a work email of another company nobody could sign in.
Status set_addresses(const IdentityProvider& idp, scim::UserChange& change) {
  take_other_email(idp, change);
  if (change.user_name) change.user_name_address = own_address(idp, *change.user_name);
  if (!change.work_email) return Done{};
  change.work_address = own_address(idp, *change.work_email);
  if (!change.work_email->empty() && change.work_address->empty()) return no_own_address(idp);
  return Done{};
}

Task<Response> list_users(ScimExchange scim) {
  auto asked = scim::read_query(scim.exchange.head().query);
  if (!asked) co_return scim_refusal(scim, asked.failure());
  Task<Response> list = scim_list(std::move(scim), ScimKinds::users, std::move(*asked));
  co_return co_await list;
}

std::string written(const ScimExchange& scim, const scim::User& user) {
  return scim::write_user(user, scim.base, scim_projection(scim));
}

Task<Response> show_user(ScimExchange scim) {
  scim::UserQuery query;
  query.id = scim.id;
  const scim::Page page;
  store::ScimCompany company = scim.company();
  auto found = co_await or_failure(
      scim, store::scim_find_users(scim.database(), std::move(company), query, page));
  if (found.items.empty()) co_return scim_not_found();
  co_return scim_answer(200, written(scim, found.items[0]));
}

Task<Response> create_user(ScimExchange scim) {
  Result<scim::UserChange> user = co_await or_failure(scim, scim_read(scim, scim::read_new_user));
  if (!user) co_return scim_refusal(scim, user.failure());
  const Status is_own = set_addresses(scim.idp, *user);
  if (!is_own) co_return scim_refusal(scim, is_own.failure());
  store::ScimCompany company = scim.company();
  auto created = co_await or_failure(
      scim, store::scim_create_user(scim.database(), std::move(company), *user));
  if (created.outcome != store::ScimOutcome::done) {
    co_return scim_outcome_refusal(scim, created.outcome);
  }
  const scim::User& made = created.resource;
  co_return scim_created(scim.base + "/Users/" + made.id, written(scim, made));
}

// Whoever is to be turned off is, whatever else is wrong with the request; the directory hears of
// that all the same.
Task<Response> refuse_change(ScimExchange scim, bool turns_off, Response refusal) {
  if (turns_off) {
    store::ScimCompany company = scim.company();
    scim::UserChange off;
    off.is_active = false;
    co_await or_failure(scim,
                        store::scim_change_user(scim.database(), std::move(company), scim.id, off));
  }
  co_return refusal;
}

Task<Response> change_user(ScimExchange scim) {
  auto read =
      co_await or_failure(scim, scim_read(scim, scim.method() == "PUT" ? scim::read_user_replacement
                                                                       : scim::read_user_patch));
  Result<scim::UserChange>& change = read.change;
  const bool turns_off = read.turns_off;
  if (!change) {
    Response refusal = scim_refusal(scim, change.failure());
    Task<Response> refused = refuse_change(std::move(scim), turns_off, std::move(refusal));
    co_return co_await refused;
  }
  const Status is_own = set_addresses(scim.idp, *change);
  if (!is_own) {
    Response refusal = scim_refusal(scim, is_own.failure());
    Task<Response> refused = refuse_change(std::move(scim), turns_off, std::move(refusal));
    co_return co_await refused;
  }
  store::ScimCompany company = scim.company();
  auto changed = co_await or_failure(
      scim, store::scim_change_user(scim.database(), std::move(company), scim.id, *change));
  if (changed.outcome != store::ScimOutcome::done) {
    Response refusal = scim_outcome_refusal(scim, changed.outcome);
    Task<Response> refused = refuse_change(std::move(scim), turns_off, std::move(refusal));
    co_return co_await refused;
  }
  co_return scim_answer(200, written(scim, changed.resource));
}

Task<Response> delete_user(ScimExchange scim) {
  store::ScimCompany company = scim.company();
  auto deleted = co_await or_failure(
      scim, store::scim_delete_user(scim.database(), std::move(company), scim.id));
  co_return deleted ? scim_no_content() : scim_not_found();
}

Task<Response> at_once(Response response) {
  co_return response;
}

}  // namespace

Task<Response> scim_users(ScimExchange scim) {
  const std::string_view method = scim.method();
  if (scim.id.empty()) {
    if (method == "GET" || method == "HEAD") return list_users(std::move(scim));
    if (method == "POST") return create_user(std::move(scim));
    return at_once(scim_wrong_method(scim, "GET, HEAD, POST"));
  }
  if (!text::is_uuid(scim.id)) return at_once(scim_not_found());
  if (method == "GET" || method == "HEAD") return show_user(std::move(scim));
  if (method == "PUT" || method == "PATCH") return change_user(std::move(scim));
  if (method == "DELETE") return delete_user(std::move(scim));
  return at_once(scim_wrong_method(scim, "GET, HEAD, PUT, PATCH, DELETE"));
}

}  // namespace anteroom::journey
