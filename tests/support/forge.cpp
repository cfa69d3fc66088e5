#include "support/forge.h"

#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>
#include <sstream>
#include <stdexcept>

namespace anteroom::forge {

namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const {
    Free(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Deleter<X509_free>>;
using Bio = std::unique_ptr<BIO, Deleter<BIO_free>>;
using Doc = std::unique_ptr<xmlDoc, Deleter<xmlFreeDoc>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;

void need(bool condition, const char* what) {
  if (!condition) throw std::logic_error(what);
}

template <class Write>
std::string pem_of(Write write) {
  const Bio bio(BIO_new(BIO_s_mem()));
  need(write(bio.get()) == 1, "writing PEM");
  char* text = nullptr;
  const long length = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

std::string instant(Time time) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
  std::tm tm{};
  gmtime_r(&seconds, &tm);
  char text[32];
  need(std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm) > 0, "strftime");
  return text;
}

const EVP_MD* digest_of(const std::string& algorithm) {
  if (algorithm.ends_with("sha1")) return EVP_sha1();
  if (algorithm.ends_with("sha384")) return EVP_sha384();
  if (algorithm.ends_with("sha512")) return EVP_sha512();
  if (algorithm.ends_with("md5")) return EVP_md5();
  return EVP_sha256();
}

std::string hash(const std::string& bytes, const EVP_MD* digest) {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  need(EVP_Digest(bytes.data(), bytes.size(), out, &length, digest, nullptr) == 1, "hashing");
  return {reinterpret_cast<char*>(out), length};
}

// XML Signature wants r and s side by side where OpenSSL gives DER (RFC 6931 2.3.6).
std::string raw_ecdsa(const std::string& der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>> signature(
      d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size())));
  std::string out(64, '\0');
  auto* data = reinterpret_cast<unsigned char*>(out.data());
  BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), data, 32);
  BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), data + 32, 32);
  return out;
}

std::string raw_sign(const std::string& text, const Authority& authority, const EVP_MD* digest) {
  const Bio bio(BIO_new_mem_buf(authority.private_key_pem.data(),
                                static_cast<int>(authority.private_key_pem.size())));
  const Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, nullptr, nullptr));
  const DigestContext context(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t length = 0;
  need(EVP_DigestSignInit(context.get(), nullptr, digest, nullptr, key.get()) == 1, "sign init");
  need(EVP_DigestSign(context.get(), nullptr, &length, bytes, text.size()) == 1, "sign size");
  std::string out(length, '\0');
  need(EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &length, bytes,
                      text.size()) == 1,
       "sign");
  out.resize(length);
  return EVP_PKEY_get_base_id(key.get()) == EVP_PKEY_EC ? raw_ecdsa(out) : out;
}

struct Subtree {
  xmlNode* root;
};

int is_within(void* user, xmlNode* node, xmlNode* parent) {
  const xmlNode* root = static_cast<Subtree*>(user)->root;
  const xmlNode* at =
      node->type == XML_NAMESPACE_DECL || node->type == XML_ATTRIBUTE_NODE ? parent : node;
  for (; at != nullptr; at = at->parent) {
    if (at == root) return 1;
  }
  return 0;
}

std::string canonical(xmlDoc* document, xmlNode* node, const std::string& prefixes,
                      xmlC14NMode mode = XML_C14N_EXCLUSIVE_1_0) {
  std::vector<std::string> words;
  std::istringstream stream(prefixes);
  for (std::string word; stream >> word;) words.push_back(word);
  std::vector<xmlChar*> list;
  for (std::string& word : words) list.push_back(reinterpret_cast<xmlChar*>(word.data()));
  list.push_back(nullptr);
  Subtree subtree{node};
  const std::unique_ptr<xmlOutputBuffer, Deleter<xmlOutputBufferClose>> buffer(
      xmlAllocOutputBuffer(nullptr));
  need(xmlC14NExecute(document, is_within, &subtree, mode, words.empty() ? nullptr : list.data(), 0,
                      buffer.get()) >= 0,
       "c14n");
  return {reinterpret_cast<const char*>(xmlOutputBufferGetContent(buffer.get())),
          xmlOutputBufferGetSize(buffer.get())};
}

