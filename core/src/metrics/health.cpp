#include <nlohmann/json.hpp>

#include "anteroom/metrics.h"
#include "anteroom/site.h"
#include "text/instant.h"

namespace anteroom::metrics {

namespace {

using Json = nlohmann::ordered_json;

Response answer(int status, const Json& body) {
  return {status,
          {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"};
}

// What keeps this node from letting in anybody whom it does not know already.
Json failures(const Condition& condition) {
  Json failed = Json::array();
  if (!condition.has_started) {
    failed.push_back({{"what", "worker_not_started"}});
    return failed;
  }
  switch (condition.database) {
    case DatabaseState::not_asked:
      failed.push_back({{"what", "database_not_reached_yet"}});
      break;
    case DatabaseState::unreachable:
      failed.push_back({{"what", "database_unreachable"}});
      break;
    case DatabaseState::schema_too_old:
      failed.push_back({{"what", "schema_too_old"},
                        {"found", condition.schema_version},
                        {"needed", kSchemaVersion}});
      break;
    case DatabaseState::reachable:
      if (condition.is_pool_down) failed.push_back({{"what", "database_unreachable"}});
  }
  return failed;
}

const char* name_of_expired(Expiry::What what) {
  switch (what) {
    case Expiry::What::idp_signing:
      return "idp_certificate_expired";
    case Expiry::What::idp_metadata:
      return "idp_metadata_expired";
    case Expiry::What::own_signing:
      return "own_signing_certificate_expired";
    case Expiry::What::own_decryption:
      return "own_decryption_certificate_expired";
  }
  return "";
}

// What some people notice.
Json degradations(const Condition& condition) {
  Json degraded = Json::array();
  if (!condition.has_started) return degraded;
  if (!condition.is_listening) degraded.push_back({{"what", "not_listening"}});
  switch (condition.companies.how) {
    case CompaniesKnown::How::from_database:
      break;
    case CompaniesKnown::How::as_kept:
      degraded.push_back(
          {{"what", "companies_as_kept"},
           {"kept_at", text::format_instant(condition.companies.kept_at.value_or(Time{}))}});
      break;
    case CompaniesKnown::How::not_at_all:
      degraded.push_back({{"what", "companies_unknown"}});
  }
  if (condition.schema_version > kSchemaVersion) {
    degraded.push_back({{"what", "schema_newer"},
                        {"found", condition.schema_version},
                        {"needed", kSchemaVersion}});
  }
  for (const Expiry& one : condition.expiries) {
    if (condition.now < one.at) continue;
    Json expired{{"what", name_of_expired(one.what)}};
    if (!one.idp.empty()) expired["idp"] = one.idp;
    if (!one.fingerprint.empty()) expired["certificate"] = one.fingerprint;
    degraded.push_back(std::move(expired));
  }
  return degraded;
}

}  // namespace

Response ready(const Condition& condition) {
  const Json failed = failures(condition);
  const Json degraded = degradations(condition);
  const char* status = "ready";
  if (!failed.empty()) {
    status = "unavailable";
  } else if (!degraded.empty()) {
    status = "degraded";
  }
  return answer(failed.empty() ? 200 : 503,
                {{"status", status}, {"failed", failed}, {"degraded", degraded}});
}

Response live() {
  return answer(200, {{"status", "live"}});
}

}  // namespace anteroom::metrics
