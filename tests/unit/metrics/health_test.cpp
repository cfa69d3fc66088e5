#include <catch2/catch.hpp>

#include "anteroom/metrics.h"
#include "anteroom/site.h"

using namespace anteroom;
using namespace std::chrono_literals;
using metrics::Condition;
using metrics::DatabaseState;

namespace {

Condition good() {
  Condition condition;
  condition.has_started = true;
  condition.database = DatabaseState::reachable;
  condition.is_listening = true;
  condition.schema_version = kSchemaVersion;
  condition.now = Time(std::chrono::seconds(1'800'000'000));
  return condition;
}

bool says(const Response& response, const std::string& text) {
  return response.body.find("\"" + text + "\"") != std::string::npos;
}

}  // namespace

TEST_CASE("a node that lacks nothing is ready") {
  const Response response = metrics::ready(good());
  CHECK(response.status == 200);
  CHECK(response.body == "{\"status\":\"ready\",\"failed\":[],\"degraded\":[]}\n");
  CHECK(metrics::live().status == 200);
}

TEST_CASE("a node that can let in nobody new is not ready, and says why") {
  Condition condition = good();
  std::string expected;
  SECTION("not started") {
    condition = Condition{};
    expected = "worker_not_started";
  }
  SECTION("just started") {
    condition.database = DatabaseState::not_asked;
    expected = "database_not_reached_yet";
  }
  SECTION("database away") {
    condition.database = DatabaseState::unreachable;
    expected = "database_unreachable";
  }
  SECTION("database away for this worker") {
    condition.is_pool_down = true;
    expected = "database_unreachable";
  }
  SECTION("an old schema") {
    condition.database = DatabaseState::schema_too_old;
    condition.schema_version = kSchemaVersion - 1;
    expected = "schema_too_old";
  }
  const Response response = metrics::ready(condition);
  CHECK(response.status == 503);
  CHECK(says(response, "unavailable"));
  CHECK(says(response, expected));
}

TEST_CASE("what only some notice degrades a node and leaves it ready") {
  Condition condition = good();
  std::string expected;
  SECTION("nobody listens") {
    condition.is_listening = false;
    expected = "not_listening";
  }
  SECTION("companies as they were kept") {
    condition.companies = {CompaniesKnown::How::as_kept, Time(1'900'000'000s)};
    expected = "2030-03-17T17:46:40Z";
    CHECK(says(metrics::ready(condition), "companies_as_kept"));
  }
  SECTION("companies that nobody could be asked for") {
    condition.companies = {CompaniesKnown::How::not_at_all};
    expected = "companies_unknown";
  }
  SECTION("a newer schema") {
    condition.schema_version = kSchemaVersion + 1;
    expected = "schema_newer";
  }
  SECTION("one company's certificate") {
    condition.expiries = {{metrics::Expiry::What::idp_signing, "corp", "AA", condition.now}};
    expected = "idp_certificate_expired";
  }
  SECTION("our own certificate") {
    condition.expiries = {{metrics::Expiry::What::own_signing, "", "AA", condition.now - 1h}};
    expected = "own_signing_certificate_expired";
  }
  const Response response = metrics::ready(condition);
  CHECK(response.status == 200);
  CHECK(says(response, "degraded"));
  CHECK(says(response, expected));
}

TEST_CASE("what has not ended yet is not spoken of") {
  Condition condition = good();
  condition.expiries = {{metrics::Expiry::What::idp_signing, "corp", "AA", condition.now + 1s}};
  CHECK(says(metrics::ready(condition), "ready"));
}