xmlNode* by_id(xmlNode* node, const std::string& id) {
  for (; node != nullptr; node = node->next) {
    if (node->type != XML_ELEMENT_NODE) continue;
    const std::unique_ptr<xmlChar, decltype(xmlFree)> value(xmlGetProp(node, BAD_CAST "ID"),
                                                            xmlFree);
    if (value != nullptr && id == reinterpret_cast<const char*>(value.get())) return node;
    if (xmlNode* found = by_id(node->children, id)) return found;
  }
  return nullptr;
}

Doc parse(const std::string& xml) {
  Doc document(
      xmlReadMemory(xml.data(), static_cast<int>(xml.size()), nullptr, nullptr, XML_PARSE_NONET));
  need(document != nullptr, "the forged XML is not well-formed");
  return document;
}

std::string dump(xmlDoc* document) {
  xmlChar* text = nullptr;
  int size = 0;
  xmlDocDumpMemory(document, &text, &size);
  std::string out(reinterpret_cast<char*>(text), static_cast<std::size_t>(size));
  xmlFree(text);
  return out;
}

std::string signed_info(const std::string& id, const std::string& digest, const Options& options) {
  const std::string c14n = "http://www.w3.org/2001/10/xml-exc-c14n#";
  const auto list = [&](const std::string& prefixes) {
    return prefixes.empty() ? ""
                            : "<ec:InclusiveNamespaces xmlns:ec=\"" + c14n + "\" PrefixList=\"" +
                                  prefixes + "\"/>";
  };
  const std::string of_info =
      options.is_signed_info_inclusive ? "http://www.w3.org/TR/2001/REC-xml-c14n-20010315" : c14n;
  return "<ds:SignedInfo "
         "xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"><ds:CanonicalizationMethod "
         "Algorithm=\"" +
         of_info + "\">" + list(options.signed_info_prefixes) +
         "</ds:CanonicalizationMethod><ds:SignatureMethod Algorithm=\"" + options.signature_method +
         "\"/><ds:Reference URI=\"#" + id +
         "\"><ds:Transforms><ds:Transform "
         "Algorithm=\"http://www.w3.org/2000/09/xmldsig#enveloped-signature\"/><ds:Transform "
         "Algorithm=\"" +
         c14n + "\">" + list(options.inclusive_prefixes) +
         "</ds:Transform></ds:Transforms><ds:DigestMethod Algorithm=\"" + options.digest_method +
         "\"/><ds:DigestValue>" + to_base64(digest) +
         "</ds:DigestValue></ds:Reference></ds:SignedInfo>";
}

std::string attribute_statement(const Options& options) {
  std::string out;
  for (const auto& [name, values] : options.attributes) {
    out += "<Attribute Name=\"" + name + "\">";
    for (const std::string& value : values) out += "<AttributeValue>" + value + "</AttributeValue>";
    out += "</Attribute>";
  }
  return out.empty() ? "" : "<AttributeStatement>" + out + "</AttributeStatement>";
}

std::string assertion_xml(const Options& o) {
  using namespace std::chrono_literals;
  const std::string answer =
      o.in_response_to.empty() ? "" : "InResponseTo=\"" + o.in_response_to + "\" ";
  return "<Assertion xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\" ID=\"" + o.assertion_id +
         "\" IssueInstant=\"" + instant(o.now) + "\" Version=\"2.0\"><Issuer>" + o.issuer +
         "</Issuer><Subject><NameID Format=\"" + o.name_id_format + "\">" + o.name_id +
         "</NameID><SubjectConfirmation "
         "Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><SubjectConfirmationData " +
         answer + "NotOnOrAfter=\"" + instant(o.now + 5min) + "\" Recipient=\"" + o.acs_url +
         "\"/></SubjectConfirmation></Subject><Conditions NotBefore=\"" + instant(o.now) +
         "\" NotOnOrAfter=\"" + instant(o.now + 70min) + "\"><AudienceRestriction><Audience>" +
         o.audience + "</Audience></AudienceRestriction></Conditions>" + attribute_statement(o) +
         "<AuthnStatement AuthnInstant=\"" + instant(o.now - 1min) + "\" SessionIndex=\"" +
         o.assertion_id +
         "\"><AuthnContext><AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:Password"
         "</AuthnContextClassRef></AuthnContext></AuthnStatement></Assertion>";
}

