// The guard on a form value and on plain XML.
// Oracle: what passes holds nothing but elements and text, names with at most one colon whose
// prefix is declared, attributes and IDs once, at most one assertion and one signature in each of
// two places; its canonical form passes as well and says the same; as a form value it gets the same
// verdict, spaced out too.

#include <libxml/c14n.h>
#include <libxml/tree.h>

#include <set>

#include "fuzz/genuine.h"
#include "fuzz/target.h"
#include "fuzz/xml_hooks.h"
#include "saml/guard.h"

using namespace anteroom;
using namespace anteroom::fuzz;

namespace {

std::string canonical(xmlDoc* document) {
  xmlChar* text = nullptr;
  const int size = xmlC14NDocDumpMemory(document, nullptr, XML_C14N_1_0, nullptr, 0, &text);
  const std::unique_ptr<xmlChar, decltype(xmlFree)> owner(text, xmlFree);
  // Relative namespace names have no canonical form.
  return size < 0 ? "" : std::string(reinterpret_cast<char*>(text), static_cast<std::size_t>(size));
}

std::string id_of(const xmlNode* node) {
  return node == nullptr ? "" : saml::attribute(node, "ID").value_or("");
}

// Namespaces in XML 1.0, 4 to 6.3. libxml2 leaves an undeclared prefix in the name.
void check_names(const xmlNode* node) {
  const auto has_colon = [](const xmlChar* name) { return xmlStrchr(name, ':') != nullptr; };
  require(!has_colon(node->name), "an element's name with a colon");
  std::set<std::pair<std::string, std::string>> seen;
  for (const xmlAttr* attr = node->properties; attr != nullptr; attr = attr->next) {
    require(!has_colon(attr->name), "an attribute's name with a colon");
    const char* ns = attr->ns == nullptr ? "" : reinterpret_cast<const char*>(attr->ns->href);
    require(seen.emplace(ns, reinterpret_cast<const char*>(attr->name)).second,
            "an attribute twice");
  }
}

void check_tree(xmlDoc* document) {
  require(document->intSubset == nullptr && document->extSubset == nullptr, "a DTD");
  std::multiset<std::string> ids;
  int assertions = 0;
  int signatures = 0;
  saml::walk(document->children, [&](xmlNode* node) {
    require(node->type == XML_ELEMENT_NODE || node->type == XML_TEXT_NODE, "odd markup");
    if (node->type != XML_ELEMENT_NODE) return true;
    check_names(node);
    if (saml::is_element(node, saml::kAssertion, "Assertion") ||
        saml::is_element(node, saml::kAssertion, "EncryptedAssertion")) {
      ++assertions;
    }
    if (saml::is_element(node, saml::kDsig, "Signature")) {
      ++signatures;
      require(saml::is_element(node->parent, saml::kAssertion, "Assertion") ||
                  saml::is_element(node->parent, saml::kProtocol, "Response"),
              "a signature in a strange place");
    }
    for (const xmlAttr* attr = node->properties; attr != nullptr; attr = attr->next) {
      const bool is_id = xmlStrcasecmp(attr->name, BAD_CAST "ID") == 0;
      if (is_id)
        ids.insert(saml::attribute(node, reinterpret_cast<const char*>(attr->name)).value());
      if (is_id) require(attr->ns == nullptr, "an ID in a namespace");
    }
    return true;
  });
  require(assertions <= 1 && signatures <= 2, "too many assertions or signatures");
  require(ids.size() == std::set<std::string>(ids.begin(), ids.end()).size(), "an ID twice");
}

void check_same(const saml::GuardedResponse& one, const saml::GuardedResponse& two) {
  require(id_of(one.response) == id_of(two.response), "another Response");
  require(id_of(one.assertion) == id_of(two.assertion), "another assertion");
  require(one.is_success() == two.is_success(), "another status");
  require(one.response_signature.signature_method == two.response_signature.signature_method &&
              one.assertion_signature.signature_method == two.assertion_signature.signature_method,
          "another signature");
}

// White space in it, as some identity providers put there.
std::string spaced(std::string base64) {
  constexpr std::string_view kGap = "\r\n \t";
  for (std::size_t at = 0; at < base64.size(); at += 70 + kGap.size()) base64.insert(at, kGap);
  return base64;
}

void check_document(std::string_view xml) {
  const auto guarded = saml::guard_document(xml, saml::kMaxResponseBytes);
  const std::string value = forge::to_base64(std::string(xml));
  const auto posted = saml::guard_response(value);
  require(guarded.ok() == posted.ok(), "the form value gets another verdict");
  // The white space counts where the size does.
  const auto wide = saml::guard_response(value.size() < 400'000 ? spaced(value) : value);
  require(posted.ok() == wide.ok() && (!wide || wide->base64 == posted->base64),
          "white space makes a difference");
  if (!guarded) return require(guarded.failure().code == posted.failure().code, "another reason");
  check_tree(guarded->document.get());
  require(
      guarded->is_success() ? guarded->assertion != nullptr || guarded->encrypted_assertion : true,
      "success without an assertion");
  const std::string text = canonical(guarded->document.get());
  if (text.empty()) return;
  const auto again = saml::guard_document(text, saml::kMaxResponseBytes * 8);
  require(again.ok(), "the canonical form is refused");
  check_tree(again->document.get());
  check_same(*guarded, *again);
  require(canonical(again->document.get()) == text, "the canonical form is not stable");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto input = view(data, size);
  world();
  check_document(input);
  const auto raw = saml::guard_response(input);
  const auto peek = saml::ParsedResponse::parse(input);
  require(raw.ok() == peek.ok(), "peek and guard differ");
  return 0;
}
