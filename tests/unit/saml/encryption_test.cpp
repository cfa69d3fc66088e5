// Encrypted assertions and NameIDs: what opens, what does not, and that nobody learns why.
#include "fixture.h"

using namespace anteroom;
using namespace anteroom::test;

namespace {

const forge::Authority& own_key() {
  static const forge::Authority kOwn = forge::make_authority();
  return kOwn;
}
const forge::Authority& next_key() {
  static const forge::Authority kNext = forge::make_authority();
  return kNext;
}

constexpr const char* kPkcs1 = "http://www.w3.org/2001/04/xmlenc#rsa-1_5";

std::shared_ptr<forge::Encryption> by_default() {
  auto encryption = std::make_shared<forge::Encryption>();
  encryption->recipient = own_key();
  return encryption;
}

forge::Options encrypted_options(forge::Sign sign = forge::Sign::assertion) {
  forge::Options options;
  options.sign = sign;
  options.encrypt_assertion = by_default();
  return options;
}

Trust with_keys() {
  Trust trust;
  trust.sp.decryption = {{Secret(next_key().private_key_pem), ""},
                         {Secret(own_key().private_key_pem), ""}};
  return trust;
}

std::string judged(const forge::Options& options) {
  return outcome(with_keys().verify(options));
}

// The EncryptedData changed by `change` on its way into the message.
std::string judged_with(std::function<std::string(std::string)> change,
                        forge::Sign sign = forge::Sign::assertion) {
  forge::Options options = encrypted_options(sign);
  options.encrypt_assertion->after = std::move(change);
  return judged(options);
}

std::function<std::string(std::string)> swap(const std::string& from, const std::string& to) {
  return [=](std::string xml) { return forge::replaced(std::move(xml), from, to); };
}

// Changes one character in the middle of the nth CipherValue.
std::string spoil(std::string xml, int which) {
  std::size_t at = 0;
  for (int i = 0; i <= which; ++i) at = xml.find("<xenc:CipherValue>", at) + 18;
  at += 60;
  xml[at] = xml[at] == 'A' ? 'B' : 'A';
  return xml;
}

}  // namespace

TEST_CASE("an encrypted assertion opens by every allowed algorithm") {
  for (const char* block :
       {"http://www.w3.org/2001/04/xmlenc#aes128-cbc",
        "http://www.w3.org/2001/04/xmlenc#aes192-cbc",
        "http://www.w3.org/2001/04/xmlenc#aes256-cbc", "http://www.w3.org/2009/xmlenc11#aes128-gcm",
        "http://www.w3.org/2009/xmlenc11#aes192-gcm",
        "http://www.w3.org/2009/xmlenc11#aes256-gcm"}) {
    forge::Options options = encrypted_options();
    options.encrypt_assertion->block = block;
    INFO(block);
    CHECK(judged(options) == "accepted");
  }
}

TEST_CASE("OAEP opens with the digests and masks that identity providers use") {
  struct Variant {
    const char* transport;
    const char* digest;
    const char* mask;
  };
  for (const Variant& v :
       {Variant{"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p", "", ""},
        {"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
         "http://www.w3.org/2000/09/xmldsig#sha1", ""},
        {"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
         "http://www.w3.org/2001/04/xmlenc#sha256", ""},
        {"http://www.w3.org/2009/xmlenc11#rsa-oaep", "", ""},
        {"http://www.w3.org/2009/xmlenc11#rsa-oaep", "http://www.w3.org/2001/04/xmlenc#sha256",
         "http://www.w3.org/2009/xmlenc11#mgf1sha256"},
        {"http://www.w3.org/2009/xmlenc11#rsa-oaep", "http://www.w3.org/2001/04/xmlenc#sha512",
         "http://www.w3.org/2009/xmlenc11#mgf1sha384"}}) {
    forge::Options options = encrypted_options();
    options.encrypt_assertion->transport = v.transport;
    options.encrypt_assertion->digest = v.digest;
    options.encrypt_assertion->mask = v.mask;
    INFO(v.transport << " " << v.digest << " " << v.mask);
    CHECK(judged(options) == "accepted");
  }
}

TEST_CASE("an encrypted assertion is as good wherever the signature is") {
  for (const auto sign : {forge::Sign::assertion, forge::Sign::response, forge::Sign::both}) {
    const auto verdict = with_keys().verify(encrypted_options(sign));
    REQUIRE(outcome(verdict) == "accepted");
    CHECK(verdict.assertion->email() == "ann@corp.test");
  }
}

TEST_CASE("Okta's form: the key beside the data, named by a RetrievalMethod") {
  forge::Options options = encrypted_options();
  options.encrypt_assertion->is_key_beside = true;
  CHECK(judged(options) == "accepted");
  options.encrypt_assertion->after = swap("URI=\"#_ek\"", "URI=\"#_r1\"");
  CHECK(judged(options) == "encryption_shape");
  options.encrypt_assertion->after = swap("URI=\"#_ek\"", "URI=\"http://127.0.0.1:1/\"");
  CHECK(judged(options) == "encryption_shape");
}

