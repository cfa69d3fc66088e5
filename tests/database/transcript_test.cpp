// What is kept of refused sign-ons.

#include "anteroom/audit.h"
#include "database/fixture.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

void keep(Database& database, const std::string& reference, const std::string& idp,
          const std::string& email = "", const std::string& network = "192.0.2.1") {
  const auto kept = wait(store::keep_transcript(
      database, {reference, idp, email, "status", R"({"checks":[]})", "", network}));
  INFO((kept ? "" : kept.failure().detail));
  REQUIRE(kept);
}

}  // namespace

TEST_CASE("a transcript is found by its number, and by the proven address") {
  TestDatabase db;
  keep(db, "AAAA-0001", "corp", "ann@corp.test");
  keep(db, "AAAA-0002", "corp");
  const auto found = wait(store::find_transcript(db, "AAAA-0001"));
  REQUIRE((found && *found));
  CHECK((*found)->idp == "corp");
  CHECK((*found)->content == R"({"checks":[]})");
  CHECK_FALSE(*wait(store::find_transcript(db, "AAAA-0003")));
  CHECK(wait(store::transcripts_of(db, "ann@corp.test"))->size() == 1);
  CHECK(wait(store::transcripts_of(db, ""))->empty());
  keep(db, "AAAA-0001", "other");  // never overwritten
  CHECK((*wait(store::find_transcript(db, "AAAA-0001")))->idp == "corp");
}

TEST_CASE("of one company a thousand a day are kept, the newest; others lose nothing") {
  TestDatabase db;
  keep(db, "AAAA-0001", "other");
  db.script(
      "INSERT INTO transcripts (reference, at, idp, email, code, content)"
      " SELECT 'r' || i, now() - interval '1 hour' + i * interval '1 second', 'corp', '', 'c', "
      "'{}'::json"
      " FROM generate_series(1, 1000) i");
  keep(db, "AAAA-0002", "corp");
  CHECK(db.value("SELECT count(*) FROM anteroom.transcripts WHERE idp = 'corp'") == "1000");
  CHECK_FALSE(*wait(store::find_transcript(db, "r1")));
  CHECK(*wait(store::find_transcript(db, "AAAA-0002")));
  CHECK(*wait(store::find_transcript(db, "AAAA-0001")));
}

TEST_CASE("a flood pushes out its own transcripts: those of others, and of whom one knows, stay") {
  TestDatabase db;
  keep(db, "BBBB-0001", "corp", "", "192.0.2.2");
  keep(db, "BBBB-0002", "corp", "ann@corp.test", "192.0.2.9");
  db.script("UPDATE transcripts SET at = now() - interval '2 hours'");
  db.script(
      "INSERT INTO transcripts (reference, at, idp, email, code, content, network)"
      " SELECT 'r' || i, now() - interval '1 hour' + i * interval '1 second', 'corp', '', 'c', "
      "'{}'::json, '192.0.2.9' FROM generate_series(1, 998) i");
  for (int i = 0; i < 20; ++i)
    keep(db, "AAAA-00" + std::to_string(10 + i), "corp", "", "192.0.2.9");
  keep(db, "BBBB-0003", "corp", "", "192.0.2.3");
  for (const char* kept : {"BBBB-0001", "BBBB-0002", "BBBB-0003", "AAAA-0029"}) {
    CAPTURE(kept);
    CHECK(*wait(store::find_transcript(db, kept)));
  }
  CHECK(db.value("SELECT count(*) FROM anteroom.transcripts") == "1000");
  CHECK(db.value("SELECT min(substr(reference, 2)::int) FROM anteroom.transcripts WHERE reference "
                 "LIKE 'r%'") == "22");
}

TEST_CASE("where there is nobody else, even one whose address was proven goes") {
  TestDatabase db;
  db.script(
      "INSERT INTO transcripts (reference, at, idp, email, code, content)"
      " SELECT 'r' || i, now() - interval '1 hour' + i * interval '1 second', 'corp', "
      "'a@corp.test',"
      " 'c', '{}'::json FROM generate_series(1, 1000) i");
  keep(db, "AAAA-0001", "corp");
  CHECK_FALSE(*wait(store::find_transcript(db, "r1")));
  CHECK(*wait(store::find_transcript(db, "r2")));
}

TEST_CASE("what is older than a day is not pushed out by rubbish") {
  TestDatabase db;
  db.script(
      "INSERT INTO transcripts (reference, at, idp, email, code, content)"
      " SELECT 'old' || i, now() - interval '10 days', 'corp', '', 'c', '{}' FROM "
      "generate_series(1, 5) i"
      " UNION ALL SELECT 'r' || i, now() - interval '1 hour', 'corp', '', 'c', '{}'::json"
      " FROM generate_series(1, 1000) i");
  for (int i = 0; i < 20; ++i) keep(db, "AAAA-00" + std::to_string(10 + i), "corp");
  CHECK(db.value("SELECT count(*) FROM anteroom.transcripts WHERE reference LIKE 'old%'") == "5");
  CHECK(db.value("SELECT count(*) FROM anteroom.transcripts WHERE at > now() - interval '1 day'") ==
        "1000");
}

TEST_CASE("housekeeping removes transcripts when they are old") {
  TestDatabase db;
  keep(db, "AAAA-0001", "corp");
  keep(db, "AAAA-0002", "corp");
  db.script("UPDATE transcripts SET at = now() - interval '31 days' WHERE reference = 'AAAA-0001'");
  REQUIRE(wait(store::housekeep(db, Retention{})));
  CHECK_FALSE(*wait(store::find_transcript(db, "AAAA-0001")));
  CHECK(*wait(store::find_transcript(db, "AAAA-0002")));
}

TEST_CASE("how signing on with a company went last, and nothing of others") {
  TestDatabase db;
  db.script(
      "INSERT INTO audit_events (kind, idp, code, email) VALUES"
      " ('signed_on', 'corp', '', 'a@corp.test'), ('signed_on', 'corp', '', 'b@corp.test'),"
      " ('sign_on_refused', 'corp', 'audience', ''), ('signed_on', 'other', '', 'x@other.test')");
  const auto last = wait(store::last_at_company(db, "corp"));
  REQUIRE(last);
  REQUIRE(last->size() == 2);
  for (const auto& event : *last) {
    CHECK(event.idp == "corp");
    if (event.kind == "signed_on") CHECK(event.email == "b@corp.test");
  }
}
