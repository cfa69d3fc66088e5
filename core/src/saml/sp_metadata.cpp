#include <algorithm>
#include <set>

#include "anteroom/saml.h"
#include "crypto/digest.h"
#include "crypto/encoding.h"
#include "crypto/pem.h"
#include "saml/codes.h"
#include "saml/sign_xml.h"
#include "saml/xml.h"

namespace anteroom::saml {

namespace {

constexpr const char* kBindings = "urn:oasis:names:tc:SAML:2.0:bindings:";

std::string endpoint(const std::string& service, const std::string& binding, const std::string& url,
                     const std::string& more = "") {
  return "<md:" + service + " Binding=\"" + kBindings + binding + "\" Location=\"" +
         escape_xml(url) + "\"" + more + "/>";
}

// saml-metadata 2.4.1.1. `methods`: what may be encrypted with, in order of preference.
Result<std::string> key_descriptor(const KeyPair& pair, const std::string& use,
                                   const std::vector<std::string>& methods) {
  const auto der = crypto::pem_to_der_certificate(pair.certificate_pem);
  if (!der) return der.failure();
  std::string out = "<md:KeyDescriptor use=\"" + use + "\"><ds:KeyInfo><ds:X509Data>" +
                    "<ds:X509Certificate>" + crypto::base64(*der) +
                    "</ds:X509Certificate></ds:X509Data></ds:KeyInfo>";
  for (const std::string& method : methods) {
    out += "<md:EncryptionMethod Algorithm=\"" + method + "\"/>";
  }
  return out + "</md:KeyDescriptor>";
}

Result<std::string> key_descriptors(const ServiceProviderSettings& sp) {
  static const std::vector<std::string> kMethods{"http://www.w3.org/2009/xmlenc11#aes256-gcm",
                                                 "http://www.w3.org/2009/xmlenc11#aes128-gcm",
                                                 "http://www.w3.org/2001/04/xmlenc#aes256-cbc",
                                                 "http://www.w3.org/2001/04/xmlenc#aes128-cbc",
                                                 "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
                                                 "http://www.w3.org/2009/xmlenc11#rsa-oaep"};
  std::string out;
  std::vector<const KeyPair*> signing;
  if (sp.signing) signing.push_back(&*sp.signing);
  for (const KeyPair& pair : sp.other_signing) signing.push_back(&pair);
  for (const KeyPair* pair : signing) {
    auto key = key_descriptor(*pair, "signing", {});
    if (!key) return key;
    out += *key;
  }
  // One only: Lasso takes the last of several, others the first, samlify none. The next is
  // encrypted for by nobody before every node has it, and the previous by nobody who reads this.
  if (!sp.decryption.empty()) {
    auto key = key_descriptor(sp.decryption.front(), "encryption", kMethods);
    if (!key) return key;
    out += *key;
  }
  return out;
}

// saml-metadata 2.4.4.1; nothing where no attribute is read.
std::string attribute_service(const std::vector<const IdentityProvider*>& idps,
                              const std::string& product_name) {
  std::set<std::string> names;
  for (const IdentityProvider* idp : idps) {
    for (const auto* list :
         {&idp->email_attributes, &idp->name_attributes, &idp->subject_attributes}) {
      names.insert(list->begin(), list->end());
    }
  }
  names.erase("NameID");
  if (names.empty()) return "";
  std::string out =
      "<md:AttributeConsumingService index=\"0\" isDefault=\"true\"><md:ServiceName "
      "xml:lang=\"en\">" +
      escape_xml(product_name) + "</md:ServiceName>";
  for (const std::string& name : names) {
    out += "<md:RequestedAttribute Name=\"" + escape_xml(name) + "\" isRequired=\"false\"/>";
  }
  return out + "</md:AttributeConsumingService>";
}

std::string role(const ServiceProviderSettings& sp, const std::string& keys,
                 const std::vector<const IdentityProvider*>& idps,
                 const std::string& product_name) {
  const bool signs = std::any_of(idps.begin(), idps.end(),
                                 [](const IdentityProvider* idp) { return idp->sign_requests; });
  const bool fetches = std::any_of(idps.begin(), idps.end(), [](const IdentityProvider* idp) {
    return idp->response_binding == ResponseBinding::artifact;
  });
  return std::string("<md:SPSSODescriptor AuthnRequestsSigned=\"") + (signs ? "true" : "false") +
         "\" WantAssertionsSigned=\"true\" protocolSupportEnumeration=\"" + kProtocol + "\">" +
         keys + endpoint("SingleLogoutService", "HTTP-Redirect", sp.slo_url) +
         endpoint("SingleLogoutService", "HTTP-POST", sp.slo_url) +
         endpoint("AssertionConsumerService", "HTTP-POST", sp.acs_url,
                  " index=\"0\" isDefault=\"true\"") +
         (fetches ? endpoint("AssertionConsumerService", "HTTP-Artifact", sp.acs_url,
                             " index=\"1\" isDefault=\"false\"")
                  : "") +
         attribute_service(idps, product_name) + "</md:SPSSODescriptor>";
}

}  // namespace

Result<std::string> build_sp_metadata(const ServiceProviderSettings& sp,
                                      const std::vector<const IdentityProvider*>& idps,
                                      const std::string& product_name) {
  const auto keys = key_descriptors(sp);
  if (!keys) return keys.failure();
  const std::string content = role(sp, *keys, idps, product_name);
  // The same content has the same ID, on every node.
  const auto hash = crypto::digest(crypto::Hash::sha256, sp.entity_id + content);
  if (!hash) return Failure{code::kCannotBuild, "SHA-256"};
  const std::string id = "_" + crypto::to_hex(*hash).substr(0, 32);
  const std::string xml = std::string("<md:EntityDescriptor xmlns:md=\"") + kMetadata +
                          "\" xmlns:ds=\"" + kDsig + "\" ID=\"" + id +
                          "\" cacheDuration=\"P1D\" entityID=\"" + escape_xml(sp.entity_id) +
                          "\">" + content + "</md:EntityDescriptor>\n";
  if (!sp.sign_metadata || !sp.signing) return xml;
  auto signed_xml = sign_xml(xml, id, *sp.signing);
  if (!signed_xml) return Failure{code::kCannotBuild, "the metadata could not be signed"};
  return std::move(*signed_xml);
}

}  // namespace anteroom::saml
