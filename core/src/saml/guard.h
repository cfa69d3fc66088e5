// The cheap part: shape and limits of a posted Response, before any signature work. Nothing that
// comes out of here is trusted.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "saml/encryption_shape.h"
#include "saml/xml.h"

namespace anteroom::saml {

/// One ds:Signature, in the only shape that saml-core 5.4 allows and that we accept.
struct SignatureParts {
  xmlNode* node = nullptr;
  std::string signature_method;
  std::string digest_method;
  std::string transform;  ///< the one behind enveloped-signature; empty: none
};

/// A Response whose shape is fine. The nodes live as long as the document.
struct GuardedResponse {
  std::string base64;  ///< the message without white space
  Document document;
  xmlNode* response = nullptr;
  xmlNode* assertion = nullptr;  ///< null where it is encrypted, or the Status is not Success
  std::optional<EncryptedElement> encrypted_assertion;
  std::optional<EncryptedElement> encrypted_id;  ///< in the assertion's Subject
  SignatureParts response_signature;
  SignatureParts assertion_signature;

  [[nodiscard]] bool is_success() const;
};

inline constexpr std::size_t kMaxEncodedBytes = 512u << 10;
inline constexpr std::size_t kMaxResponseBytes = 256u << 10;

Result<GuardedResponse> guard_response(std::string_view encoded);
/// The same for XML that we hold already: what decryption made of it. `base64` stays empty.
Result<GuardedResponse> guard_document(std::string_view xml, std::size_t max_bytes);

/// The base64 of a form value as bytes: XML's white space forgiven, nothing else. Where a space was
/// a plus that the sender forgot to escape, what is left is not base64 or another message.
Result<std::string> decode_form_value(std::string_view encoded);
/// Nothing but elements and text in it, and every ID once.
Status check_plain_document(xmlDoc* document);
/// An ID that we accept: a subset of NCName (saml-core 1.3.4).
bool is_id(const std::optional<std::string>& id);
/// Makes `#ID` lead to this element, for xmlsec.
void register_id(xmlNode* node);
bool status_is_success(const xmlNode* message);

/// Whether a signature or digest algorithm is allowed. SHA-1 only where the IdP opted in.
bool is_allowed_signature_method(std::string_view algorithm, bool allow_sha1);
bool is_allowed_digest_method(std::string_view algorithm, bool allow_sha1);
bool is_ecdsa(std::string_view signature_method);

}  // namespace anteroom::saml
