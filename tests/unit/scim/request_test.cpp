#include "scim/request.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "scim/codes.h"
#include "scim/discovery.h"
#include "text/uuid.h"

using namespace anteroom;
using nlohmann::json;

TEST_CASE("a search by POST says what a query does") {
  const auto asked = scim::read_search(json{
      {"schemas", {"urn:ietf:params:scim:api:messages:2.0:SearchRequest"}},
      {"filter", "userName pr"},
      {"attributes", {"userName", "emails"}},
      {"startIndex", 3},
      {"count", "5"},
      {"sortBy", "userName"}}.dump());
  REQUIRE(asked);
  CHECK(asked->filter == "userName pr");
  CHECK(asked->page.start == 3);
  CHECK(asked->page.count == 5);
  CHECK(asked->projection.asks_for("emails"));
  CHECK_FALSE(asked->projection.shows("active"));
  const std::string schema = R"("schemas":["urn:ietf:params:scim:api:messages:2.0:SearchRequest"])";
  for (const std::string& body :
       {std::string("{}"), "{" + schema + R"(,"filter":[]})", "{" + schema + R"(,"count":"x"})",
        "{" + schema + R"(,"attributes":[1.5]})", std::string("[]")}) {
    CAPTURE(body);
    CHECK_FALSE(scim::read_search(body));
  }
}

TEST_CASE("only what has the shape of a token is looked up") {
  const std::string token = "scim_" + std::string(43, 'A');
  CHECK(scim::bearer_token("Bearer " + token) == token);
  CHECK(scim::bearer_token("bearer " + token) == token);
  for (const std::string& other :
       {std::string(), std::string("Bearer "), token, "Basic " + token, "Bearer  " + token,
        "Bearer " + token + " ", "Bearer " + token + "A", "Bearer " + token.substr(1) + "A",
        "Bearer scim_" + std::string(42, 'A') + "=", "Bearer scim_" + std::string(42, 'A') + "'"}) {
    CHECK_FALSE(scim::bearer_token(other));
  }
}

TEST_CASE("pages are kept within bounds") {
  const auto page = [](const char* start, const char* count) {
    const auto read = scim::read_page(start, count);
    REQUIRE(read);
    return std::pair(read->start, read->count);
  };
  CHECK(page("", "") == std::pair(1, 100));
  CHECK(page("3", "2") == std::pair(3, 2));
  CHECK(page("0", "0") == std::pair(1, 0));
  CHECK(page("-5", "-5") == std::pair(1, 0));
  CHECK(page("99999999999999999999", "99999999999999999999") == std::pair(1'000'000'000, 200));
  for (const char* bad : {"x", "1.5", "-", " 1", "1;"}) {
    CHECK_FALSE(scim::read_page(bad, ""));
    CHECK_FALSE(scim::read_page("", bad));
  }
}

TEST_CASE("an id is a UUID") {
  CHECK(text::is_uuid("2819c223-7f76-453a-919d-413861904646"));
  CHECK(text::is_uuid("2819C223-7F76-453A-919D-413861904646"));
  for (const char* other :
       {"", "2819c223-7f76-453a-919d-41386190464", "2819c2237f76453a919d413861904646",
        "2819c223-7f76-453a-919d-41386190464g", "{819c223-7f76-453a-919d-41386190464}"}) {
    CHECK_FALSE(text::is_uuid(other));
  }
}

TEST_CASE("bodies are JSON") {
  CHECK(scim::is_json("application/scim+json; charset=utf-8"));
  CHECK(scim::is_json("application/json"));
  CHECK_FALSE(scim::is_json(""));
  CHECK_FALSE(scim::is_json("application/x-www-form-urlencoded"));
}

TEST_CASE("what the endpoint can do is said as the specification has it") {
  const auto document = [](const char* resource) {
    const auto text = scim::write_discovery(resource, "https://x/corp");
    REQUIRE(text);
    return json::parse(*text);
  };
  const json config = document("ServiceProviderConfig");
  CHECK(config["patch"]["supported"] == true);
  CHECK(config["bulk"]["supported"] == false);
  CHECK(config["filter"]["maxResults"] == 200);
  CHECK(config["authenticationSchemes"][0]["type"] == "oauthbearertoken");
  CHECK(config["schemas"].is_array());
  const json types = document("ResourceTypes");
  CHECK(types["totalResults"] == 2);
  CHECK(types["Resources"][0] == document("ResourceTypes/User"));
  CHECK(types["Resources"][1]["endpoint"] == "/Groups");
  const json schemas = document("Schemas");
  CHECK(schemas["totalResults"] == 5);
  for (const char* name : {"Group", "ServiceProviderConfig", "ResourceType", "Schema"}) {
    CHECK(document((std::string("Schemas/urn:ietf:params:scim:schemas:core:2.0:") + name)
                       .c_str())["name"] == name);
  }
  CHECK(schemas["Resources"][0]["description"] == "User Account");
  const json members = schemas["Resources"][1]["attributes"][2];
  CHECK(members["subAttributes"][1]["name"] == "$ref");
  CHECK(members["subAttributes"][1]["referenceTypes"] == json::array({"User"}));
  CHECK(schemas["Resources"][0] == document("Schemas/urn:ietf:params:scim:schemas:core:2.0:User"));
  for (const json& schema : schemas["Resources"]) {
    REQUIRE(schema["attributes"].is_array());
    for (const json& attribute : schema["attributes"]) CHECK(attribute["name"].is_string());
  }
  for (const char* other : {"", "Bulk", "Me", "Schemas/", "ResourceTypes/Admin", "Schemas/x/y",
                            "ServiceProviderConfig/x", "users"}) {
    CHECK_FALSE(scim::write_discovery(other, ""));
  }
}

TEST_CASE("an error has the shape of RFC 7644") {
  const json error = json::parse(scim::write_error(400, code::kScimInvalidFilter, "why"));
  CHECK(error == json{{"schemas", {"urn:ietf:params:scim:api:messages:2.0:Error"}},
                      {"status", "400"},
                      {"scimType", "invalidFilter"},
                      {"detail", "why"}});
  CHECK_FALSE(json::parse(scim::write_error(401, code::kScimToken, "")).contains("scimType"));
  CHECK(scim::status_of(code::kScimUniqueness) == 409);
  CHECK(scim::status_of(code::kScimMutability) == 400);
}
