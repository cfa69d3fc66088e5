// What the steps of a directory's request share.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "anteroom/scim.h"
#include "journey/frame/context.h"
#include "scim/request.h"

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

/// Bodies and answers beyond this are read and written by the worker: what the event loop does for
/// one request stays well below 5 ms.
inline constexpr std::size_t kInlineBytes = 16u << 10;
inline constexpr std::size_t kInlineResources = 20;  // of a list
inline constexpr std::size_t kInlineMembers = 200;   // of a group

/// `work` now, or by the worker where `is_big`. It owns what it works on.
template <class T>
Task<Result<T>> scim_work(Worker& worker, bool is_big, std::function<T()> work) {
  if (!is_big) co_return work();
  Task<Result<T>> away = offload<T>(worker, std::move(work));
  co_return co_await away;
}

/// What `read` makes of the body.
template <class T>
Task<Result<T>> scim_read(const ScimExchange& scim, T (*read)(std::string_view body)) {
  const std::string& body = scim.body();
  return scim_work<T>(
      scim.exchange.context.ports.worker, body.size() > kInlineBytes,
      [read, owned = std::make_shared<const std::string>(body)] { return read(*owned); });
}

/// An answer whose body `write` makes.
Task<Response> scim_written(const ScimExchange& scim, int status, bool is_big,
                            std::function<std::string()> write);

/// The request with its company, or the answer to whoever has no token of it.
Task<std::variant<Response, ScimExchange>> admit_directory(Exchange exchange);

/// A company's directory, below PREFIX/scim/v2/ (RFC 7644): bearer token, no cookie.
Task<Response> serve_scim(ScimExchange exchange);

Task<Response> scim_users(ScimExchange exchange);
Task<Response> scim_groups(ScimExchange exchange);
/// POST to "/.search", "/Users/.search" or "/Groups/.search" (RFC 7644, 3.4.3).
Task<Response> scim_search(ScimExchange exchange);

enum class ScimKinds { users, groups, both };
/// A list of what is asked for; of both, Users come first.
Task<Response> scim_list(ScimExchange exchange, ScimKinds kinds, scim::Asked asked);

/// The attributes that the answer is to have (RFC 7644, 3.9).
scim::Projection scim_projection(const ScimExchange& exchange);

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
/// Ends a step with 503 where the database is away, 500 where it says no:
/// `auto found = co_await or_failure(scim, store::scim_find_users(...));`
struct ScimFailure {
  const ScimExchange& scim;
  Response operator()(const Failure& failure) const;
};
template <class T>
auto or_failure(const ScimExchange& scim, Task<Result<T>> asking) {
  return OrElse<T, Response, ScimFailure>(std::move(asking), ScimFailure{scim});
}

/// 405
Response scim_wrong_method(const ScimExchange& exchange, const char* allow);
/// What comes of writing, other than done.
Response scim_outcome_refusal(const ScimExchange& exchange, store::ScimOutcome outcome);

}  // namespace anteroom::journey
