// What a signature was made over, apart from the document that it stands in: so small that
// strangers may make us compute it.
#pragma once

#include <libxml/c14n.h>

#include <optional>
#include <string>
#include <vector>

#include "saml/guard.h"

namespace anteroom::saml {

struct SignedInfo {
  std::string canonical;
  std::string value;  ///< SignatureValue, decoded
};

/// nullopt if it cannot be canonicalized, or the value is not base64.
std::optional<SignedInfo> read_signed_info(const SignatureParts& signature);

/// How a Transform or CanonicalizationMethod (XML Signature 6.5) says it is to be done. Comments
/// count as nothing: where a signature covers some, it does not verify.
struct Canonicalization {
  xmlC14NMode mode = XML_C14N_EXCLUSIVE_1_0;
  std::vector<std::string> prefixes;  ///< of InclusiveNamespaces
};
/// Exclusive or inclusive; nullopt for every other.
std::optional<Canonicalization> canonicalization_of(const xmlNode* method);
/// As libxml2 takes them; they point into `how`.
std::vector<xmlChar*> prefix_list(Canonicalization& how);

/// The base64 in an element, white space forgiven.
std::optional<std::string> decoded_text(const xmlNode* node);

}  // namespace anteroom::saml
