#include <algorithm>

#include "anteroom/saml.h"
#include "saml/metadata_role.h"
#include "saml/metadata_signature.h"
#include "saml/xml.h"
#include "text/instant.h"
#include "text/unicode.h"

namespace anteroom::saml {

namespace {

constexpr std::size_t kMaxMetadataBytes = 4u << 20;
constexpr Code kUnusable{"idp_metadata"};

Failure unusable(std::string detail) {
  return {kUnusable, std::move(detail)};
}

// Without processing instructions before the root, such as a style sheet for browsers: no signature
// covers them. What else is odd there is the parser's to refuse.
std::string without_instructions(std::string_view xml) {
  std::string out;
  for (;;) {
    const auto open = xml.find('<');
    const std::string_view markup = open == std::string_view::npos ? "" : xml.substr(open);
    const bool is_comment = markup.starts_with("<!--");
    if (!is_comment && !markup.starts_with("<?")) break;
    const auto end = markup.find(is_comment ? "-->" : "?>");
    if (end == std::string_view::npos) break;
    const auto next = open + end + (is_comment ? 3 : 2);
    const bool is_kept = is_comment || markup.starts_with("<?xml ");
    out += xml.substr(0, is_kept ? next : open);
    xml.remove_prefix(next);
  }
  return out.append(xml);
}

// saml-metadata 2.3.1: EntitiesDescriptors may hold others.
void collect_idps(const xmlNode* node, std::vector<const xmlNode*>& found) {
  if (is_element(node, kMetadata, "EntityDescriptor")) {
    if (!children(node, kMetadata, "IDPSSODescriptor").empty()) found.push_back(node);
    return;
  }
  if (!is_element(node, kMetadata, "EntitiesDescriptor")) return;
  for (const xmlNode* child : children(node)) collect_idps(child, found);
}

// The EntityDescriptor that is an IdP: the root, or the only one within an EntitiesDescriptor.
Result<const xmlNode*> find_idp(const xmlNode* root) {
  if (!is_element(root, kMetadata, "EntitiesDescriptor") &&
      !is_element(root, kMetadata, "EntityDescriptor")) {
    return unusable("this is not SAML 2.0 metadata: the root element is not EntityDescriptor");
  }
  std::vector<const xmlNode*> idps;
  collect_idps(root, idps);
  if (idps.empty()) return unusable("there is no identity provider (IDPSSODescriptor) in it");
  if (idps.size() > 1) return unusable("there are several identity providers in it; one is needed");
  return idps.front();
}

Result<std::string> read_entity_id(const xmlNode* entity) {
  std::string id = uri_attribute(entity, "entityID").value_or("");
  if (id.empty()) return unusable("the EntityDescriptor has no entityID");
  constexpr std::size_t kLongest = 1024;  // saml-core 8.3.6
  if (id.size() > kLongest) return unusable("the entityID is longer than 1024 characters");
  if (!text::is_plain_text(id, text::Lines::one)) {
    return unusable("the entityID has control characters or invisible ones in it");
  }
  if (id.find('{') != std::string::npos) {
    return unusable("the entityID '" + id +
                    "' is a template: download the metadata of the customer's own application");
  }
  return id;
}

// saml-core 1.3.3 wants UTC with a Z; a time that says no zone, or another, is meant so all the
// same, and that metadata ends is not to be overlooked.
std::optional<Time> parse_end(const std::string& text) {
  if (const auto instant = text::parse_instant(text)) return instant;
  constexpr std::size_t kZone = 6;  // "+02:00"
  const std::string zone = text.size() > kZone ? text.substr(text.size() - kZone) : "";
  const bool has_zone = !zone.empty() && (zone[0] == '+' || zone[0] == '-') && zone[3] == ':';
  if (!has_zone) return text::parse_instant(text + "Z");
  const auto local = text::parse_instant(text.substr(0, text.size() - kZone) + "Z");
  const auto ahead = text::parse_instant("1970-01-01T" + zone.substr(1) + ":00Z");
  if (!local || !ahead) return std::nullopt;
  return zone[0] == '+' ? *local - ahead->time_since_epoch() : *local + ahead->time_since_epoch();
}

// Of the role and of all that it is in.
Status check_validity(const xmlNode* role, Time now, IdpMetadata& idp) {
  for (const xmlNode* node = role; node != nullptr && node->type == XML_ELEMENT_NODE;
       node = node->parent) {
    const auto text = uri_attribute(node, "validUntil");
    if (!text) continue;
    const auto until = parse_end(*text);
    if (!until)
      return unusable("validUntil '" + text::printable(*text, 40) + "' is not a UTC time");
    if (now >= *until) {
      return unusable("it expired at " + *text + " (validUntil): ask for a new one");
    }
    if (!idp.valid_until || *until < *idp.valid_until) idp.valid_until = *until;
  }
  return Done{};
}

bool speaks_saml2(const xmlNode* role) {
  std::string protocols = " " + attribute(role, "protocolSupportEnumeration").value_or("") + " ";
  std::replace_if(
      protocols.begin(), protocols.end(),
      [](char c) { return c == '\t' || c == '\n' || c == '\r'; }, ' ');
  return protocols.find(std::string(" ") + kProtocol + " ") != std::string::npos;
}

// The first of the roles that can be used.
Result<IdpMetadata> read_roles(const std::vector<xmlNode*>& roles, const IdpMetadata& entity,
                               Time now) {
  std::optional<Failure> why;
  for (const xmlNode* role : roles) {
    IdpMetadata idp = entity;
    Status usable = check_validity(role, now, idp);
    if (usable) usable = read_idp_role(role, idp);
    if (usable) {
      if (roles.size() > 1) {
        add_remark(idp,
                   "there are several IDPSSODescriptors in it: the first that is usable is taken");
      }
      return idp;
    }
    if (!why) why = usable.failure();
  }
  return why.value_or(unusable("its identity provider does not speak SAML 2.0"));
}

}  // namespace

Result<IdpMetadata> parse_idp_metadata(std::string_view xml, Time now,
                                       std::string_view pinned_certificate_der) {
  auto document = parse_xml(without_instructions(xml), kMaxMetadataBytes);
  if (!document) {
    return unusable("this is not usable XML: " + document.failure().detail);
  }
  if (!pinned_certificate_der.empty()) {
    document = open_signed_metadata(document->get(), pinned_certificate_der);
    if (!document) return unusable(document.failure().detail);
  }
  const auto entity = find_idp(xmlDocGetRootElement(document->get()));
  if (!entity) return entity.failure();
  IdpMetadata idp;
  auto id = read_entity_id(*entity);
  if (!id) return id.failure();
  idp.entity_id = std::move(*id);
  auto roles = children(*entity, kMetadata, "IDPSSODescriptor");
  std::erase_if(roles, [](const xmlNode* role) { return !speaks_saml2(role); });
  return read_roles(roles, idp, now);
}

}  // namespace anteroom::saml
