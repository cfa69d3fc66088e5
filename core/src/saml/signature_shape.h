#pragma once

#include <string_view>

#include "saml/guard.h"

namespace anteroom::saml {

inline constexpr const char* kExclusive = "http://www.w3.org/2001/10/xml-exc-c14n#";
inline constexpr const char* kExclusiveWithComments =
    "http://www.w3.org/2001/10/xml-exc-c14n#WithComments";
inline constexpr const char* kInclusive = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";

/// Reads a Signature of exactly this shape (saml-core 5.4): SignedInfo, SignatureValue, at most one
/// KeyInfo; one Reference to `owner_id`; transforms enveloped and at most exclusive c14n.
/// Algorithms are only read, not judged. A PrefixList has at most 256 characters: libxml2 looks up
/// each of its prefixes for each element.
Result<SignatureParts> read_signature(xmlNode* signature, std::string_view owner_id);

}  // namespace anteroom::saml
