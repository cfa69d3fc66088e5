// What the steps of a directory's request share.
#pragma once

#include <string>
#include <string_view>

#include "anteroom/scim.h"
#include "journey/context.h"

namespace anteroom::journey {

/// A request whose token is one of the company's.
struct ScimExchange {
  Exchange exchange;
  const IdentityProvider& idp;
  std::string base;      ///< URL of the company's endpoint
  std::string resource;  ///< "Users", "Groups", …
  std::string id;        ///< what stands behind it, may be empty

  [[nodiscard]] store::ScimCompany company() const { return store::scim_company_of(idp); }
  [[nodiscard]] store::ScimTable table() const {
    return store::scim_table_of(idp, exchange.context.settings.access);
  }
  [[nodiscard]] Database& database() const { return exchange.context.ports.database; }
  [[nodiscard]] std::string_view method() const { return exchange.head().method; }
  [[nodiscard]] const std::string& body() const { return exchange.request.body(); }
};

Task<Response> scim_users(ScimExchange exchange);
Task<Response> scim_groups(ScimExchange exchange);

/// What is wrong with a person who could not sign in with this company.
Failure no_own_address(const IdentityProvider& idp);

/// application/scim+json, no-store.
Response scim_answer(int status, std::string body);
/// 201 with its address.
Response scim_created(std::string location, std::string body);
Response scim_no_content();

/// Logs the failure once with a new reference number; the detail and that number are in the answer.
Response scim_refusal(const ScimExchange& exchange, const Failure& failure);
/// 404; an everyday question of directories, not logged.
Response scim_not_found();
/// 503 where the database is away, 500 where it says no.
Response scim_failure(const ScimExchange& exchange, const Failure& failure);
/// 405
Response scim_wrong_method(const ScimExchange& exchange, const char* allow);
/// What comes of writing, other than done.
Response scim_outcome_refusal(const ScimExchange& exchange, store::ScimOutcome outcome);

}  // namespace anteroom::journey
