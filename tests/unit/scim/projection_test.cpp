#include "scim/projection.h"

#include <catch2/catch.hpp>

using namespace anteroom;
using scim::OrderedJson;

namespace {

const OrderedJson kAnn{{"schemas", {"urn"}},
                       {"id", "1"},
                       {"userName", "ann"},
                       {"name", {{"givenName", "Ann"}, {"familyName", "Archer"}}},
                       {"emails", {{{"value", "ann@x"}, {"type", "work"}}}},
                       {"active", true},
                       {"meta", {{"location", "/1"}}}};

std::string shown(const std::string& wanted, const std::string& excluded = "") {
  OrderedJson of = scim::Projection(wanted, excluded).of(kAnn);
  CHECK(of.contains("schemas"));
  CHECK(of.contains("id"));
  of.erase("schemas");
  of.erase("id");
  return of.dump();
}

}  // namespace

TEST_CASE("an answer has the attributes that are asked for, schemas and id always") {
  CHECK(scim::Projection().of(kAnn) == kAnn);
  CHECK(scim::Projection("", "").of(kAnn) == kAnn);
  CHECK(shown("USERNAME") == R"({"userName":"ann"})");
  CHECK(shown("active, userName") == R"({"userName":"ann","active":true})");
  CHECK(shown("name.givenname") == R"({"name":{"givenName":"Ann"}})");
  CHECK(shown("name,name.givenName") == R"({"name":{"givenName":"Ann","familyName":"Archer"}})");
  CHECK(shown("emails.value") == R"({"emails":[{"value":"ann@x"}]})");
  CHECK(shown(R"(emails[type eq "work"])") == R"({"emails":[{"value":"ann@x","type":"work"}]})");
  CHECK(shown("urn:ietf:params:scim:schemas:core:2.0:User:active") == R"({"active":true})");
  for (const char* nothing : {"id", "nickName", "urn:x:y:z", "a b,,", "[", "name.middleName"}) {
    CAPTURE(nothing);
    CHECK(shown(nothing) == "{}");
  }
}

TEST_CASE("an answer lacks the attributes that are excluded") {
  CHECK(shown("", "name,EMAILS,meta,userName") == R"({"active":true})");
  CHECK(shown("", "name.givenName,emails,meta,userName,active") ==
        R"({"name":{"familyName":"Archer"}})");
  CHECK(shown("", "id,schemas,name,emails,meta,active") == R"({"userName":"ann"})");
  CHECK(shown("userName,active", "active") == R"({"userName":"ann"})");
  CHECK(scim::Projection("", "nickName,[").of(kAnn) == kAnn);
}

TEST_CASE("whether an attribute is asked for or shown is known before there is an answer") {
  CHECK(scim::Projection("members.value", "").asks_for("members"));
  CHECK_FALSE(scim::Projection("", "").asks_for("members"));
  CHECK(scim::Projection("", "").shows("members"));
  CHECK_FALSE(scim::Projection("", "members").shows("members"));
  CHECK_FALSE(scim::Projection("displayName", "").shows("members"));
}
