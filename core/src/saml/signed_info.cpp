#include "saml/signed_info.h"

#include "crypto/encoding.h"
#include "saml/signature_shape.h"
#include "text/ascii.h"

namespace anteroom::saml {

namespace {

// Inclusive c14n writes every declaration that is in scope; the nearest of a prefix counts.
void declare_what_is_in_scope(const xmlNode* original, xmlNode* copy) {
  for (const xmlNode* up = original->parent; up != nullptr && up->type == XML_ELEMENT_NODE;
       up = up->parent) {
    for (const xmlNs* ns = up->nsDef; ns != nullptr; ns = ns->next) {
      xmlNewNs(copy, ns->href, ns->prefix);  // does nothing where the prefix is declared already
    }
  }
}

// Of a copy: libxml2 would visit the whole document to canonicalize a part of it.
std::optional<std::string> canonical_alone(const xmlNode* node, Canonicalization how) {
  const Document document(xmlNewDoc(BAD_CAST "1.0"));
  if (document == nullptr) return std::nullopt;
  xmlNode* copy = xmlDocCopyNode(const_cast<xmlNode*>(node), document.get(), 1);
  if (copy == nullptr) return std::nullopt;
  xmlDocSetRootElement(document.get(), copy);
  declare_what_is_in_scope(node, copy);
  xmlChar* text = nullptr;
  const int size =
      xmlC14NDocDumpMemory(document.get(), nullptr, how.mode, prefix_list(how).data(), 0, &text);
  const std::unique_ptr<xmlChar, decltype(xmlFree)> owner(text, xmlFree);
  if (size < 0 || text == nullptr) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
}

}  // namespace

std::optional<Canonicalization> canonicalization_of(const xmlNode* method) {
  Canonicalization how;
  const std::string algorithm = attribute(method, "Algorithm").value_or("");
  if (algorithm == kInclusive) {
    how.mode = XML_C14N_1_0;
  } else if (algorithm != kExclusive && algorithm != kExclusiveWithComments) {
    return std::nullopt;
  }
  const xmlNode* list = only_child(method, kExclusive, "InclusiveNamespaces");
  if (list != nullptr) how.prefixes = text::words(attribute(list, "PrefixList").value_or(""));
  return how;
}

std::vector<xmlChar*> prefix_list(Canonicalization& how) {
  std::vector<xmlChar*> list;
  for (std::string& prefix : how.prefixes) {
    list.push_back(reinterpret_cast<xmlChar*>(prefix.data()));
  }
  list.push_back(nullptr);
  return list;
}

std::optional<std::string> decoded_text(const xmlNode* node) {
  std::string text = plain_text(node).value_or("");
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  return crypto::from_base64(text);
}

std::optional<SignedInfo> read_signed_info(const SignatureParts& signature) {
  const xmlNode* info = only_child(signature.node, kDsig, "SignedInfo");
  auto how = canonicalization_of(only_child(info, kDsig, "CanonicalizationMethod"));
  auto value = decoded_text(only_child(signature.node, kDsig, "SignatureValue"));
  auto canonical = how ? canonical_alone(info, std::move(*how)) : std::nullopt;
  if (!canonical || !value) return std::nullopt;
  return SignedInfo{std::move(*canonical), std::move(*value)};
}

}  // namespace anteroom::saml
