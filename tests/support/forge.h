// Makes identity providers and their Responses for tests. Signs with its own code (libxml2's c14n
// and OpenSSL), so that what it makes and what verifies it do not share a mistake.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "anteroom/settings.h"

namespace anteroom::forge {

using Time = std::chrono::time_point<std::chrono::system_clock, std::chrono::microseconds>;

enum class KeyType {
  rsa2048,
  rsa1024,
  ec256,
  secp256k1,
  brainpool,
  ed25519,
  dsa,
  rsa_pss,
  exponent_one,  ///< RSA whose public exponent is 1: everybody can sign
};

/// A fresh key and a self-signed certificate for it, valid until `valid_days` after Options::now.
struct Authority {
  std::string private_key_pem;
  std::string certificate_pem;
  std::string certificate_der;
};
Authority make_authority(KeyType type = KeyType::rsa2048, int valid_days = 3650);

/// Metadata with these signing certificates. `entra_shaped`: WS-Federation roles first, as Entra ID
/// publishes.
std::string make_metadata(const std::string& entity_id, const std::string& sso_url,
                          const std::vector<Authority>& authorities, bool entra_shaped = false);

enum class Sign { none, assertion, response, both };

/// How an assertion or NameID is encrypted. Own code, on OpenSSL's RSA and AES.
struct Encryption {
  Authority recipient;
  std::string block = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
  std::string transport = "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p";
  std::string digest;          ///< of OAEP; empty: none named, so SHA-1
  std::string mask;            ///< of xmlenc11's OAEP; empty: none named, so MGF1 with SHA-1
  bool is_key_beside = false;  ///< EncryptedKey beside the data, found by RetrievalMethod (Okta)
  std::function<std::string(std::string)> after;  ///< applied to the EncryptedData's XML
};

/// `<name>` (EncryptedAssertion, EncryptedID) around the encrypted `plain`.
std::string encrypted(const std::string& name, const std::string& plain,
                      const Encryption& encryption);

/// Defaults make a good Response shaped like Entra ID's.
struct Options {
  std::string issuer = "https://idp.test/";
  std::string audience = "https://sp.test";
  std::string acs_url = "https://login.test/saml2/idpresponse";
  std::string in_response_to = "id00112233445566778899aabbccddeeff";
  std::string response_id = "_r1";
  std::string assertion_id = "_a1";
  Time now{std::chrono::seconds(1'800'000'000)};
  std::string name_id = "ann@corp.test";
  std::string name_id_format = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
  /// In document order.
  std::vector<std::pair<std::string, std::vector<std::string>>> attributes{
      {"mail", {"ann@corp.test"}}};
  Sign sign = Sign::assertion;
  std::string signature_method = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
  std::string digest_method = "http://www.w3.org/2001/04/xmlenc#sha256";
  std::shared_ptr<Encryption> encrypt_assertion;  ///< after it was signed
  std::shared_ptr<Encryption> encrypt_name_id;    ///< before anything is signed
  std::string inclusive_prefixes;         ///< PrefixList of InclusiveNamespaces, empty: none
  bool is_signed_info_inclusive = false;  ///< canonicalized with all that is in scope
  std::string signed_info_prefixes;       ///< the same as `inclusive_prefixes`, for SignedInfo
  /// Applied to the text before and after signing.
  std::function<std::string(std::string)> before_signing;
  std::function<std::string(std::string)> after_signing;
};

/// The Response's XML.
std::string make_response(const Authority& authority, const Options& options);

/// Signs the element with this ID, right behind its first child (the Issuer).
std::string sign(const std::string& xml, const std::string& id, const Authority& authority,
                 const Options& options);

/// A bare signature over octets, by the digest that the algorithm's name ends with.
std::string raw_signature(const std::string& octets, const Authority& authority,
                          const std::string& algorithm);

/// `text` with the only occurrence of `from` replaced; throws std::logic_error if there is none.
std::string replaced(std::string text, const std::string& from, const std::string& to);

std::string to_base64(const std::string& bytes);

}  // namespace anteroom::forge
