#include "saml/encryption_shape.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "crypto/encoding.h"
#include "saml/codes.h"
#include "saml/xml.h"
#include "text/unicode.h"

namespace anteroom::saml {

namespace {

constexpr const char* kXmlEnc11 = "http://www.w3.org/2009/xmlenc11#";
constexpr std::size_t kMaxKeys = 2;

Failure bad(std::string detail) {
  return {code::kEncryptionShape, std::move(detail)};
}

Failure not_allowed(const std::string& algorithm) {
  return {code::kEncryptionAlgorithm, text::printable(algorithm, 100)};
}

// XML Encryption 1.1, 5.2: AES only; triple DES is not among them.
std::optional<crypto::BlockCipher> block_cipher(const std::string& algorithm) {
  struct Known {
    const char* name;
    crypto::BlockCipher cipher;
  };
  static constexpr std::array<Known, 6> kKnown{
      {{"http://www.w3.org/2001/04/xmlenc#aes128-cbc", {16, false}},
       {"http://www.w3.org/2001/04/xmlenc#aes192-cbc", {24, false}},
       {"http://www.w3.org/2001/04/xmlenc#aes256-cbc", {32, false}},
       {"http://www.w3.org/2009/xmlenc11#aes128-gcm", {16, true}},
       {"http://www.w3.org/2009/xmlenc11#aes192-gcm", {24, true}},
       {"http://www.w3.org/2009/xmlenc11#aes256-gcm", {32, true}}}};
  for (const Known& known : kKnown) {
    if (algorithm == known.name) return known.cipher;
  }
  return std::nullopt;
}

// SHA-1 inside OAEP is what the specification defaults to, and sound there.
std::optional<crypto::Hash> digest(const std::string& algorithm) {
  using crypto::Hash;
  if (algorithm == "http://www.w3.org/2000/09/xmldsig#sha1") return Hash::sha1;
  if (algorithm == "http://www.w3.org/2001/04/xmlenc#sha256") return Hash::sha256;
  if (algorithm == "http://www.w3.org/2001/04/xmldsig-more#sha384") return Hash::sha384;
  if (algorithm == "http://www.w3.org/2001/04/xmlenc#sha512") return Hash::sha512;
  return std::nullopt;
}

std::optional<crypto::Hash> mask(const std::string& algorithm) {
  using crypto::Hash;
  if (algorithm == "http://www.w3.org/2009/xmlenc11#mgf1sha1") return Hash::sha1;
  if (algorithm == "http://www.w3.org/2009/xmlenc11#mgf1sha256") return Hash::sha256;
  if (algorithm == "http://www.w3.org/2009/xmlenc11#mgf1sha384") return Hash::sha384;
  if (algorithm == "http://www.w3.org/2009/xmlenc11#mgf1sha512") return Hash::sha512;
  return std::nullopt;
}

std::optional<std::string> base64_text(const xmlNode* node) {
  auto text = plain_text(node);
  if (!text) return std::nullopt;
  std::erase_if(*text, [](char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; });
  return crypto::from_base64(*text);
}

// CipherData with its CipherValue; a CipherReference would be fetched.
std::optional<std::string> cipher_value(const xmlNode* parent) {
  const xmlNode* data = only_child(parent, kXmlEnc, "CipherData");
  const xmlNode* value = data == nullptr ? nullptr : only_child(data, kXmlEnc, "CipherValue");
  if (value == nullptr || children(data).size() != 1) return std::nullopt;
  return base64_text(value);
}

bool has_only(const xmlNode* parent,
              std::initializer_list<std::pair<const char*, const char*>> names) {
  const auto all = children(parent);
  return std::all_of(all.begin(), all.end(), [&](const xmlNode* child) {
    return std::any_of(names.begin(), names.end(), [&](const auto& name) {
      return is_element(child, name.first, name.second);
    });
  });
}

Result<crypto::KeyTransport> read_transport(const xmlNode* method) {
  const std::string algorithm = attribute(method, "Algorithm").value_or("");
  crypto::KeyTransport transport;
  if (algorithm == "http://www.w3.org/2001/04/xmlenc#rsa-1_5") {
    // It has no parameters (XML Encryption 1.1, 5.5.1); several libraries write OAEP's digest.
    transport.is_oaep = false;
    if (!has_only(method, {{kDsig, "DigestMethod"}})) return bad("parameters of rsa-1_5");
    return transport;
  }
  const bool is_11 = algorithm == "http://www.w3.org/2009/xmlenc11#rsa-oaep";
  if (!is_11 && algorithm != "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p") {
    return not_allowed(algorithm);
  }
  if (!has_only(method, {{kDsig, "DigestMethod"}, {kXmlEnc11, "MGF"}, {kXmlEnc, "OAEPparams"}})) {
    return bad("parameters of OAEP");
  }
  for (const xmlNode* child : children(method)) {
    const std::string named = attribute(child, "Algorithm").value_or("");
    if (is_element(child, kDsig, "DigestMethod")) {
      const auto known = digest(named);
      if (!known) return not_allowed(named);
      transport.digest = *known;
    } else if (is_element(child, kXmlEnc11, "MGF") && is_11) {
      const auto known = mask(named);
      if (!known) return not_allowed(named);
      transport.mask = *known;
    } else if (is_element(child, kXmlEnc, "OAEPparams")) {
      const auto label = base64_text(child);
      if (!label || label->size() > 1024) return bad("OAEPparams");
      transport.label = *label;
    }
  }
  return transport;
}

// saml-core 6, XML Encryption 1.1 3.5. Hints at which of our keys it is for are not needed.
Result<EncryptedKey> read_key(const xmlNode* node) {
  if (!has_only(node, {{kXmlEnc, "EncryptionMethod"},
                       {kDsig, "KeyInfo"},
                       {kXmlEnc, "CipherData"},
                       {kXmlEnc, "ReferenceList"},
                       {kXmlEnc, "CarriedKeyName"}})) {
    return bad("parts of EncryptedKey");
  }
  const auto hints = children(node, kDsig, "KeyInfo");
  for (const xmlNode* hint : hints) {
    if (!has_only(hint, {{kDsig, "KeyName"}, {kDsig, "X509Data"}, {kDsig, "KeyValue"}})) {
      return bad("KeyInfo of EncryptedKey");
    }
  }
  const xmlNode* method = only_child(node, kXmlEnc, "EncryptionMethod");
  auto wrapped = cipher_value(node);
  if (method == nullptr || !wrapped || wrapped->size() > 2048) return bad("EncryptedKey");
  auto transport = read_transport(method);
  if (!transport) return transport.failure();
  return EncryptedKey{std::move(*transport), std::move(*wrapped)};
}

// The keys inside the data's KeyInfo and beside the data. A RetrievalMethod may only name one of
// the latter, which are read anyway (Okta).
Result<std::vector<xmlNode*>> find_keys(const xmlNode* holder, const xmlNode* data) {
  std::vector<xmlNode*> keys = children(holder, kXmlEnc, "EncryptedKey");
  const std::size_t beside = keys.size();
  const auto infos = children(data, kDsig, "KeyInfo");
  if (infos.size() > 1) return bad("several KeyInfos");
  if (infos.empty()) return keys;
  for (xmlNode* child : children(infos.front())) {
    if (is_element(child, kXmlEnc, "EncryptedKey")) {
      keys.push_back(child);
    } else if (is_element(child, kDsig, "RetrievalMethod")) {
      const std::string uri = attribute(child, "URI").value_or("");
      const bool is_sibling =
          std::any_of(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(beside),
                      [&](const xmlNode* key) {
                        return uri.size() > 1 && "#" + attribute(key, "Id").value_or("") == uri;
                      });
      if (!is_sibling || !children(child).empty()) return bad("a RetrievalMethod to elsewhere");
    } else if (!is_element(child, kDsig, "KeyName") && !is_element(child, kDsig, "X509Data")) {
      return bad("KeyInfo of EncryptedData");
    }
  }
  return keys;
}

}  // namespace

Result<EncryptedElement> read_encrypted(xmlNode* holder) {
  const xmlNode* data = only_child(holder, kXmlEnc, "EncryptedData");
  if (data == nullptr ||
      !has_only(holder, {{kXmlEnc, "EncryptedData"}, {kXmlEnc, "EncryptedKey"}})) {
    return bad("parts of the encrypted element");
  }
  if (!has_only(data,
                {{kXmlEnc, "EncryptionMethod"}, {kDsig, "KeyInfo"}, {kXmlEnc, "CipherData"}})) {
    return bad("parts of EncryptedData");
  }
  // saml-core 2.2.4: if present, it MUST be this.
  const auto type = attribute(data, "Type");
  if (type && type != "http://www.w3.org/2001/04/xmlenc#Element")
    return bad("Type of EncryptedData");
  const xmlNode* method = only_child(data, kXmlEnc, "EncryptionMethod");
  if (method == nullptr || !has_only(method, {{kXmlEnc, "KeySize"}})) {
    return bad("EncryptionMethod");
  }
  const std::string algorithm = attribute(method, "Algorithm").value_or("");
  const auto cipher = block_cipher(algorithm);
  if (!cipher) return not_allowed(algorithm);
  auto bytes = cipher_value(data);
  if (!bytes) return bad("no CipherValue");
  auto nodes = find_keys(holder, data);
  if (!nodes) return nodes.failure();
  if (nodes->empty() || nodes->size() > kMaxKeys) {
    return bad(std::to_string(nodes->size()) + " EncryptedKeys");
  }
  EncryptedElement element{holder, *cipher, std::move(*bytes), {}};
  for (const xmlNode* node : *nodes) {
    auto key = read_key(node);
    if (!key) return key.failure();
    element.keys.push_back(std::move(*key));
  }
  return element;
}

bool has_no_other_encryption(xmlNode* root, const std::vector<EncryptedElement>& read) {
  constexpr std::array<const char*, 10> kKnown{
      "EncryptedData", "EncryptedKey",  "EncryptionMethod", "CipherData", "CipherValue",
      "ReferenceList", "DataReference", "KeySize",          "OAEPparams", "CarriedKeyName"};
  std::size_t data = 0;
  std::size_t keys = 0;
  const bool is_known = walk(root, [&](const xmlNode* node) {
    if (node->type != XML_ELEMENT_NODE || node->ns == nullptr ||
        std::strcmp(reinterpret_cast<const char*>(node->ns->href), kXmlEnc) != 0) {
      return true;
    }
    const char* name = reinterpret_cast<const char*>(node->name);
    if (std::strcmp(name, "EncryptedData") == 0) ++data;
    if (std::strcmp(name, "EncryptedKey") == 0) ++keys;
    return std::any_of(kKnown.begin(), kKnown.end(),
                       [&](const char* known) { return std::strcmp(name, known) == 0; });
  });
  std::size_t keys_read = 0;
  for (const EncryptedElement& element : read) keys_read += element.keys.size();
  return is_known && data == read.size() && keys == keys_read;
}

}  // namespace anteroom::saml