std::string response_xml(const Options& o) {
  const std::string answer =
      o.in_response_to.empty() ? "" : " InResponseTo=\"" + o.in_response_to + "\"";
  return "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"" +
         o.response_id + "\" Version=\"2.0\" IssueInstant=\"" + instant(o.now) +
         "\" Destination=\"" + o.acs_url + "\"" + answer +
         "><Issuer xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">" + o.issuer +
         "</Issuer><samlp:Status><samlp:StatusCode "
         "Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>"
         "</samlp:Status>" +
         assertion_xml(o) + "</samlp:Response>";
}

std::string random_bytes(std::size_t count) {
  std::string out(count, '\0');
  need(RAND_bytes(reinterpret_cast<unsigned char*>(out.data()), static_cast<int>(count)) == 1,
       "randomness");
  return out;
}

std::string encrypt_block(const std::string& algorithm, const std::string& key,
                          const std::string& plain) {
  const bool is_gcm = algorithm.ends_with("gcm");
  const std::string cipher_name =
      "AES-" + std::to_string(key.size() * 8) + (is_gcm ? "-GCM" : "-CBC");
  const std::unique_ptr<EVP_CIPHER, Deleter<EVP_CIPHER_free>> cipher(
      EVP_CIPHER_fetch(nullptr, cipher_name.c_str(), nullptr));
  const std::unique_ptr<EVP_CIPHER_CTX, Deleter<EVP_CIPHER_CTX_free>> context(EVP_CIPHER_CTX_new());
  const std::string iv = random_bytes(is_gcm ? 12 : 16);
  const auto bytes = [](const std::string& s) {
    return reinterpret_cast<const unsigned char*>(s.data());
  };
  need(EVP_EncryptInit_ex2(context.get(), cipher.get(), bytes(key), bytes(iv), nullptr) == 1,
       "cipher");
  std::string out(plain.size() + 32, '\0');
  auto* at = reinterpret_cast<unsigned char*>(out.data());
  int first = 0;
  int last = 0;
  need(EVP_EncryptUpdate(context.get(), at, &first, bytes(plain), static_cast<int>(plain.size())) ==
               1 &&
           EVP_EncryptFinal_ex(context.get(), at + first, &last) == 1,
       "encryption");
  out.resize(static_cast<std::size_t>(first + last));
  if (is_gcm) {
    std::string tag(16, '\0');
    EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, 16, tag.data());
    out += tag;
  }
  return iv + out;
}

std::string wrap_key(const std::string& key, const Encryption& e) {
  const auto* der = reinterpret_cast<const unsigned char*>(e.recipient.certificate_der.data());
  const Certificate certificate(
      d2i_X509(nullptr, &der, static_cast<long>(e.recipient.certificate_der.size())));
  const std::unique_ptr<EVP_PKEY_CTX, Deleter<EVP_PKEY_CTX_free>> context(
      EVP_PKEY_CTX_new(X509_get0_pubkey(certificate.get()), nullptr));
  need(EVP_PKEY_encrypt_init(context.get()) == 1, "wrapping");
  if (e.transport.ends_with("rsa-1_5")) {
    EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_PADDING);
  } else {
    EVP_PKEY_CTX_set_rsa_padding(context.get(), RSA_PKCS1_OAEP_PADDING);
    EVP_PKEY_CTX_set_rsa_oaep_md(context.get(),
                                 e.digest.empty() ? EVP_sha1() : digest_of(e.digest));
    EVP_PKEY_CTX_set_rsa_mgf1_md(context.get(), e.mask.empty() ? EVP_sha1() : digest_of(e.mask));
  }
  std::string out(512, '\0');
  std::size_t length = out.size();
  need(EVP_PKEY_encrypt(context.get(), reinterpret_cast<unsigned char*>(out.data()), &length,
                        reinterpret_cast<const unsigned char*>(key.data()), key.size()) == 1,
       "wrapping the key");
  out.resize(length);
  return out;
}

