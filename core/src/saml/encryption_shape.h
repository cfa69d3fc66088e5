// The one shape of XML Encryption that is accepted (saml-core 2.3.4 and 6, XML Encryption 1.1).
#pragma once

#include <libxml/tree.h>

#include <string>
#include <vector>

#include "anteroom/result.h"
#include "crypto/envelope.h"

namespace anteroom::saml {

struct EncryptedKey {
  crypto::KeyTransport transport;
  std::string wrapped;
};

/// One EncryptedAssertion or EncryptedID.
struct EncryptedElement {
  xmlNode* node = nullptr;
  crypto::BlockCipher cipher;
  std::string bytes;               ///< IV, ciphertext, tag
  std::vector<EncryptedKey> keys;  ///< one or two
};

/// Reads it, judging algorithms, and nothing in it that names a place to fetch from.
Result<EncryptedElement> read_encrypted(xmlNode* holder);

/// Every element of XML Encryption in the document is of a known kind, and the EncryptedData and
/// EncryptedKeys are as many as were read.
bool has_no_other_encryption(xmlNode* root, const std::vector<EncryptedElement>& read);

}  // namespace anteroom::saml
