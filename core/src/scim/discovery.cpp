#include "scim/discovery.h"

#include <array>
#include <utility>

#include "anteroom/scim.h"
#include "scim/codes.h"
#include "scim/write.h"

namespace anteroom::scim {

namespace {

constexpr const char* kSchemaPrefix = "urn:ietf:params:scim:schemas:core:2.0:";

OrderedJson service_provider_config(const std::string& base) {
  const OrderedJson no{{"supported", false}};
  return {{"schemas", {std::string(kSchemaPrefix) + "ServiceProviderConfig"}},
          {"patch", {{"supported", true}}},
          {"bulk", {{"supported", false}, {"maxOperations", 0}, {"maxPayloadSize", 0}}},
          {"filter", {{"supported", true}, {"maxResults", kMaxCount}}},
          {"changePassword", no},
          {"sort", no},
          {"etag", no},
          {"authenticationSchemes",
           {{{"type", "oauthbearertoken"},
             {"name", "Bearer token"},
             {"description", "The secret token that the service's operator made for the company"},
             {"primary", true}}}},
          {"meta", meta_of("ServiceProviderConfig", base + "/ServiceProviderConfig", "", "")}};
}

OrderedJson resource_type(const std::string& name, const std::string& base) {
  return {{"schemas", {std::string(kSchemaPrefix) + "ResourceType"}},
          {"id", name},
          {"name", name},
          {"endpoint", "/" + name + "s"},
          {"schema", kSchemaPrefix + name},
          {"meta", meta_of("ResourceType", base + "/ResourceTypes/" + name, "", "")}};
}

struct Trait {
  const char* type = "string";
  bool is_required = false;
  bool is_case_exact = false;
  const char* uniqueness = "none";
};

OrderedJson attribute(const char* name, const Trait& trait = {}) {
  return {{"name", name},
          {"type", trait.type},
          {"multiValued", false},
          {"required", trait.is_required},
          {"caseExact", trait.is_case_exact},
          {"mutability", "readWrite"},
          {"returned", "default"},
          {"uniqueness", trait.uniqueness}};
}

OrderedJson complex(const char* name, bool is_list, OrderedJson parts) {
  OrderedJson out = attribute(name, {"complex"});
  out["multiValued"] = is_list;
  out["subAttributes"] = std::move(parts);
  return out;
}

OrderedJson schema(const std::string& name, const std::string& base) {
  OrderedJson attributes = OrderedJson::array();
  if (name == "User") {
    attributes = {
        attribute("userName", {"string", true, false, "server"}),
        attribute("externalId", {"string", false, true}),
        attribute("displayName"),
        complex("name", false,
                {attribute("formatted"), attribute("givenName"), attribute("familyName")}),
        complex("emails", true,
                {attribute("value"), attribute("type"), attribute("primary", {"boolean"})}),
        attribute("active", {"boolean"})};
  } else {
    attributes = {attribute("displayName", {"string", true, false, "server"}),
                  attribute("externalId", {"string", false, true}),
                  complex("members", true, {attribute("value"), attribute("type")})};
  }
  return {{"schemas", {std::string(kSchemaPrefix) + "Schema"}},
          {"id", kSchemaPrefix + name},
          {"name", name},
          {"attributes", std::move(attributes)},
          {"meta", meta_of("Schema", base + "/Schemas/" + kSchemaPrefix + name, "", "")}};
}

// One of User and Group, or both of them as a list.
std::optional<std::string> one_or_all(std::string_view wanted, std::string_view prefix,
                                      OrderedJson (*make)(const std::string&, const std::string&),
                                      const std::string& base) {
  OrderedJson all = OrderedJson::array();
  for (const char* name : {"User", "Group"}) {
    OrderedJson one = make(name, base);
    if (wanted == std::string(prefix) + name) return text_of(one);
    all.push_back(std::move(one));
  }
  if (!wanted.empty()) return std::nullopt;
  return text_of(list_of(2, 1, std::move(all)));
}

constexpr std::array<std::pair<Code, const char*>, 7> kTypes{{
    {code::kScimInvalidFilter, "invalidFilter"},
    {code::kScimInvalidPath, "invalidPath"},
    {code::kScimInvalidSyntax, "invalidSyntax"},
    {code::kScimInvalidValue, "invalidValue"},
    {code::kScimMutability, "mutability"},
    {code::kScimNoTarget, "noTarget"},
    {code::kScimUniqueness, "uniqueness"},
}};

}  // namespace

std::optional<std::string> write_discovery(std::string_view resource, const std::string& base) {
  const auto slash = resource.find('/');
  const std::string_view kind = resource.substr(0, slash);
  const std::string_view one =
      slash == std::string_view::npos ? std::string_view{} : resource.substr(slash + 1);
  if (slash != std::string_view::npos && one.empty()) return std::nullopt;
  if (resource == "ServiceProviderConfig") return text_of(service_provider_config(base));
  if (kind == "ResourceTypes") return one_or_all(one, "", resource_type, base);
  if (kind == "Schemas") return one_or_all(one, kSchemaPrefix, schema, base);
  return std::nullopt;
}

int status_of(Code code) {
  if (code == code::kScimToken) return 401;
  if (code == code::kScimNotFound) return 404;
  if (code == code::kScimMethod) return 405;
  if (code == code::kScimUniqueness) return 409;
  if (code == code::kScimTooLarge) return 413;
  if (code == code::kScimContentType) return 415;
  return 400;
}

std::string write_error(int status, Code code, const std::string& detail) {
  OrderedJson error{{"schemas", {"urn:ietf:params:scim:api:messages:2.0:Error"}},
                    {"status", std::to_string(status)}};
  for (const auto& [known, type] : kTypes) {
    if (known == code) error["scimType"] = type;
  }
  error["detail"] = detail;
  return text_of(error);
}

}  // namespace anteroom::scim
