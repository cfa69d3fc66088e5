#include "saml/metadata_signature.h"

#include "crypto/digest.h"
#include "crypto/public_key.h"
#include "saml/codes.h"
#include "saml/guard.h"
#include "saml/signature_shape.h"
#include "saml/signed_info.h"

namespace anteroom::saml {

namespace {

constexpr std::size_t kMaxSigned = 8u << 20;

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

struct CloseBuffer {
  void operator()(xmlOutputBuffer* buffer) const { xmlOutputBufferClose(buffer); }
};

std::optional<std::string> canonical(xmlDoc* document, Selection selection, const xmlNode* method) {
  auto how = canonicalization_of(method);
  if (!how) return std::nullopt;
  const std::unique_ptr<xmlOutputBuffer, CloseBuffer> buffer(xmlAllocOutputBuffer(nullptr));
  if (buffer == nullptr || xmlC14NExecute(document, is_selected, &selection, how->mode,
                                          prefix_list(*how).data(), 0, buffer.get()) < 0) {
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

// Before anything is done that takes long: a stranger can publish what he likes.
Status check_signer(const SignatureParts& parts, std::string_view certificate_der) {
  const auto info = read_signed_info(parts);
  const auto key = crypto::PublicKey::of_certificate(certificate_der);
  if (!info || !key || is_ecdsa(parts.signature_method) ||
      !is_allowed_signature_method(parts.signature_method, false)) {
    return bad("it is signed in a way that is not supported: RSA with SHA-256 and exclusive c14n");
  }
  if (!key->verifies(parts.signature_method, info->canonical, info->value)) {
    return bad("it was not signed by the certificate in 'metadata_certificate'");
  }
  return Done{};
}

Status check_digest(const xmlNode* reference, const SignatureParts& parts,
                    const std::string& content) {
  const auto hash = digest_of(parts.digest_method);
  const auto digest = hash ? crypto::digest(*hash, content) : std::nullopt;
  const auto claimed = decoded_text(only_child(reference, kDsig, "DigestValue"));
  if (!digest || !claimed || *digest != *claimed) {
    return bad("it was changed after it was signed, or signed with SHA-1");
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
  const xmlNode* reference = only_child(info, kDsig, "Reference");
  const auto transforms = children(only_child(reference, kDsig, "Transforms"));
  if (transforms.size() != 2 || attribute(transforms[1], "Algorithm") != kExclusive) {
    return bad("its signature does not use exclusive c14n");
  }
  if (Status fine = check_signer(*parts, certificate_der); !fine) return fine.failure();
  const auto content = canonical(document, {root, parts->node}, transforms[1]);
  if (!content) return bad("it cannot be canonicalized");
  if (Status fine = check_digest(reference, *parts, *content); !fine) return fine.failure();
  return parse_xml(*content, kMaxSigned);
}

}  // namespace anteroom::saml
