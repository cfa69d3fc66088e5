#pragma once

#include <array>
#include <catch2/catch.hpp>
#include <cstdlib>
#include <list>
#include <memory>
#include <string>

#include "anteroom/people.h"
#include "anteroom/store.h"
#include "host/blocking_ports.h"
#include "host/migrate.h"
#include "host/system_random.h"

namespace anteroom::test {

using namespace std::chrono_literals;

/// A database of its own on the server of ANTEROOM_TEST_DATABASE (a libpq connection string of a
/// role that may create databases), migrated, and dropped at the end.
class TestDatabase {
 public:
  explicit TestDatabase(bool is_migrated = true)
      : TestDatabase(false, is_migrated ? "TEMPLATE " + pattern().name_ : "") {}
  /// `options`: of CREATE DATABASE.
  TestDatabase(bool is_migrated, const std::string& options) {
    const char* server = std::getenv("ANTEROOM_TEST_DATABASE");
    if (server == nullptr)
      throw std::runtime_error("ANTEROOM_TEST_DATABASE is not set: run scripts/test database");
    server_ = server;
    SystemRandom random;
    std::array<std::uint8_t, 6> bytes{};
    REQUIRE(random.fill(bytes));
    name_ = "anteroom_test";
    for (const std::uint8_t byte : bytes) name_ += "_" + std::to_string(byte);
    BlockingDatabase admin = connect_to("postgres");
    REQUIRE(admin.execute_script("CREATE DATABASE " + name_ + " " + options));
    database_ = std::make_unique<BlockingDatabase>(settings());
    if (is_migrated) REQUIRE(migrate(*database_));
  }
  ~TestDatabase() {
    database_.reset();
    BlockingDatabase admin = connect_to("postgres");
    (void)admin.execute_script("DROP DATABASE " + name_ + " WITH (FORCE)");
  }
  TestDatabase(const TestDatabase&) = delete;
  TestDatabase& operator=(const TestDatabase&) = delete;

  [[nodiscard]] DatabaseSettings settings() const { return settings_for(name_); }
  BlockingDatabase& database() { return *database_; }
  operator Database&() { return *database_; }  // NOLINT(google-explicit-constructor)

  void script(const std::string& sql) {
    const Status done = database_->execute_script("SET search_path = anteroom; " + sql);
    INFO((done ? "" : done.failure().detail));
    REQUIRE(done);
  }
  /// The single value that a query gives.
  std::string value(const char* sql) {
    static int serial = 0;
    names_.push_back("test_" + std::to_string(++serial));
    const Statement statement{names_.back().c_str(), sql};
    Params none;
    const auto rows = wait(run(*database_, statement, none));
    INFO((rows ? "" : rows.failure().detail));
    REQUIRE(rows);
    REQUIRE(rows->rows.size() == 1);
    return rows->rows[0][0].value_or("");
  }

 private:
  [[nodiscard]] DatabaseSettings settings_for(const std::string& name) const {
    DatabaseSettings settings;
    settings.connection = server_ + " dbname=" + name;
    return settings;
  }
  /// A copy takes a tenth of the time that migrating does.
  static const TestDatabase& pattern() {
    static TestDatabase made(true, "");
    made.database_.reset();  // nothing is copied that somebody is connected to
    return made;
  }
  [[nodiscard]] BlockingDatabase connect_to(const std::string& name) const {
    return BlockingDatabase(settings_for(name));
  }

  std::string server_, name_;
  std::unique_ptr<BlockingDatabase> database_;
  std::list<std::string> names_;
};

inline TokenHash hash_of(int number) {
  TokenHash hash{};
  hash[0] = static_cast<std::uint8_t>(number);
  hash[1] = static_cast<std::uint8_t>(number >> 8);
  return hash;
}

inline const std::vector<std::string>& levels() {
  static const std::vector<std::string> kLevels{"viewer", "technician", "manager", "admin"};
  return kLevels;
}

/// A sign-on of ann@corp.test; every message different by its number.
inline store::SignOn sign_on_number(int number) {
  store::SignOn s;
  s.idp = "corp";
  s.issuer = "https://idp.test/";
  s.response_id = "_r" + std::to_string(number);
  s.assertion_id = "_a" + std::to_string(number);
  s.replay_until = SystemClock().now() + 1h;
  s.subject = "tenant/ann";
  s.email = "ann@corp.test";
  s.display_name = "Ann Arbor";
  s.token_hash = hash_of(number);
  s.reference = "0123456789abcdef";
  s.origin = "https://login.test";
  s.lifetime = 12h;
  s.authenticated_at = SystemClock().now();
  return s;
}

inline store::SignOnOutcome sign_on_outcome(Database& database, const store::SignOn& s) {
  const auto result = wait(store::sign_on(database, s));
  INFO((result ? "" : result.failure().detail));
  REQUIRE(result);
  return result->outcome;
}

inline std::string load(Database& database, int number, std::chrono::seconds idle = 2h,
                        SessionUse use = SessionUse::counts) {
  const auto bytes = wait(store::load_session(database, hash_of(number), idle, levels(), use));
  INFO((bytes ? "" : bytes.failure().detail));
  REQUIRE(bytes);
  return *bytes;
}

constexpr auto kProvisioned = store::Provisioned::Outcome::done;

inline store::Provisioned::Outcome provision(Database& database, const std::string& email,
                                             const std::string& level,
                                             std::vector<std::string> properties,
                                             const std::string& expires = "") {
  const auto outcome = wait(store::provision(
      database, {email, "", level, std::move(properties), expires, "test", levels()}));
  INFO((outcome ? "" : outcome.failure().detail));
  REQUIRE(outcome);
  return outcome->outcome;
}

}  // namespace anteroom::test
