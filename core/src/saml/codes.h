// Every reason for which a Response is refused: one stable code per rule, in the order of the
// checks.
#pragma once

#include "anteroom/result.h"

namespace anteroom::saml::code {

inline constexpr Code kCannotBuild{"outgoing_message"};  ///< a message of ours could not be built

// The form value or query and its bytes.
inline constexpr Code kRedirect{
    "redirect_encoding"};                          ///< a query that holds no message (bindings 3.4)
inline constexpr Code kSize{"response_size"};      ///< empty, or decoded longer than 256 KiB
inline constexpr Code kBase64{"response_base64"};  ///< not canonical base64
inline constexpr Code kBytes{"xml_bytes"};         ///< NUL, control characters or no valid UTF-8
inline constexpr Code kMarkup{"xml_markup"};  ///< DOCTYPE, processing instruction, too many tags
inline constexpr Code kNotXml{
    "xml_malformed"};  ///< not (namespace-)well-formed, or nested too deep
// The document's shape.
inline constexpr Code kDuplicateId{"xml_duplicate_id"};  ///< an ID twice, or xml:id
inline constexpr Code kShape{"response_shape"};          ///< not a Response as the schema has it
inline constexpr Code kVersion{"version"};               ///< Version other than 2.0
inline constexpr Code kAssertionCount{
    "assertion_count"};  ///< not exactly one, or not where it belongs
inline constexpr Code kEncryptionShape{
    "encryption_shape"};  ///< encrypted parts in another place or shape, or naming something to
                          ///< fetch
inline constexpr Code kEncryptionAlgorithm{"encryption_algorithm"};  ///< one that is not allowed
inline constexpr Code kSignatureShape{
    "signature_shape"};                                   ///< place, parts, reference or transforms
inline constexpr Code kAlgorithm{"signature_algorithm"};  ///< an algorithm that is not allowed
// A Response by artifact.
inline constexpr Code kArtifact{"artifact_malformed"};  ///< not type 4, or no service of that index
inline constexpr Code kArtifactResponse{
    "artifact_response"};  ///< the IdP's answer to our ArtifactResolve is not usable
inline constexpr Code kArtifactUnknown{"artifact_unknown"};  ///< the IdP has no such message (more)
// Who says it.
inline constexpr Code kIssuer{"issuer"};                ///< not the IdP this browser was sent to
inline constexpr Code kStatus{"status"};                ///< the IdP did not answer Success
inline constexpr Code kUnsigned{"signature_missing"};   ///< nothing covers the assertion
inline constexpr Code kSignature{"signature_invalid"};  ///< no registered key made the signature
inline constexpr Code kCertificate{"certificate_expired"};  ///< and the IdP's policy says reject
inline constexpr Code kSecondOpinion{"signature_second_opinion"};  ///< the second library disagrees
inline constexpr Code kNoDecryptionKey{
    "decryption_key_missing"};                           ///< encrypted, and we have no key
inline constexpr Code kDecryption{"decryption_failed"};  ///< whatever was wrong with it
// What it says, read from the signed bytes only.
inline constexpr Code kText{
    "text_not_plain"};  ///< child nodes where a plain value belongs, or an empty NameID
inline constexpr Code kDestination{"destination"};
inline constexpr Code kInResponseTo{"in_response_to"};
inline constexpr Code kIssueInstant{"issue_instant"};
inline constexpr Code kConditions{"conditions"};  ///< missing, or one that is not understood
inline constexpr Code kAudience{"audience"};
inline constexpr Code kNotBefore{"not_before"};
inline constexpr Code kNotOnOrAfter{"not_on_or_after"};
inline constexpr Code kConfirmation{"subject_confirmation"};
inline constexpr Code kRecipient{"recipient"};
inline constexpr Code kConfirmationTime{"confirmation_expired"};
inline constexpr Code kAuthnStatement{"authn_statement"};
inline constexpr Code kSessionExpired{"session_expired"};
inline constexpr Code kNotFresh{"authn_not_fresh"};    ///< ForceAuthn was asked for, and not done
inline constexpr Code kAuthnContext{"authn_context"};  ///< not signed on in the way asked for
inline constexpr Code kAttributes{"attributes"};       ///< malformed, or a name twice
inline constexpr Code kEmail{"email"};                 ///< missing, several, or not plain
inline constexpr Code kEmailDomain{"email_domain_not_registered"};
inline constexpr Code kSubject{"subject_missing"};  ///< the stable identifier is not there

}  // namespace anteroom::saml::code