std::string cipher_data(const std::string& bytes) {
  return "<xenc:CipherData><xenc:CipherValue>" + to_base64(bytes) +
         "</xenc:CipherValue></xenc:CipherData>";
}

// The element from its start tag to its end tag; there is one of that name.
std::string encrypt_element(std::string xml, const std::string& name, const std::string& wrapper,
                            const Encryption& encryption) {
  const auto from = xml.find("<" + name);
  const std::string end = "</" + name + ">";
  const auto to = xml.find(end);
  need(from != std::string::npos && to != std::string::npos, "nothing to encrypt");
  const std::string plain = xml.substr(from, to + end.size() - from);
  return xml.replace(from, plain.size(), encrypted(wrapper, plain, encryption));
}

}  // namespace

std::string encrypted(const std::string& name, const std::string& plain, const Encryption& e) {
  const std::size_t key_bytes = e.block.find("128") != std::string::npos   ? 16u
                                : e.block.find("192") != std::string::npos ? 24u
                                                                           : 32u;
  const std::string key = random_bytes(key_bytes);
  const std::string xenc = " xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\"";
  std::string method;
  if (!e.digest.empty()) {
    method += "<ds:DigestMethod xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\" Algorithm=\"" +
              e.digest + "\"/>";
  }
  if (!e.mask.empty()) {
    method += "<xenc11:MGF xmlns:xenc11=\"http://www.w3.org/2009/xmlenc11#\" Algorithm=\"" +
              e.mask + "\"/>";
  }
  const std::string wrapped = "<xenc:EncryptedKey" + xenc +
                              " Id=\"_ek\"><xenc:EncryptionMethod Algorithm=\"" + e.transport +
                              "\">" + method + "</xenc:EncryptionMethod>" +
                              cipher_data(wrap_key(key, e)) + "</xenc:EncryptedKey>";
  const std::string found =
      e.is_key_beside
          ? "<ds:RetrievalMethod Type=\"http://www.w3.org/2001/04/xmlenc#EncryptedKey\" "
            "URI=\"#_ek\"/>"
          : wrapped;
  std::string data = "<xenc:EncryptedData" + xenc +
                     " Type=\"http://www.w3.org/2001/04/xmlenc#Element\"><xenc:EncryptionMethod "
                     "Algorithm=\"" +
                     e.block + "\"/><ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">" +
                     found + "</ds:KeyInfo>" + cipher_data(encrypt_block(e.block, key, plain)) +
                     "</xenc:EncryptedData>" + (e.is_key_beside ? wrapped : "");
  if (e.after) data = e.after(data);
  return "<" + name + " xmlns=\"urn:oasis:names:tc:SAML:2.0:assertion\">" + data + "</" + name +
         ">";
}

std::string to_base64(const std::string& bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3) + 1, '\0');
  const int length = EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                     reinterpret_cast<const unsigned char*>(bytes.data()),
                                     static_cast<int>(bytes.size()));
  out.resize(static_cast<std::size_t>(length));
  return out;
}

namespace {

struct FreeContext {
  void operator()(EVP_PKEY_CTX* context) const { EVP_PKEY_CTX_free(context); }
};
using KeyContext = std::unique_ptr<EVP_PKEY_CTX, FreeContext>;

Key make_rsa_pss() {
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA-PSS", nullptr));
  EVP_PKEY* key = nullptr;
  need(EVP_PKEY_keygen_init(context.get()) == 1 &&
           EVP_PKEY_CTX_set_rsa_keygen_bits(context.get(), 2048) == 1 &&
           EVP_PKEY_generate(context.get(), &key) == 1,
       "RSA-PSS");
  return Key(key);
}

Key make_dsa() {
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "DSA", nullptr));
  EVP_PKEY* parameters = nullptr;
  need(EVP_PKEY_paramgen_init(context.get()) == 1 &&
           EVP_PKEY_CTX_set_dsa_paramgen_bits(context.get(), 1024) == 1 &&
           EVP_PKEY_paramgen(context.get(), &parameters) == 1,
       "DSA parameters");
  const Key owner(parameters);
  const KeyContext generator(EVP_PKEY_CTX_new(parameters, nullptr));
  EVP_PKEY* key = nullptr;
  need(EVP_PKEY_keygen_init(generator.get()) == 1 && EVP_PKEY_generate(generator.get(), &key) == 1,
       "DSA");
  return Key(key);
}

