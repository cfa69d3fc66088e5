// Names in place of keys in what audit events say.

#include "journey/manage/event_words.h"

#include <catch2/catch.hpp>

using namespace anteroom;
using journey::event_with_names;
using journey::keys_in_event;
using Keys = std::vector<std::string>;

namespace {

const store::PropertyNames kNames{{"elm", {"Elm Court", false}}, {"oak", {"Yard", true}}};

}  // namespace

TEST_CASE("each kind of event that names properties is read") {
  CHECK(event_with_names("grant_changed", "before: nothing at elm; after: viewer at elm until 2027",
                         kNames) ==
        "before: nothing at Elm Court; after: viewer at Elm Court until 2027");
  CHECK(event_with_names("provisioned", "viewer at elm oak ash", kNames) ==
        "viewer at Elm Court Yard (oak) ash");
  CHECK(event_with_names("grants_changed", "elm: none -> viewer, oak: viewer -> none", kNames) ==
        "Elm Court: none -> viewer, Yard (oak): viewer -> none");
  // What a company asserted may read like anything.
  CHECK(event_with_names(
            "grants_changed",
            "elm: none -> viewer; by x, oak: none -> viewer (elm); not said any more: oak, elm",
            kNames) ==
        "Elm Court: none -> viewer; by x, oak: none -> viewer (elm); not said any more: oak, elm");
  CHECK(event_with_names("request_approved", "before: viewer at elm, viewer at oak; after: x",
                         kNames) == "before: viewer at Elm Court, viewer at Yard (oak); after: x");
  CHECK(keys_in_event("grants_changed", "elm: none -> viewer, *: viewer -> none, oak: a -> b") ==
        Keys{"elm", "oak"});
}

TEST_CASE("what people wrote, and what is no key, stays as it is") {
  const std::string declined = "viewer at elm; request 1; reason: ask at oak";
  CHECK(event_with_names("request_declined", declined, kNames) ==
        "viewer at Elm Court; request 1; reason: ask at oak");
  for (const char* detail : {"", " at ", "viewer at ", "viewer at *", " at  at elmer", "at elm"}) {
    CHECK(event_with_names("grant_changed", detail, kNames) == detail);
    CHECK(event_with_names("grants_changed", detail, kNames) == detail);
  }
  CHECK(event_with_names("signed_on", "viewer at elm", kNames) == "viewer at elm");
}
