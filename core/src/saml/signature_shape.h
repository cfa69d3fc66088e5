#pragma once

#include <string_view>

#include "saml/guard.h"

namespace anteroom::saml {

/// Reads a Signature of exactly this shape (saml-core 5.4): SignedInfo, SignatureValue, at most one
/// KeyInfo; one Reference to `owner_id`; transforms enveloped and at most exclusive c14n.
/// Algorithms are only read, not judged.
Result<SignatureParts> read_signature(xmlNode* signature, std::string_view owner_id);

}  // namespace anteroom::saml