Key make_key(KeyType type) {
  switch (type) {
    case KeyType::ec256:
      return Key(EVP_EC_gen("P-256"));
    case KeyType::secp256k1:
      return Key(EVP_EC_gen("secp256k1"));
    case KeyType::brainpool:
      return Key(EVP_EC_gen("brainpoolP256r1"));
    case KeyType::ed25519:
      return Key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
    case KeyType::dsa:
      return make_dsa();
    case KeyType::rsa_pss:
      return make_rsa_pss();
    case KeyType::rsa1024:
      return Key(EVP_RSA_gen(1024u));
    case KeyType::rsa2048:
    case KeyType::exponent_one:
      break;
  }
  return Key(EVP_RSA_gen(2048u));
}

// The same modulus under the public exponent 1.
Key with_exponent_one(const EVP_PKEY* key) {
  BIGNUM* modulus = nullptr;
  need(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_N, &modulus) == 1, "modulus");
  const std::unique_ptr<BIGNUM, decltype(&BN_free)> owner(modulus, BN_free);
  std::vector<unsigned char> bytes(static_cast<std::size_t>(BN_num_bytes(modulus)));
  BN_bn2nativepad(modulus, bytes.data(), static_cast<int>(bytes.size()));
  unsigned int one = 1;
  OSSL_PARAM parameters[]{
      OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, bytes.data(), bytes.size()),
      OSSL_PARAM_construct_uint(OSSL_PKEY_PARAM_RSA_E, &one), OSSL_PARAM_construct_end()};
  const KeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  EVP_PKEY* made = nullptr;
  need(EVP_PKEY_fromdata_init(context.get()) == 1 &&
           EVP_PKEY_fromdata(context.get(), &made, EVP_PKEY_PUBLIC_KEY, parameters) == 1,
       "exponent 1");
  return Key(made);
}

}  // namespace

