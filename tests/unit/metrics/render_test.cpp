#include <catch2/catch.hpp>
#include <sstream>

#include "anteroom/metrics.h"

using namespace anteroom;
using namespace std::chrono_literals;
using metrics::Counter;
using metrics::Series;
using metrics::Snapshot;

namespace {

constexpr Time kNow{std::chrono::seconds(1'800'000'000)};

Snapshot snapshot() {
  Snapshot made;
  made.now = kNow;
  made.build = {"9.8.7", "1.22.1"};
  return made;
}

// The value of a sample, as written; "-" if there is none.
std::string value(const Snapshot& of, const std::string& sample) {
  std::istringstream lines(metrics::render(of));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with(sample + " ")) return line.substr(sample.size() + 1);
  }
  return "-";
}

}  // namespace

TEST_CASE("a text ends as OpenMetrics demands, and each family comes once, before its samples") {
  const std::string text = metrics::render(snapshot());
  CHECK(text.ends_with("\n# EOF\n"));
  std::istringstream lines(text);
  std::string family;
  std::vector<std::string> seen;
  for (std::string line; std::getline(lines, line);) {
    CAPTURE(line);
    if (line.starts_with("# TYPE ")) {
      family = line.substr(7, line.find(' ', 7) - 7);
      CHECK(std::count(seen.begin(), seen.end(), family) == 0);
      seen.push_back(family);
    } else if (line[0] != '#') {
      CHECK(line.starts_with(family));
    }
  }
  CHECK(seen.size() > 15);
}

TEST_CASE("requests are told apart by outcome") {
  Snapshot made = snapshot();
  made.counters[static_cast<std::size_t>(Counter::gate_allow)] = 7;
  made.counters[static_cast<std::size_t>(Counter::gate_unknown_host)] = 3;
  CHECK(value(made, "anteroom_requests_total{outcome=\"allow\"}") == "7");
  CHECK(value(made, "anteroom_requests_total{outcome=\"unknown_host\"}") == "3");
  CHECK(value(made, "anteroom_requests_total{outcome=\"sign_on\"}") == "0");
}

TEST_CASE("a histogram's buckets hold all below them; the last is the count") {
  Snapshot made = snapshot();
  made.statements.buckets[0] = 2;
  made.statements.buckets[3] = 1;
  made.statements.buckets[metrics::kBuckets - 1] = 4;
  made.statements.sum_us = 12'345'678;
  const std::string name = "anteroom_database_statement_seconds";
  CHECK(value(made, name + "_bucket{le=\"0.0005\"}") == "2");
  CHECK(value(made, name + "_bucket{le=\"0.0025\"}") == "2");
  CHECK(value(made, name + "_bucket{le=\"0.005\"}") == "3");
  CHECK(value(made, name + "_bucket{le=\"2.5\"}") == "3");
  CHECK(value(made, name + "_bucket{le=\"+Inf\"}") == "7");
  CHECK(value(made, name + "_count") == "7");
  CHECK(value(made, name + "_sum") == "12.345678");
}

TEST_CASE("a duration belongs to the first bucket that holds it") {
  CHECK(metrics::bucket_of(0us) == 0);
  CHECK(metrics::bucket_of(500us) == 0);
  CHECK(metrics::bucket_of(501us) == 1);
  CHECK(metrics::bucket_of(2500ms) == metrics::kBuckets - 2);
  CHECK(metrics::bucket_of(1h) == metrics::kBuckets - 1);
}

TEST_CASE("sign-ons are told apart by identity provider, stage and code") {
  Snapshot made = snapshot();
  made.series = {{Series::started, "corp", "", 5},
                 {Series::returned, "corp", "", 4},
                 {Series::ended_at_response, "corp", "audience", 1},
                 {Series::ended_at_session, "corp", "signed_in", 3},
                 {Series::refused, "", "audience", 1}};
  CHECK(value(made, "anteroom_sign_ons_started_total{idp=\"corp\"}") == "5");
  CHECK(value(made, "anteroom_sign_ons_returned_total{idp=\"corp\"}") == "4");
  const std::string ended = "anteroom_sign_ons_ended_total{idp=\"corp\",stage=";
  CHECK(value(made, ended + "\"response\",code=\"audience\"}") == "1");
  CHECK(value(made, ended + "\"session\",code=\"signed_in\"}") == "3");
  CHECK(value(made, "anteroom_refusals_total{code=\"audience\"}") == "1");
}

TEST_CASE("people waiting are said only where the database has said so") {
  Snapshot made = snapshot();
  CHECK(value(made, "anteroom_people_waiting") == "-");
  CHECK(value(made, "anteroom_longest_wait_seconds") == "-");
  made.people = {{2, kNow - 90s}};
  CHECK(value(made, "anteroom_people_waiting") == "2");
  CHECK(value(made, "anteroom_longest_wait_seconds") == "90");
  made.people = {{0, std::nullopt}};
  CHECK(value(made, "anteroom_longest_wait_seconds") == "0");
  made.people = {{1, kNow + 5s}};  // a database whose clock runs ahead
  CHECK(value(made, "anteroom_longest_wait_seconds") == "0");
}

TEST_CASE("how far housekeeping is behind is said only where it was asked for") {
  Snapshot made = snapshot();
  CHECK(value(made, "anteroom_housekeeping_behind_seconds") == "-");
  made.upkeep_behind = 90s;
  CHECK(value(made, "anteroom_housekeeping_behind_seconds") == "90");
}

TEST_CASE("what ends is counted in days, below zero afterwards") {
  Snapshot made = snapshot();
  using What = metrics::Expiry::What;
  made.expiries = {{What::idp_signing, "corp", "00AA", kNow + 36h},
                   {What::own_signing, "", "00BB", kNow - 24h}};
  CHECK(
      value(made, "anteroom_expiry_days{what=\"idp_signing\",idp=\"corp\",certificate=\"00AA\"}") ==
      "1.5");
  CHECK(value(made, "anteroom_expiry_days{what=\"own_signing\",idp=\"\",certificate=\"00BB\"}") ==
        "-1");
}

TEST_CASE("clocks are shown with their sign") {
  Snapshot made = snapshot();
  made.clocks = {{"corp", -1500ms}};
  CHECK(value(made, "anteroom_idp_clock_offset_seconds{idp=\"corp\"}") == "-1.5");
}

TEST_CASE("a label's value cannot break out of its quotes") {
  Snapshot made = snapshot();
  made.build.version = "a\"b\\c\nd";
  const std::string text = metrics::render(made);
  CHECK(text.find("anteroom_build_info{version=\"a\\\"b\\\\c\\nd\",nginx=\"1.22.1\"") !=
        std::string::npos);
}
