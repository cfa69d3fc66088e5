#include "anteroom/saml.h"
#include "crypto/encoding.h"
#include "crypto/pem.h"
#include "saml/guard.h"
#include "saml/xml.h"
#include "text/unicode.h"

namespace anteroom::saml {

namespace {

constexpr std::size_t kMaxFacts = 40;
constexpr std::size_t kMaxValue = 200;

class Outline {
 public:
  std::vector<Fact> facts;

  void add(std::string name, const std::optional<std::string>& value) {
    if (!value || value->empty() || facts.size() >= kMaxFacts) return;
    facts.push_back({std::move(name), text::printable(*value, kMaxValue)});
  }

  // Attributes of one element.
  void add(const std::string& place, const xmlNode* node,
           std::initializer_list<const char*> names) {
    if (node == nullptr) return;
    for (const char* name : names) add(place + "/@" + name, attribute(node, name));
  }

  void add_issuer(const std::string& place, const xmlNode* node) {
    const xmlNode* issuer = only_child(node, kAssertion, "Issuer");
    if (issuer != nullptr) add(place + "/Issuer", plain_text(issuer));
  }

  void add_signature(const std::string& place, const xmlNode* signed_node) {
    const xmlNode* signature = only_child(signed_node, kDsig, "Signature");
    if (signature == nullptr) return add(place + "/Signature", "none");
    const xmlNode* info = only_child(signature, kDsig, "SignedInfo");
    const xmlNode* method = info == nullptr ? nullptr : only_child(info, kDsig, "SignatureMethod");
    add(place + "/Signature/SignatureMethod", method, {"Algorithm"});
    add(place + "/Signature/X509Certificate", fingerprint(signature));
  }

  void add_status(const xmlNode* response) {
    const xmlNode* status = only_child(response, kProtocol, "Status");
    const std::string place = "Response/Status/StatusCode";
    const xmlNode* code = status == nullptr ? nullptr : only_child(status, kProtocol, "StatusCode");
    if (code == nullptr) return;
    add(place, code, {"Value"});
    add(place + "/StatusCode", only_child(code, kProtocol, "StatusCode"), {"Value"});
  }

 private:
  // Of the certificate that the signature brings along; it proves nothing, but tells a new key.
  static std::optional<std::string> fingerprint(const xmlNode* signature) {
    const xmlNode* node = signature;
    for (const char* name : {"KeyInfo", "X509Data", "X509Certificate"}) {
      node = only_child(node, kDsig, name);
      if (node == nullptr) return std::nullopt;
    }
    std::string text = plain_text(node).value_or("");
    std::erase_if(text, [](char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; });
    const auto der = crypto::from_base64(text);
    if (!der) return std::nullopt;
    const auto facts = crypto::certificate_facts(*der);
    if (!facts) return std::nullopt;
    return facts->sha256_fingerprint;
  }
};

void add_subject(Outline& outline, const xmlNode* assertion) {
  const xmlNode* subject = only_child(assertion, kAssertion, "Subject");
  if (subject == nullptr) return;
  outline.add("Assertion/Subject/NameID", only_child(subject, kAssertion, "NameID"), {"Format"});
  for (const xmlNode* confirmation : children(subject, kAssertion, "SubjectConfirmation")) {
    const std::string place = "Assertion/Subject/SubjectConfirmation";
    outline.add(place, confirmation, {"Method"});
    outline.add(place, only_child(confirmation, kAssertion, "SubjectConfirmationData"),
                {"Recipient", "InResponseTo", "NotBefore", "NotOnOrAfter"});
  }
}

void add_conditions(Outline& outline, const xmlNode* assertion) {
  const xmlNode* conditions = only_child(assertion, kAssertion, "Conditions");
  if (conditions == nullptr) return;
  outline.add("Assertion/Conditions", conditions, {"NotBefore", "NotOnOrAfter"});
  for (const xmlNode* restriction : children(conditions, kAssertion, "AudienceRestriction")) {
    for (const xmlNode* audience : children(restriction, kAssertion, "Audience")) {
      outline.add("Assertion/Conditions/Audience", plain_text(audience));
    }
  }
}

void add_statements(Outline& outline, const xmlNode* assertion) {
  for (const xmlNode* statement : children(assertion, kAssertion, "AuthnStatement")) {
    outline.add("Assertion/AuthnStatement", statement, {"AuthnInstant", "SessionNotOnOrAfter"});
    const xmlNode* context = only_child(statement, kAssertion, "AuthnContext");
    const xmlNode* reference =
        context == nullptr ? nullptr : only_child(context, kAssertion, "AuthnContextClassRef");
    if (reference == nullptr) continue;
    outline.add("Assertion/AuthnStatement/AuthnContextClassRef", plain_text(reference));
  }
  for (const xmlNode* statement : children(assertion, kAssertion, "AttributeStatement")) {
    for (const xmlNode* attribute_node : children(statement, kAssertion, "Attribute")) {
      outline.add("Assertion/Attribute/@Name", attribute(attribute_node, "Name"));
    }
  }
}

void add_assertion(Outline& outline, const xmlNode* assertion) {
  outline.add("Assertion", assertion, {"ID", "IssueInstant"});
  outline.add_issuer("Assertion", assertion);
  outline.add_signature("Assertion", assertion);
  add_subject(outline, assertion);
  add_conditions(outline, assertion);
  add_statements(outline, assertion);
}

}  // namespace

std::vector<Fact> outline(std::string_view encoded) {
  const auto bytes = decode_form_value(encoded);
  if (!bytes) return {};
  const auto document = parse_xml(*bytes, kMaxResponseBytes);
  if (!document) return {};
  const xmlNode* response = xmlDocGetRootElement(document->get());
  if (response == nullptr) return {};
  Outline outline;
  outline.add("Response", response, {"ID", "InResponseTo", "IssueInstant", "Destination"});
  outline.add_issuer("Response", response);
  outline.add_signature("Response", response);
  outline.add_status(response);
  if (!children(response, kAssertion, "EncryptedAssertion").empty()) {
    outline.add("EncryptedAssertion", "encrypted: not shown");
  }
  for (const xmlNode* assertion : children(response, kAssertion, "Assertion")) {
    add_assertion(outline, assertion);
  }
  return std::move(outline.facts);
}

}  // namespace anteroom::saml