Authority make_authority(KeyType type, int valid_days) {
  const Key key = make_key(type);
  const Certificate certificate(X509_new());
  need(key != nullptr && certificate != nullptr, "key generation");
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  const std::time_t around = std::chrono::system_clock::to_time_t(Options{}.now);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), around - 86400L * 3650);
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), around + 86400L * valid_days);
  X509_set_pubkey(certificate.get(),
                  type == KeyType::exponent_one ? with_exponent_one(key.get()).get() : key.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("Forged IdP"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(certificate.get()));
  const EVP_MD* digest = type == KeyType::ed25519 ? nullptr : EVP_sha256();
  need(X509_sign(certificate.get(), key.get(), digest) > 0, "signing the certificate");
  Authority authority;
  authority.private_key_pem = pem_of([&](BIO* bio) {
    return PEM_write_bio_PrivateKey(bio, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  });
  authority.certificate_pem =
      pem_of([&](BIO* bio) { return PEM_write_bio_X509(bio, certificate.get()); });
  unsigned char* der = nullptr;
  const int length = i2d_X509(certificate.get(), &der);
  authority.certificate_der.assign(reinterpret_cast<char*>(der), static_cast<std::size_t>(length));
  OPENSSL_free(der);
  return authority;
}

std::string make_metadata(const std::string& entity_id, const std::string& sso_url,
                          const std::vector<Authority>& authorities, bool entra_shaped) {
  std::string keys;
  for (const Authority& authority : authorities) {
    keys +=
        "<KeyDescriptor use=\"signing\"><KeyInfo "
        "xmlns=\"http://www.w3.org/2000/09/xmldsig#\"><X509Data>"
        "<X509Certificate>" +
        to_base64(authority.certificate_der) +
        "</X509Certificate></X509Data></KeyInfo></KeyDescriptor>";
  }
  const std::string fed =
      "<RoleDescriptor xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
      "xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\" "
      "xsi:type=\"fed:SecurityTokenServiceType\" "
      "protocolSupportEnumeration=\"http://docs.oasis-open.org/wsfed/federation/200706\">" +
      keys +
      "<fed:ClaimTypesOffered/></RoleDescriptor><RoleDescriptor "
      "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" "
      "xmlns:fed=\"http://docs.oasis-open.org/wsfed/federation/200706\" "
      "xsi:type=\"fed:ApplicationServiceType\" "
      "protocolSupportEnumeration=\"http://docs.oasis-open.org/wsfed/federation/200706\">" +
      keys + "</RoleDescriptor>";
  std::string sso;
  for (const char* binding : {"HTTP-Redirect", "HTTP-POST"}) {
    sso += "<SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:" +
           std::string(binding) + "\" Location=\"" + sso_url + "\"/>";
  }
  return "<?xml version=\"1.0\" encoding=\"utf-8\"?><EntityDescriptor ID=\"_m1\" entityID=\"" +
         entity_id + "\" xmlns=\"urn:oasis:names:tc:SAML:2.0:metadata\">" +
         (entra_shaped ? fed : "") +
         "<IDPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\">" +
         keys +
         "<SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" "
         "Location=\"" +
         sso_url + "\"/>" + sso + "</IDPSSODescriptor></EntityDescriptor>";
}

std::string sign(const std::string& xml, const std::string& id, const Authority& authority,
                 const Options& options) {
  const Doc document = parse(xml);
  xmlNode* element = by_id(xmlDocGetRootElement(document.get()), id);
  need(element != nullptr, "nothing to sign");
  const std::string digest = hash(canonical(document.get(), element, options.inclusive_prefixes),
                                  digest_of(options.digest_method));
  const Doc signature = parse("<ds:Signature xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">" +
                              signed_info(id, digest, options) +
                              "<ds:SignatureValue/><ds:KeyInfo><ds:X509Data>"
                              "<ds:X509Certificate>" +
                              to_base64(authority.certificate_der) +
                              "</ds:X509Certificate></ds:X509Data></ds:KeyInfo></ds:Signature>");
  xmlNode* first = element->children;
  while (first != nullptr && first->type != XML_ELEMENT_NODE) first = first->next;
  need(first != nullptr, "no Issuer to put the signature behind");
  xmlNode* copy = xmlDocCopyNode(xmlDocGetRootElement(signature.get()), document.get(), 1);
  xmlAddNextSibling(first, copy);
  // In its place: what is in scope there may count.
  xmlNode* info = copy->children;
  const std::string to_sign =
      canonical(document.get(), info, options.signed_info_prefixes,
                options.is_signed_info_inclusive ? XML_C14N_1_0 : XML_C14N_EXCLUSIVE_1_0);
  const std::string value =
      to_base64(raw_sign(to_sign, authority, digest_of(options.signature_method)));
  xmlNodeSetContent(info->next, reinterpret_cast<const xmlChar*>(value.c_str()));
  return dump(document.get());
}

std::string make_response(const Authority& authority, const Options& options) {
  std::string xml = response_xml(options);
  if (options.before_signing) xml = options.before_signing(xml);
  if (options.encrypt_name_id) {
    xml = encrypt_element(xml, "NameID", "EncryptedID", *options.encrypt_name_id);
  }
  if (options.sign == Sign::assertion || options.sign == Sign::both) {
    xml = sign(xml, options.assertion_id, authority, options);
  }
  if (options.encrypt_assertion) {
    xml = encrypt_element(xml, "Assertion", "EncryptedAssertion", *options.encrypt_assertion);
  }
  if (options.sign == Sign::response || options.sign == Sign::both) {
    xml = sign(xml, options.response_id, authority, options);
  }
  return options.after_signing ? options.after_signing(xml) : xml;
}

std::string raw_signature(const std::string& octets, const Authority& authority,
                          const std::string& algorithm) {
  return raw_sign(octets, authority, digest_of(algorithm));
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  need(at != std::string::npos, "nothing to replace");
  return text.replace(at, from.size(), to);
}

}  // namespace anteroom::forge
