// The rules for what a signed assertion says, against an identity provider that signs anything. The
// input is the XML of an unsigned Response; its assertion is signed here with the registered key.
// Oracle: what is accepted stands in the signed document as whole values, in the right places.

#include <libxml/tree.h>

#include <algorithm>
#include <set>

#include "fuzz/genuine.h"
#include "fuzz/target.h"
#include "fuzz/xml_hooks.h"
#include "saml/guard.h"

using namespace anteroom;
using namespace anteroom::fuzz;

namespace {

std::string lower(std::string text) {
  for (char& c : text) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return text;
}

std::string trimmed(const std::string& text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  return first == std::string::npos
             ? ""
             : text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

// All that the document says, by a reading of its own: "element=text" and
// "element@attribute=value".
std::multiset<std::string> statements(const std::string& xml) {
  std::multiset<std::string> said;
  const saml::Document document(
      xmlReadMemory(xml.data(), static_cast<int>(xml.size()), nullptr, nullptr, XML_PARSE_NONET));
  require(document != nullptr, "what was accepted is not XML");
  saml::walk(xmlDocGetRootElement(document.get()), [&](xmlNode* node) {
    if (node->type != XML_ELEMENT_NODE) return true;
    const std::string name = reinterpret_cast<const char*>(node->name);
    const std::unique_ptr<xmlChar, decltype(xmlFree)> text(xmlNodeGetContent(node), xmlFree);
    said.insert(name + "=" + trimmed(reinterpret_cast<const char*>(text.get())));
    for (const xmlAttr* attr = node->properties; attr != nullptr; attr = attr->next) {
      const std::unique_ptr<xmlChar, decltype(xmlFree)> value(
          xmlNodeListGetString(node->doc, attr->children, 1), xmlFree);
      said.insert(name + "@" + reinterpret_cast<const char*>(attr->name) + "=" +
                  (value == nullptr ? "" : reinterpret_cast<const char*>(value.get())));
    }
    return true;
  });
  return said;
}

void check_facts(const saml::VerifiedAssertion& a, const std::string& xml) {
  const World& w = world();
  const auto said = statements(xml);
  const auto has = [&](const std::string& statement) { return said.count(statement) > 0; };
  require(saml::canonical_email(a.email()) == a.email(), "the email is not canonical");
  require(saml::email_domain(a.email()) == "corp.test", "a foreign domain was accepted");
  const bool is_email_said =
      std::any_of(said.begin(), said.end(), [&](const std::string& statement) {
        const std::string text = lower(statement);
        return text == "attributevalue=" + a.email() || text == "nameid=" + a.email();
      });
  const bool is_encrypted = xml.find("EncryptedID") != std::string::npos;
  require(is_encrypted || is_email_said, "nobody said this email");
  require(is_encrypted || a.name_id().empty() || has("NameID=" + a.name_id()),
          "nobody said this NameID");
  require(has("Issuer=" + w.idp.metadata.entity_id) && a.issuer() == w.idp.metadata.entity_id,
          "issuer");
  require(has("Audience=" + w.params.sp_entity_id), "audience");
  // Only the assertion is signed here: a Destination may be left out, and none be wrong.
  const bool is_addressed = std::any_of(said.begin(), said.end(), [](const std::string& text) {
    return text.starts_with("Response@Destination=");
  });
  require(!is_addressed || has("Response@Destination=" + w.params.acs_url), "destination");
  require(has("SubjectConfirmationData@Recipient=" + w.params.acs_url), "recipient");
  require(has("SubjectConfirmationData@InResponseTo=" + w.params.in_response_to), "InResponseTo");
  require(a.replay_until() > w.params.now, "forgotten before it expires");
  require(!a.session_not_on_or_after() ||
              *a.session_not_on_or_after() > w.params.now - w.params.clock_skew,
          "an ended session");
  for (const auto& [name, values] : a.attributes()) {
    require(has("Attribute@Name=" + name), "nobody said this attribute's name");
    for (const std::string& value : values) {
      require(has("AttributeValue=" + value), "nobody said this value");
    }
  }
}

std::string signed_by_idp(const std::string& xml) {
  const auto guarded = saml::guard_document(xml, saml::kMaxResponseBytes);
  if (!guarded || guarded->assertion == nullptr) return "";
  forge::Options options;
  options.signature_method = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";
  try {
    return forge::sign(xml, *saml::attribute(guarded->assertion, "ID"), ec_authority(), options);
  } catch (const std::logic_error&) {
    return "";  // the forge wants some element in an assertion
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const World& w = world();
  const std::string xml = signed_by_idp(std::string(view(data, size)));
  if (xml.empty()) return 0;
  const saml::Verdict verdict = w.verifier->verify(forge::to_base64(xml), w.params);
  if (verdict.assertion) check_facts(*verdict.assertion, xml);
  return 0;
}
