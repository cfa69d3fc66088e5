#include "saml/signature.h"

#include <xmlsec/buffer.h>
#include <xmlsec/xmldsig.h>

#include "saml/codes.h"
#include "saml/signed_info.h"

namespace anteroom::saml {

namespace {

struct DestroyContext {
  void operator()(xmlSecDSigCtx* context) const { xmlSecDSigCtxDestroy(context); }
};

std::optional<std::string> verify_with(xmlNode* signature, xmlSecKey* key) {
  const std::unique_ptr<xmlSecDSigCtx, DestroyContext> context(xmlSecDSigCtxCreate(nullptr));
  if (context == nullptr) return std::nullopt;
  // The context owns its key; with one set, KeyInfo is never read.
  context->signKey = xmlSecKeyDuplicate(key);
  if (context->signKey == nullptr) return std::nullopt;
  context->flags |= XMLSEC_DSIG_FLAGS_STORE_SIGNEDINFO_REFERENCES;
  context->enabledReferenceUris = xmlSecTransformUriTypeSameDocument;
  if (xmlSecDSigCtxVerify(context.get(), signature) < 0 ||
      context->status != xmlSecDSigStatusSucceeded ||
      xmlSecPtrListGetSize(&context->signedInfoReferences) != 1) {
    return std::nullopt;
  }
  auto* reference =
      static_cast<xmlSecDSigReferenceCtx*>(xmlSecPtrListGetItem(&context->signedInfoReferences, 0));
  if (reference == nullptr || reference->status != xmlSecDSigStatusSucceeded) return std::nullopt;
  xmlSecBuffer* bytes = xmlSecDSigReferenceCtxGetPreDigestBuffer(reference);
  if (bytes == nullptr || xmlSecBufferGetData(bytes) == nullptr) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(xmlSecBufferGetData(bytes)),
                     xmlSecBufferGetSize(bytes));
}

}  // namespace

Result<SignedBytes> check_signature(const SignatureParts& signature,
                                    const std::vector<SigningKey>& keys) {
  const auto info = read_signed_info(signature);
  std::string known;
  for (const SigningKey& key : keys) {
    known += " " + key.fingerprint;
    if (!info || !key.alone.verifies(signature.signature_method, info->canonical, info->value)) {
      continue;
    }
    auto canonical = verify_with(signature.node, key.key.get());
    if (!canonical) {
      return Failure{code::kSignature, "changed after it was signed by " + key.fingerprint};
    }
    return SignedBytes{std::move(*canonical), &key};
  }
  return Failure{code::kSignature, "made by none of the registered keys:" + known};
}

}  // namespace anteroom::saml
