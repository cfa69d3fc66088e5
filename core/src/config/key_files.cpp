#include <filesystem>

#include "config/files.h"
#include "config/readers.h"
#include "crypto/encoding.h"
#include "crypto/envelope.h"
#include "crypto/pem.h"

namespace anteroom::config {

namespace {

namespace fs = std::filesystem;

struct Stage {
  KeyStage stage;
  const char* suffix;
};
constexpr Stage kOthers[] = {{KeyStage::previous, ".previous"}, {KeyStage::next, ".next"}};

struct ReadPair {
  KeyPair pair;
  crypto::CertificateFacts facts;
};

// Both as the section's keys name them, with a suffix.
std::optional<KeyPair> read_files(Section& section, const std::string& key_file,
                                  const std::string& certificate_file, KeyStage stage) {
  const auto key = read_secret_file(section, section.place_of("key"), key_file);
  const auto certificate =
      read_file(section, section.place_of("certificate"), certificate_file, 64u << 10);
  if (!key || !certificate) return std::nullopt;
  return KeyPair{Secret(*key), *certificate, stage, key_file, certificate_file};
}

// What a worker does with it: Status of a private key in PEM.
using Use = Status (*)(std::string_view);

Status can_decrypt(std::string_view private_key_pem) {
  if (crypto::DecryptionKey::load(private_key_pem)) return Done{};
  return Failure{crypto::code::kUnusableKey,
                 "a decryption key must be RSA with at least 2048 bits"};
}

Status fits(const KeyPair& pair) {
  return crypto::check_key_pair(pair.private_key_pem.reveal(), pair.certificate_pem);
}

Status is_usable(const KeyPair& pair, Use use) {
  if (Status whole = fits(pair); !whole) return whole;
  return use(pair.private_key_pem.reveal());
}

// A rollover that was cut short between its two renamings has left the certificate behind.
bool complete(Section& section, KeyPair& pair) {
  const std::string waiting = pair.certificate_file + ".next";
  if (!fs::exists(waiting)) return false;
  auto whole = read_files(section, pair.key_file, waiting, pair.stage);
  if (!whole || !fits(*whole)) return false;
  section.problems().warn(section.place_of("key"),
                          pair.key_file +
                              ": a rollover was interrupted: repeat `anteroom keys "
                              "rotate`, which ends it");
  pair = std::move(*whole);
  return true;
}

std::optional<ReadPair> read_pair(Section& section, Use use) {
  auto pair = read_files(section, section.resolve(section.required("key")),
                         section.resolve(section.required("certificate")), KeyStage::current);
  if (!pair) return std::nullopt;
  if (const Status whole = fits(*pair); !whole && !complete(section, *pair)) {
    section.error("key",
                  pair->key_file + ", " + pair->certificate_file + ": " + whole.failure().detail);
    return std::nullopt;
  }
  if (const Status usable = use(pair->private_key_pem.reveal()); !usable) {
    section.error("key", pair->key_file + ": " + usable.failure().detail);
    return std::nullopt;
  }
  const auto facts = crypto::pem_certificate_facts(pair->certificate_pem);
  if (!facts) {
    section.error("certificate", pair->certificate_file + ": " + facts.failure().detail);
    return std::nullopt;
  }
  return ReadPair{std::move(*pair), *facts};
}

// Half a pair is one that is just being made, or taken away.
std::vector<KeyPair> read_others(Section& section, Use use) {
  std::vector<KeyPair> others;
  for (const auto& [stage, suffix] : kOthers) {
    const std::string key = section.resolve(section.text_or("key", "")) + suffix;
    const std::string certificate = section.resolve(section.text_or("certificate", "")) + suffix;
    if (!fs::exists(key) || !fs::exists(certificate)) continue;
    auto pair = read_files(section, key, certificate, stage);
    if (!pair) continue;
    if (const Status usable = is_usable(*pair, use); !usable) {
      section.problems().warn(section.place_of("key"),
                              key + " is left out: " + usable.failure().detail);
      continue;
    }
    others.push_back(std::move(*pair));
  }
  return others;
}

std::string without_line_end(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

void read_cookie_key(Section& section, const Place& place, const std::string& path, KeyStage stage,
                     SessionSettings& sessions) {
  const auto text = read_secret_file(section, place, path);
  if (!text) return;
  const auto key = crypto::from_hex(without_line_end(*text));
  if (!key || key->size() != 32) {
    section.problems().error(place, path + " must hold 64 hex digits (openssl rand -hex 32)");
    return;
  }
  sessions.cookie_keys.emplace_back(*key);
  sessions.cookie_key_files.push_back({path, stage});
}

}  // namespace

void read_signing(Section section, ServiceProviderSettings& sp, Time now) {
  if (!section.has("key") && !section.has("certificate")) return;
  auto read = read_pair(section, crypto::check_signing_key);
  if (!read) return;
  // No error: a gate that does not start some night is worse than what a provider may say to it.
  if (now >= read->facts.not_after) {
    section.problems().warn(section.place_of("certificate"),
                            read->pair.certificate_file +
                                " has expired: identity providers may refuse what we sign; "
                                "`anteroom keys prepare signing` makes the next");
  }
  sp.signing = std::move(read->pair);
  sp.other_signing = read_others(section, crypto::check_signing_key);
}

// IdPs go on encrypting for a certificate that has expired: that is no reason to lock people out.
void read_decryption(Section& section, ServiceProviderSettings& sp, Time now) {
  constexpr std::size_t kMost = 3;
  std::vector<KeyPair> others;
  for (Section& entry : section.sections("decryption")) {
    auto read = read_pair(entry, can_decrypt);
    if (!read) continue;
    if (now >= read->facts.not_after) {
      entry.problems().warn(entry.place_of("certificate"),
                            read->pair.certificate_file +
                                " has expired: identity providers may refuse to encrypt for it; "
                                "`anteroom keys rotate decryption` makes the next");
    }
    // `keys rotate` is about the first.
    if (sp.decryption.empty()) others = read_others(entry, can_decrypt);
    sp.decryption.push_back(std::move(read->pair));
  }
  if (sp.decryption.size() > kMost) {
    section.error("decryption", "at most three decryption keys: each is tried in turn");
  }
  for (KeyPair& other : others) sp.decryption.push_back(std::move(other));
}

void read_cookie_keys(Section& section, SessionSettings& sessions) {
  const std::vector<Text> files = section.texts("cookie_keys");
  for (const Text& file : files) {
    read_cookie_key(section, file.place, section.resolve(file.value), KeyStage::current, sessions);
  }
  if (!files.empty()) {
    for (const auto& [stage, suffix] : kOthers) {
      const std::string path = section.resolve(files.front().value) + suffix;
      if (fs::exists(path)) read_cookie_key(section, files.front().place, path, stage, sessions);
    }
  }
  if (!section.has("cookie_keys")) {
    section.error("cookie_keys",
                  "'sessions.cookie_keys' is missing (openssl rand -hex 32 makes a key)");
  }
}

}  // namespace anteroom::config
