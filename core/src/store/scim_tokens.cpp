#include <algorithm>

#include "anteroom/scim.h"
#include "anteroom/store.h"
#include "crypto/encoding.h"
#include "store/rows.h"

namespace anteroom::store {

namespace {

constexpr Statement kAuthenticate{"scim_authenticate",
                                  "SELECT anteroom.scim_authenticate($1, $2::bytea, $3)"};
constexpr Statement kKeys{"scim_token_keys",
                          "SELECT idp, encode(token_hash, 'hex') FROM anteroom.scim_tokens"};
constexpr Statement kAddToken{"add_scim_token",
                              "SELECT anteroom.add_scim_token($1, $2, $3::bytea, $4)"};
constexpr Statement kListTokens{
    "list_scim_tokens",
    "SELECT idp, name, to_char(created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"'),"
    " created_by, to_char(last_used_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
    " FROM anteroom.scim_tokens ORDER BY idp, created_at, name"};
constexpr Statement kRemoveToken{"remove_scim_token",
                                 "SELECT anteroom.remove_scim_token($1, $2, $3)"};

}  // namespace

Task<Result<std::vector<ScimTokenKey>>> scim_token_keys(Database& database) {
  Params none;
  Result<Rows> result = co_await run(database, kKeys, std::move(none));
  if (!result) co_return result.failure();
  std::vector<ScimTokenKey> keys;
  keys.reserve(result->rows.size());
  for (const auto& row : result->rows) {
    const std::string bytes = crypto::from_hex(text(row, 1)).value_or("");
    ScimTokenKey key{text(row, 0), {}};
    if (bytes.size() != key.hash.size()) {
      co_return Failure{code::kInternal, "a token of another size"};
    }
    std::copy(bytes.begin(), bytes.end(), key.hash.begin());
    keys.push_back(std::move(key));
  }
  co_return keys;
}

Task<Result<bool>> scim_authenticate(Database& database, std::string idp, TokenHash token,
                                     std::string client_address) {
  Params params{std::move(idp), bytea_literal(token), std::move(client_address)};
  Result<Rows> result = co_await run(database, kAuthenticate, std::move(params));
  if (!result) co_return result.failure();
  co_return result->rows.size() == 1 && is_true(result->rows[0], 0);
}

Task<Result<std::optional<std::string>>> add_scim_token(Database& database, std::string idp,
                                                        std::string name, TokenHash token,
                                                        std::string actor) {
  Params params{std::move(idp), std::move(name), bytea_literal(token), std::move(actor)};
  Result<Rows> result = co_await run(database, kAddToken, std::move(params));
  if (!result) co_return result.failure();
  if (result->rows.size() != 1) co_return Failure{code::kInternal, "expected one row"};
  co_return std::optional<std::string>(result->rows[0].at(0));
}

Task<Result<std::vector<ScimToken>>> list_scim_tokens(Database& database) {
  Params none;
  Result<Rows> result = co_await run(database, kListTokens, std::move(none));
  if (!result) co_return result.failure();
  std::vector<ScimToken> tokens;
  for (const auto& row : result->rows) {
    tokens.push_back({text(row, 0), text(row, 1), text(row, 2), text(row, 3), text(row, 4)});
  }
  co_return tokens;
}

Task<Result<bool>> remove_scim_token(Database& database, std::string idp, std::string name,
                                     std::string actor) {
  Params params{std::move(idp), std::move(name), std::move(actor)};
  Result<Rows> result = co_await run(database, kRemoveToken, std::move(params));
  if (!result) co_return result.failure();
  co_return result->rows.size() == 1 && is_true(result->rows[0], 0);
}

}  // namespace anteroom::store
