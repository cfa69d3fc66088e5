#include "saml/sign_xml.h"

#include <xmlsec/crypto.h>
#include <xmlsec/openssl/app.h>
#include <xmlsec/templates.h>
#include <xmlsec/xmldsig.h>

#include "saml/keys.h"
#include "saml/xml.h"

namespace anteroom::saml {

namespace {

struct DestroyContext {
  void operator()(xmlSecDSigCtx* context) const { xmlSecDSigCtxDestroy(context); }
};

constexpr std::size_t kMaxMessage = 4u << 20;  // our own metadata may be long

xmlNode* add_template(xmlDoc* document, xmlNode* root, const std::string& id) {
  xmlNode* issuer = only_child(root, kAssertion, "Issuer");
  xmlNode* signature = xmlSecTmplSignatureCreate(document, xmlSecTransformExclC14NId,
                                                 xmlSecTransformRsaSha256Id, nullptr);
  if (root->children == nullptr || signature == nullptr) return nullptr;
  if (issuer != nullptr) {
    xmlAddNextSibling(issuer, signature);
  } else {
    xmlAddPrevSibling(root->children, signature);
  }
  const std::string uri = "#" + id;
  xmlNode* reference =
      xmlSecTmplSignatureAddReference(signature, xmlSecTransformSha256Id, nullptr,
                                      reinterpret_cast<const xmlChar*>(uri.c_str()), nullptr);
  if (reference == nullptr ||
      xmlSecTmplReferenceAddTransform(reference, xmlSecTransformEnvelopedId) == nullptr ||
      xmlSecTmplReferenceAddTransform(reference, xmlSecTransformExclC14NId) == nullptr) {
    return nullptr;
  }
  return signature;
}

}  // namespace

std::optional<std::string> sign_xml(const std::string& xml, const std::string& id,
                                    const KeyPair& pair) {
  auto document = parse_xml(xml, kMaxMessage);
  if (!document) return std::nullopt;
  xmlDoc* tree = document->get();
  xmlNode* root = xmlDocGetRootElement(tree);
  xmlAttr* id_attribute = xmlHasProp(root, BAD_CAST "ID");
  if (id_attribute == nullptr) return std::nullopt;
  xmlAddID(nullptr, tree, reinterpret_cast<const xmlChar*>(id.c_str()), id_attribute);
  xmlNode* signature = add_template(tree, root, id);
  const std::unique_ptr<xmlSecDSigCtx, DestroyContext> context(xmlSecDSigCtxCreate(nullptr));
  if (signature == nullptr || context == nullptr) return std::nullopt;
  const std::string& pem = pair.private_key_pem.reveal();
  context->signKey = xmlSecOpenSSLAppKeyLoadMemory(
      reinterpret_cast<const xmlSecByte*>(pem.data()), static_cast<xmlSecSize>(pem.size()),
      xmlSecKeyDataFormatPem, nullptr, nullptr, nullptr);
  if (context->signKey == nullptr || xmlSecDSigCtxSign(context.get(), signature) < 0)
    return std::nullopt;
  xmlChar* text = nullptr;
  int size = 0;
  xmlDocDumpMemory(tree, &text, &size);
  const std::unique_ptr<xmlChar, decltype(xmlFree)> owner(text, xmlFree);
  if (text == nullptr) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(text), static_cast<std::size_t>(size));
}

}  // namespace anteroom::saml