TEST_CASE("either of two keys opens, and no other") {
  forge::Options options = encrypted_options();
  options.encrypt_assertion->recipient = next_key();
  CHECK(judged(options) == "accepted");
  options.encrypt_assertion->recipient = other_authority();
  CHECK(judged(options) == "decryption_failed");
  CHECK(outcome(Trust().verify(options)) == "decryption_key_missing");
}

TEST_CASE("an encrypted NameID is read, with or without an encrypted assertion around it") {
  forge::Options options;
  options.attributes = {};
  options.encrypt_name_id = by_default();
  for (const auto sign : {forge::Sign::assertion, forge::Sign::response, forge::Sign::both}) {
    for (const bool is_double : {false, true}) {
      options.sign = sign;
      options.encrypt_assertion = is_double ? by_default() : nullptr;
      // Two keys in one message need two IDs.
      if (is_double)
        options.encrypt_assertion->after = [](std::string xml) {
          return forge::replaced(std::move(xml), "\"_ek\"", "\"_ek2\"");
        };
      const auto verdict = with_keys().verify(options);
      REQUIRE(outcome(verdict) == "accepted");
      CHECK(verdict.assertion->name_id() == "ann@corp.test");
      CHECK(verdict.assertion->email() == "ann@corp.test");
    }
  }
}

TEST_CASE("a NameID encrypted for somebody else is refused even where it is not needed") {
  forge::Options options;
  options.encrypt_name_id = by_default();
  options.encrypt_name_id->recipient = other_authority();
  CHECK(judged(options) == "decryption_failed");
}

TEST_CASE("being encrypted does not replace a signature") {
  CHECK(judged(encrypted_options(forge::Sign::none)) == "signature_missing");
  CHECK(outcome(with_keys().verify(encrypted_options(), other_authority())) == "signature_invalid");
  CHECK(outcome(with_keys().verify(encrypted_options(forge::Sign::response), other_authority())) ==
        "signature_invalid");
}

TEST_CASE("what comes out passes the guard again") {
  const auto wrapped = [](const std::string& plain) {
    forge::Options options;
    options.sign = forge::Sign::none;
    std::string xml = forge::make_response(authority(), options);
    const auto from = xml.find("<Assertion");
    const auto to = xml.find("</samlp:Response>");
    return outcome(with_keys().verify(xml.replace(
        from, to - from, forge::encrypted("EncryptedAssertion", plain, *by_default()))));
  };
  forge::Options good;
  std::string xml = forge::make_response(authority(), good);
  const auto from = xml.find("<Assertion");
  const std::string assertion = xml.substr(from, xml.find("</samlp:Response>") - from);
  CHECK(wrapped(assertion) == "accepted");
  CHECK(wrapped("<!DOCTYPE x>" + assertion) == "decryption_failed");
  CHECK(wrapped(assertion + "<!-- x -->") == "xml_markup");
  CHECK(wrapped(assertion + assertion) == "decryption_failed");
  CHECK(wrapped("<x>" + assertion + "</x>") == "decryption_failed");
  CHECK(wrapped(forge::encrypted("EncryptedAssertion", assertion, *by_default())) ==
        "decryption_failed");
  CHECK(wrapped(assertion + forge::encrypted("EncryptedAssertion", assertion, *by_default())) ==
        "assertion_count");
  CHECK(wrapped(forge::replaced(assertion, "ID=\"_a1\"", "ID=\"_r1\"")) == "xml_duplicate_id");
  CHECK(wrapped("") == "decryption_failed");
  CHECK(wrapped("no XML") == "decryption_failed");
}

TEST_CASE("a spoiled key, cipher text or tag all fail alike") {
  for (const char* block : {"http://www.w3.org/2001/04/xmlenc#aes256-cbc",
                            "http://www.w3.org/2009/xmlenc11#aes256-gcm"}) {
    for (const int which : {0, 1}) {
      forge::Options options = encrypted_options();
      options.encrypt_assertion->block = block;
      options.encrypt_assertion->after = [=](std::string xml) {
        return spoil(std::move(xml), which);
      };
      INFO(block << " " << which);
      CHECK(judged(options) == "decryption_failed");
    }
  }
}

TEST_CASE("cipher text under a signature of the Response cannot be changed") {
  forge::Options options = encrypted_options(forge::Sign::response);
  options.after_signing = [](std::string xml) { return spoil(std::move(xml), 1); };
  CHECK(judged(options) == "signature_invalid");
}

TEST_CASE("PKCS#1 v1.5 opens only where the IdP may use it, and says nothing about its padding") {
  forge::Options options = encrypted_options();
  options.encrypt_assertion->transport = kPkcs1;
  CHECK(judged(options) == "encryption_algorithm");
  Trust trust = with_keys();
  trust.idp.allow_rsa_pkcs1 = true;
  CHECK(outcome(trust.verify(options)) == "accepted");
  options.encrypt_assertion->after = [](std::string xml) { return spoil(std::move(xml), 0); };
  CHECK(outcome(trust.verify(options)) == "decryption_failed");
}

