#include "scim/discovery.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

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

// One attribute of a schema (RFC 7643, 7).
struct Attribute {
  const char* name;
  const char* type = "string";
  bool is_list = false;
  bool is_required = false;
  const char* uniqueness = "none";
  std::vector<Attribute> parts = {};
};

OrderedJson described(const Attribute& attribute, const char* mutability) {
  const std::string name = attribute.name;
  const bool is_exact = name == "externalId" || name == "id" || name == "$ref";
  OrderedJson out{{"name", name},
                  {"type", attribute.type},
                  {"multiValued", attribute.is_list},
                  {"required", attribute.is_required},
                  {"caseExact", is_exact},
                  {"mutability", mutability},
                  {"returned", "default"},
                  {"uniqueness", attribute.uniqueness}};
  if (std::string_view(attribute.type) == "reference") {
    out["referenceTypes"] = {name == "$ref" ? "User" : "uri"};
  }
  for (const Attribute& part : attribute.parts) {
    out["subAttributes"].push_back(described(part, mutability));
  }
  return out;
}

struct Schema {
  const char* name;
  const char* description;
  const char* mutability;
  std::vector<Attribute> attributes;
};

const std::vector<Schema>& schemas() {
  static const std::vector<Attribute> kSupported{{"supported", "boolean"}};
  static const std::vector<Attribute> kOfAttributes{
      {"name"},
      {"type"},
      {"multiValued", "boolean"},
      {"required", "boolean"},
      {"caseExact", "boolean"},
      {"mutability"},
      {"returned"},
      {"uniqueness"},
      {"referenceTypes", "string", true},
      {"subAttributes", "complex", true, false, "none", {{"name"}, {"type"}}}};
  static const std::vector<Schema> kAll{
      {"User",
       "User Account",
       "readWrite",
       {{"userName", "string", false, true, "server"},
        {"externalId"},
        {"displayName"},
        {"name", "complex", false, false, "none", {{"formatted"}, {"givenName"}, {"familyName"}}},
        {"emails", "complex", true, false, "none", {{"value"}, {"type"}, {"primary", "boolean"}}},
        {"active", "boolean"}}},
      {"Group",
       "Group",
       "readWrite",
       {{"displayName", "string", false, true, "server"},
        {"externalId"},
        {"members", "complex", true, false, "none", {{"value"}, {"$ref", "reference"}, {"type"}}}}},
      {"ServiceProviderConfig",
       "What this endpoint can do",
       "readOnly",
       {{"patch", "complex", false, true, "none", kSupported},
        {"bulk",
         "complex",
         false,
         true,
         "none",
         {{"supported", "boolean"}, {"maxOperations", "integer"}, {"maxPayloadSize", "integer"}}},
        {"filter",
         "complex",
         false,
         true,
         "none",
         {{"supported", "boolean"}, {"maxResults", "integer"}}},
        {"changePassword", "complex", false, true, "none", kSupported},
        {"sort", "complex", false, true, "none", kSupported},
        {"etag", "complex", false, true, "none", kSupported},
        {"authenticationSchemes",
         "complex",
         true,
         true,
         "none",
         {{"type"}, {"name"}, {"description"}, {"primary", "boolean"}}}}},
      {"ResourceType",
       "A kind of resource",
       "readOnly",
       {{"id"},
        {"name", "string", false, true},
        {"endpoint", "reference", false, true},
        {"schema", "reference", false, true}}},
      {"Schema",
       "A schema",
       "readOnly",
       {{"id", "string", false, true},
        {"name"},
        {"description"},
        {"attributes", "complex", true, true, "none", kOfAttributes}}}};
  return kAll;
}

OrderedJson schema(const std::string& name, const std::string& base) {
  const auto& all = schemas();
  const auto found =
      std::find_if(all.begin(), all.end(), [&](const Schema& one) { return name == one.name; });
  OrderedJson attributes = OrderedJson::array();
  for (const Attribute& attribute : found->attributes) {
    attributes.push_back(described(attribute, found->mutability));
  }
  return {{"schemas", {std::string(kSchemaPrefix) + "Schema"}},
          {"id", kSchemaPrefix + name},
          {"name", name},
          {"description", found->description},
          {"attributes", std::move(attributes)},
          {"meta", meta_of("Schema", base + "/Schemas/" + kSchemaPrefix + name, "", "")}};
}

// One of those that there are, or all of them as a list.
std::optional<std::string> one_or_all(std::string_view wanted, std::string_view prefix,
                                      const std::vector<std::string>& names,
                                      OrderedJson (*make)(const std::string&, const std::string&),
                                      const std::string& base) {
  OrderedJson all = OrderedJson::array();
  for (const std::string& name : names) {
    OrderedJson one = make(name, base);
    if (wanted == std::string(prefix) + name) return text_of(one);
    all.push_back(std::move(one));
  }
  if (!wanted.empty()) return std::nullopt;
  return text_of(list_of(static_cast<int>(names.size()), 1, std::move(all)));
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
  if (kind == "ResourceTypes") return one_or_all(one, "", {"User", "Group"}, resource_type, base);
  if (kind == "Schemas") {
    std::vector<std::string> names;
    for (const Schema& each : schemas()) names.emplace_back(each.name);
    return one_or_all(one, kSchemaPrefix, names, schema, base);
  }
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
