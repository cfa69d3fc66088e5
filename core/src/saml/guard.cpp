#include "saml/guard.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <set>
#include <span>
#include <tuple>

#include "crypto/encoding.h"
#include "saml/codes.h"
#include "saml/signature_shape.h"

namespace anteroom::saml {

namespace {

Failure shape(std::string detail) {
  return {code::kShape, std::move(detail)};
}

Result<std::string> decode(std::string_view encoded, std::string& compact) {
  if (encoded.empty() || encoded.size() > kMaxEncodedBytes) {
    return Failure{code::kSize, std::to_string(encoded.size()) + " characters"};
  }
  compact = encoded;
  std::erase_if(compact, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  auto bytes = crypto::from_base64(compact);
  if (!bytes) return Failure{code::kBase64, "not canonical base64"};
  return std::move(*bytes);
}

// Comments and CDATA sections have no business in a Response and are what parsers differ about.
bool has_only_elements_and_text(xmlNode* root) {
  return walk(root, [](const xmlNode* node) {
    return node->type == XML_ELEMENT_NODE || node->type == XML_TEXT_NODE;
  });
}

bool is_id_name(const xmlChar* name) {
  return xmlStrcasecmp(name, BAD_CAST "ID") == 0;
}

// Every ID once, and none by xml:id: a reference must lead to one place for every reader.
Status check_ids(xmlNode* root) {
  std::set<std::string> seen;
  Status status = Done{};
  walk(root, [&](xmlNode* node) {
    if (node->type != XML_ELEMENT_NODE) return true;
    for (const xmlAttr* attr = node->properties; attr != nullptr; attr = attr->next) {
      if (!is_id_name(attr->name)) continue;
      const std::unique_ptr<xmlChar, decltype(xmlFree)> value(
          xmlNodeListGetString(node->doc, attr->children, 1), xmlFree);
      const std::string text = value == nullptr ? "" : reinterpret_cast<const char*>(value.get());
      if (attr->ns != nullptr || !seen.insert(text).second) {
        status = Failure{code::kDuplicateId, "an ID is there twice or in another namespace"};
        return false;
      }
    }
    return true;
  });
  return status;
}

struct Census {
  std::size_t assertions = 0;
  std::size_t signatures = 0;
  std::size_t encrypted = 0;  ///< SAML's wrappers of encrypted elements
};

Census take_census(xmlNode* root) {
  Census census;
  walk(root, [&](xmlNode* node) {
    if (node->type != XML_ELEMENT_NODE) return true;
    if (is_element(node, kAssertion, "Assertion")) ++census.assertions;
    if (is_element(node, kDsig, "Signature")) ++census.signatures;
    if (is_element(node, kAssertion, "EncryptedAssertion") ||
        is_element(node, kAssertion, "EncryptedID") ||
        is_element(node, kAssertion, "EncryptedAttribute")) {
      ++census.encrypted;
    }
    return true;
  });
  return census;
}

// A child element that the schema knows, and its place among the others.
struct Place {
  const char* ns;
  const char* name;
  int rank;
};
using Places = std::span<const Place>;

// saml-core 3.2.2, 3.3.3
constexpr std::array<Place, 5> kResponse{{{kAssertion, "Issuer", 0},
                                          {kProtocol, "Extensions", 1},
                                          {kProtocol, "Status", 2},
                                          {kAssertion, "Assertion", 3},
                                          {kAssertion, "EncryptedAssertion", 3}}};
// saml-core 3.2.2.1
constexpr std::array<Place, 3> kStatus{{{kProtocol, "StatusCode", 0},
                                        {kProtocol, "StatusMessage", 1},
                                        {kProtocol, "StatusDetail", 2}}};
// saml-core 2.3.3
constexpr std::array<Place, 8> kAssertionParts{{{kAssertion, "Issuer", 0},
                                                {kAssertion, "Subject", 1},
                                                {kAssertion, "Conditions", 2},
                                                {kAssertion, "Advice", 3},
                                                {kAssertion, "Statement", 4},
                                                {kAssertion, "AuthnStatement", 4},
                                                {kAssertion, "AuthzDecisionStatement", 4},
                                                {kAssertion, "AttributeStatement", 4}}};
// saml-core 2.4.1
constexpr std::array<Place, 4> kSubject{{{kAssertion, "BaseID", 0},
                                         {kAssertion, "NameID", 0},
                                         {kAssertion, "EncryptedID", 0},
                                         {kAssertion, "SubjectConfirmation", 1}}};

// Signatures are find_signatures()' business, wherever among the others they stand: older Auth0
// puts them last.
Status check_order(const xmlNode* parent, Places places) {
  int reached = 0;
  for (const xmlNode* child : children(parent)) {
    if (is_element(child, kDsig, "Signature")) continue;
    const auto place = std::find_if(places.begin(), places.end(), [&](const Place& one) {
      return is_element(child, one.ns, one.name);
    });
    const std::string name = reinterpret_cast<const char*>(parent->name);
    if (place == places.end()) return shape("unknown element in " + name);
    if (place->rank < reached) return shape("the parts of " + name + " are not in their order");
    reached = place->rank;
  }
  return Done{};
}

// What holds SAML's own elements in the order of its schema.
Status check_orders(const GuardedResponse& guarded) {
  const xmlNode* subject =
      guarded.assertion == nullptr ? nullptr : only_child(guarded.assertion, kAssertion, "Subject");
  for (const auto& [parent, places] :
       {std::pair{static_cast<const xmlNode*>(guarded.response), Places(kResponse)},
        std::pair{static_cast<const xmlNode*>(only_child(guarded.response, kProtocol, "Status")),
                  Places(kStatus)},
        std::pair{static_cast<const xmlNode*>(guarded.assertion), Places(kAssertionParts)},
        std::pair{subject, Places(kSubject)}}) {
    if (parent == nullptr) continue;
    if (Status fine = check_order(parent, places); !fine) return fine;
  }
  return Done{};
}

// saml-core 3.2.2, 3.3.3
Status check_response_children(const xmlNode* response) {
  if (!is_element(response, kProtocol, "Response"))
    return shape("the root element is not Response");
  if (attribute(response, "Version") != "2.0") return Failure{code::kVersion, "Response"};
  if (!is_id(attribute(response, "ID"))) return shape("Response/@ID");
  for (const xmlNode* child : children(response)) {
    const bool is_known = is_element(child, kDsig, "Signature") ||
                          std::any_of(kResponse.begin(), kResponse.end(), [&](const Place& place) {
                            return is_element(child, place.ns, place.name);
                          });
    if (!is_known) return shape("unknown element in Response");
  }
  if (children(response, kAssertion, "Issuer").size() > 1) return shape("several Issuers");
  if (only_child(response, kProtocol, "Status") == nullptr) return shape("not one Status");
  return Done{};
}

// In at most two places: the assertion itself, and the NameID of its Subject.
Status find_encryption(GuardedResponse& guarded, const Census& census) {
  std::vector<EncryptedElement> read;
  const xmlNode* subject =
      guarded.assertion == nullptr ? nullptr : only_child(guarded.assertion, kAssertion, "Subject");
  for (const auto& [parent, name, where] :
       {std::tuple{static_cast<const xmlNode*>(guarded.response), "EncryptedAssertion",
                   &guarded.encrypted_assertion},
        std::tuple{subject, "EncryptedID", &guarded.encrypted_id}}) {
    xmlNode* holder = parent == nullptr ? nullptr : only_child(parent, kAssertion, name);
    if (holder == nullptr) continue;
    auto element = read_encrypted(holder);
    if (!element) return element.failure();
    read.push_back(*element);
    *where = std::move(*element);
  }
  if (read.size() != census.encrypted || !has_no_other_encryption(guarded.response, read)) {
    return Failure{code::kEncryptionShape, "an encrypted part where none belongs"};
  }
  return Done{};
}

Status find_assertion(GuardedResponse& guarded, const Census& census) {
  guarded.assertion = only_child(guarded.response, kAssertion, "Assertion");
  const auto encrypted = children(guarded.response, kAssertion, "EncryptedAssertion");
  if (census.assertions == 0 && encrypted.empty() && !guarded.is_success()) return Done{};
  if (census.assertions + encrypted.size() != 1 ||
      (encrypted.empty() && guarded.assertion == nullptr)) {
    return Failure{code::kAssertionCount,
                   std::to_string(census.assertions + encrypted.size()) + " assertions"};
  }
  if (guarded.assertion == nullptr) return Done{};
  if (attribute(guarded.assertion, "Version") != "2.0") return Failure{code::kVersion, "Assertion"};
  if (!is_id(attribute(guarded.assertion, "ID"))) return shape("Assertion/@ID");
  return Done{};
}

Status find_signatures(GuardedResponse& guarded, const Census& census) {
  std::size_t found = 0;
  for (const auto& [owner, parts] : {std::pair{guarded.response, &guarded.response_signature},
                                     std::pair{guarded.assertion, &guarded.assertion_signature}}) {
    if (owner == nullptr) continue;
    const auto signatures = children(owner, kDsig, "Signature");
    if (signatures.empty()) continue;
    if (signatures.size() > 1) return Failure{code::kSignatureShape, "several Signatures"};
    auto read = read_signature(signatures.front(), *attribute(owner, "ID"));
    if (!read) return read.failure();
    *parts = std::move(*read);
    ++found;
  }
  if (found != census.signatures) {
    return Failure{code::kSignatureShape, "a Signature where none belongs"};
  }
  return Done{};
}

}  // namespace

bool is_id(const std::optional<std::string>& id) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.";
  return id && !id->empty() && id->size() <= 256 &&
         id->find_first_not_of(kAllowed) == std::string::npos;
}

void register_id(xmlNode* node) {
  if (node == nullptr) return;
  xmlAttr* attr = xmlHasProp(node, BAD_CAST "ID");
  const auto id = attribute(node, "ID");
  if (attr != nullptr && id) {
    xmlAddID(nullptr, node->doc, reinterpret_cast<const xmlChar*>(id->c_str()), attr);
  }
}

bool status_is_success(const xmlNode* message) {
  const xmlNode* status = only_child(message, kProtocol, "Status");
  const xmlNode* status_code =
      status == nullptr ? nullptr : only_child(status, kProtocol, "StatusCode");
  return status_code != nullptr && attribute(status_code, "Value") == kSuccess;
}

bool GuardedResponse::is_success() const {
  return status_is_success(response);
}

Result<std::string> decode_form_value(std::string_view encoded) {
  std::string compact;
  return decode(encoded, compact);
}

Status check_plain_document(xmlDoc* document) {
  xmlNode* root = xmlDocGetRootElement(document);
  for (const xmlNode* node = document->children; node != nullptr; node = node->next) {
    if (node != root) return Failure{code::kMarkup, "something beside the root element"};
  }
  if (!has_only_elements_and_text(root)) {
    return Failure{code::kMarkup, "comments or CDATA sections"};
  }
  return check_ids(root);
}

Result<GuardedResponse> guard_document(std::string_view xml, std::size_t max_bytes) {
  GuardedResponse guarded;
  auto document = parse_xml(xml, max_bytes);
  if (!document) return document.failure();
  guarded.document = std::move(*document);
  guarded.response = xmlDocGetRootElement(guarded.document.get());
  if (Status plain = check_plain_document(guarded.document.get()); !plain) return plain.failure();
  if (Status fine = check_response_children(guarded.response); !fine) return fine.failure();
  const Census census = take_census(guarded.response);
  for (const auto find : {find_assertion, find_encryption, find_signatures}) {
    if (Status found = find(guarded, census); !found) return found.failure();
  }
  if (Status fine = check_orders(guarded); !fine) return fine.failure();
  register_id(guarded.response);
  register_id(guarded.assertion);
  return guarded;
}

Result<GuardedResponse> guard_response(std::string_view encoded) {
  std::string compact;
  auto bytes = decode(encoded, compact);
  if (!bytes) return bytes.failure();
  auto guarded = guard_document(*bytes, kMaxResponseBytes);
  if (guarded) guarded->base64 = std::move(compact);
  return guarded;
}

}  // namespace anteroom::saml