TEST_CASE("PKCS#1 v1.5 has no parameters: a DigestMethod that is there all the same is nothing") {
  forge::Options options = encrypted_options();
  options.encrypt_assertion->transport = kPkcs1;
  options.encrypt_assertion->digest = "http://www.w3.org/2000/09/xmldsig#sha1";
  CHECK(judged(options) == "encryption_algorithm");
  Trust trust = with_keys();
  trust.idp.allow_rsa_pkcs1 = true;
  CHECK(outcome(trust.verify(options)) == "accepted");
  options.encrypt_assertion->mask = "http://www.w3.org/2009/xmlenc11#mgf1sha1";
  CHECK(outcome(trust.verify(options)) == "encryption_shape");
}

TEST_CASE("other algorithms are refused by name") {
  const std::string block = "http://www.w3.org/2001/04/xmlenc#aes256-cbc";
  CHECK(judged_with(swap(block, "http://www.w3.org/2001/04/xmlenc#tripledes-cbc")) ==
        "encryption_algorithm");
  CHECK(judged_with(swap(block, "http://www.w3.org/2001/04/xmlenc#kw-aes256")) ==
        "encryption_algorithm");
  CHECK(judged_with(swap("rsa-oaep-mgf1p", "kw-aes128")) == "encryption_algorithm");
  forge::Options options = encrypted_options();
  options.encrypt_assertion->digest = "http://www.w3.org/2001/04/xmldsig-more#md5";
  CHECK(judged(options) == "encryption_algorithm");
}

TEST_CASE("nothing in the encrypted part may name another place or hold another part") {
  const std::string key = "<xenc:EncryptedKey";
  const std::string info = "<ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">";
  const auto refused = [](std::function<std::string(std::string)> change) {
    return judged_with(std::move(change)) == "encryption_shape";
  };
  CHECK(refused(swap("<xenc:CipherValue>",
                     "<xenc:CipherReference URI=\"file:///etc/passwd\"/><xenc:CipherValue>")));
  CHECK(refused(swap(info, info + "<ds:RetrievalMethod URI=\"file:///etc/passwd\"/>")));
  CHECK(refused(swap(info, info + "<xenc:AgreementMethod Algorithm=\"x\"/>")));
  CHECK(refused(swap("</ds:KeyInfo>", "</ds:KeyInfo><xenc:EncryptionProperties/>")));
  CHECK(refused([&](std::string xml) {
    const auto from = xml.find(key);
    const std::string end = "</xenc:EncryptedKey>";
    const auto to = xml.find(end) + end.size();
    return xml.erase(from, to - from);
  }));
  CHECK(refused([&](std::string xml) {
    const auto from = xml.find(key);
    const std::string end = "</xenc:EncryptedKey>";
    const std::string one = xml.substr(from, xml.find(end) + end.size() - from);
    const std::string two =
        forge::replaced(one, "_ek", "_ek2") + forge::replaced(one, "_ek", "_ek3");
    return xml.insert(from, two);
  }));
  CHECK(refused([](std::string xml) {
    return forge::replaced(std::move(xml), "</xenc:EncryptedData>",
                           "</xenc:EncryptedData><xenc:EncryptedData "
                           "xmlns:xenc=\"http://www.w3.org/2001/04/xmlenc#\"/>");
  }));
}

TEST_CASE("encrypted parts in other places are refused") {
  const std::string id = forge::encrypted("EncryptedID", "<NameID>x</NameID>", *by_default());
  CHECK(judged(saying("<SubjectConfirmation ", id + "<SubjectConfirmation ")) == "text_not_plain");
  CHECK(judged(saying("</SubjectConfirmation>", id + "</SubjectConfirmation>")) ==
        "encryption_shape");
  CHECK(judged(saying("<AttributeStatement>",
                      "<AttributeStatement>" +
                          forge::encrypted("EncryptedAttribute", "<x/>", *by_default()))) ==
        "encryption_shape");
}

TEST_CASE("an encrypted element has only the parts that it needs") {
  CHECK(judged_with([](std::string xml) {
          const std::string end = "</xenc:CipherValue>";
          return xml.insert(xml.rfind(end), "<x/>");
        }) == "encryption_shape");
  CHECK(judged_with([](std::string xml) {
          const std::string info = "</ds:KeyInfo>";
          return xml.insert(xml.rfind(info) + info.size(),
                            "<ds:KeyInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>");
        }) == "encryption_shape");
  CHECK(judged_with([](std::string xml) {
          const std::string info = "</ds:KeyInfo>";
          return xml.insert(xml.rfind(info), "<ds:KeyValue/>");
        }) == "encryption_shape");
  forge::Options options = encrypted_options();
  options.encrypt_assertion->transport = "http://www.w3.org/2001/04/xmlenc#rsa-1_5";
  options.encrypt_assertion->after = [](std::string xml) {
    const std::string method = "xmlenc#rsa-1_5\"";
    return xml.insert(xml.find('>', xml.find(method)) + 1, "<x/>");
  };
  Trust trust = with_keys();
  trust.idp.allow_rsa_pkcs1 = true;
  CHECK(outcome(trust.verify(options)) == "encryption_shape");
}
