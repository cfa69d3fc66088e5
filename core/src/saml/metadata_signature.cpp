#include "saml/metadata_signature.h"

#include <libxml/c14n.h>

#include <iterator>
#include <sstream>

#include "crypto/encoding.h"
#include "crypto/pem.h"
#include "saml/codes.h"
#include "saml/guard.h"
#include "saml/signature_shape.h"

namespace anteroom::saml {

namespace {

constexpr std::size_t kMaxSigned = 8u << 20;
constexpr const char* kExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";

Failure bad(std::string detail) {
  return {code::kSignature, std::move(detail)};
}

// What belongs to the canonical form: all below `root` but what is below `without`.
struct Selection {
  const xmlNode* root;
  const xmlNode* without;
};

int is_selected(void* user, xmlNode* node, xmlNode* parent) {
  const auto& selection = *static_cast<Selection*>(user);
  const bool is_attached = node->type == XML_NAMESPACE_DECL || node->type == XML_ATTRIBUTE_NODE;
  for (const xmlNode* at = is_attached ? parent : node; at != nullptr; at = at->parent) {
    if (at == selection.without) return 0;
    if (at == selection.root) return 1;
  }
  return 0;
}

// Of an InclusiveNamespaces below a transform or c14n method.
std::vector<std::string> inclusive_prefixes(const xmlNode* method) {
  const xmlNode* list = only_child(method, kExclusive, "InclusiveNamespaces");
  const auto text = list == nullptr ? std::nullopt : attribute(list, "PrefixList");
  std::istringstream stream(text.value_or(""));
  return {std::istream_iterator<std::string>(stream), {}};
}

struct CloseBuffer {
  void operator()(xmlOutputBuffer* buffer) const { xmlOutputBufferClose(buffer); }
};

// `method` names the algorithm; nullopt for all but exclusive c14n.
std::optional<std::string> canonical(xmlDoc* document, Selection selection, const xmlNode* method) {
  const auto algorithm = attribute(method, "Algorithm");
  if (algorithm != kExclusive) return std::nullopt;
  std::vector<std::string> prefixes = inclusive_prefixes(method);
  std::vector<xmlChar*> list;
  list.reserve(prefixes.size() + 1);
  for (std::string& prefix : prefixes) list.push_back(reinterpret_cast<xmlChar*>(prefix.data()));
  list.push_back(nullptr);
  const std::unique_ptr<xmlOutputBuffer, CloseBuffer> buffer(xmlAllocOutputBuffer(nullptr));
  if (buffer == nullptr || xmlC14NExecute(document, is_selected, &selection, XML_C14N_EXCLUSIVE_1_0,
                                          list.data(), 0, buffer.get()) < 0) {
    return std::nullopt;
  }
  return std::string(reinterpret_cast<const char*>(xmlOutputBufferGetContent(buffer.get())),
                     xmlOutputBufferGetSize(buffer.get()));
}

std::optional<crypto::Hash> digest_of(const std::string& algorithm) {
  if (algorithm == "http://www.w3.org/2001/04/xmlenc#sha256") return crypto::Hash::sha256;
  if (algorithm == "http://www.w3.org/2001/04/xmldsig-more#sha384") return crypto::Hash::sha384;
  if (algorithm == "http://www.w3.org/2001/04/xmlenc#sha512") return crypto::Hash::sha512;
  return std::nullopt;
}

std::optional<std::string> decoded(const xmlNode* node) {
  std::string text = plain_text(node).value_or("");
  std::erase_if(text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  return crypto::from_base64(text);
}

Status check(xmlDoc* document, const xmlNode* info, const SignatureParts& parts,
             const std::string& content, std::string_view certificate_der) {
  const xmlNode* reference = only_child(info, kDsig, "Reference");
  const auto hash = digest_of(parts.digest_method);
  const auto digest = hash ? crypto::digest(*hash, content) : std::nullopt;
  const auto claimed = decoded(only_child(reference, kDsig, "DigestValue"));
  if (!digest || !claimed || *digest != *claimed) {
    return bad("it was changed after it was signed, or signed with SHA-1");
  }
  const auto signed_info =
      canonical(document, {info, nullptr}, only_child(info, kDsig, "CanonicalizationMethod"));
  const auto value = decoded(only_child(parts.node, kDsig, "SignatureValue"));
  const auto signature_hash = crypto::rsa_hash_of(parts.signature_method);
  if (!signed_info || !value || !signature_hash ||
      !is_allowed_signature_method(parts.signature_method, false)) {
    return bad("it is signed in a way that is not supported: RSA with SHA-256 and exclusive c14n");
  }
  if (!crypto::verify_rsa(certificate_der, *signature_hash, *signed_info, *value)) {
    return bad("it was not signed by the certificate in 'metadata_certificate'");
  }
  return Done{};
}

}  // namespace

Result<Document> open_signed_metadata(xmlDoc* document, std::string_view certificate_der) {
  xmlNode* root = xmlDocGetRootElement(document);
  const auto signatures = children(root, kDsig, "Signature");
  const auto id = attribute(root, "ID");
  if (signatures.empty()) return bad("it is not signed, but 'metadata_certificate' is set");
  if (signatures.size() > 1 || !is_id(id)) return bad("more than one signature, or no usable ID");
  const auto parts = read_signature(signatures.front(), *id);
  if (!parts) return bad("its signature: " + parts.failure().detail);
  const xmlNode* info = only_child(parts->node, kDsig, "SignedInfo");
  const auto transforms =
      children(only_child(only_child(info, kDsig, "Reference"), kDsig, "Transforms"));
  if (transforms.size() != 2) return bad("its signature does not use exclusive c14n");
  const auto content = canonical(document, {root, parts->node}, transforms[1]);
  if (!content) return bad("its signature does not use exclusive c14n");
  if (Status fine = check(document, info, *parts, *content, certificate_der); !fine) {
    return fine.failure();
  }
  return parse_xml(*content, kMaxSigned);
}

}  // namespace anteroom::saml
