
#include <algorithm>
#include <memory>

#include "cli/commands/console.h"
#include "cli/commands/new_key.h"
#include "crypto/digest.h"
#include "crypto/encoding.h"
#include "crypto/key_maker.h"
#include "crypto/pem.h"
#include "host/files.h"

namespace anteroom::cli {

namespace {

namespace fs = std::filesystem;

const std::vector<std::string> kKinds{"cookie", "signing", "decryption"};

/// The files of one key, current first: one for a cookie key, key and certificate for a pair.
struct KeyFiles {
  std::string kind;
  std::vector<fs::path> current;
  bool is_interrupted = false;  ///< the certificate still has to follow its key

  [[nodiscard]] std::vector<fs::path> with(const char* suffix) const {
    std::vector<fs::path> paths;
    for (const fs::path& path : current) paths.push_back(path.string() + suffix);
    return paths;
  }
  [[nodiscard]] bool has(const char* suffix) const {
    const auto paths = with(suffix);
    return std::all_of(paths.begin(), paths.end(),
                       [](const auto& path) { return fs::exists(path); });
  }
};

KeyFiles files_of(const Settings& settings, const std::string& kind) {
  KeyFiles files{kind, {}};
  if (kind == "cookie") {
    files.current = {settings.sessions.cookie_key_files.front().file};
  } else {
    const auto& sp = settings.service_provider;
    const KeyPair* pair = nullptr;
    if (kind == "signing" && sp.signing) pair = &*sp.signing;
    if (kind == "decryption" && !sp.decryption.empty()) pair = &sp.decryption.front();
    if (pair == nullptr) {
      throw Abort{exit_refused, "there is no 'service_provider." + kind + "' in the configuration"};
    }
    fs::path certificate = pair->certificate_file;
    if (certificate.extension() == ".next") {
      files.is_interrupted = true;
      certificate.replace_extension();
    }
    files.current = {pair->key_file, certificate};
  }
  for (const fs::path& path : files.current) {
    if (fs::is_symlink(path)) {
      throw Abort{exit_refused, path.string() + " is a link: change what it leads to yourself"};
    }
  }
  return files;
}

std::string host_of(const Settings& settings) {
  const std::string authority = settings.service_provider.origin.authority;
  return authority.substr(0, authority.find(':'));
}

int bits_of(const KeyPair& pair) {
  const auto facts = crypto::pem_certificate_facts(pair.certificate_pem);
  return facts ? std::max(facts->key_bits, 2048) : 2048;
}

/// Makes FILE.next with the rights of FILE.
void make_next(const Settings& settings, const KeyFiles& files, int days) {
  const auto next = files.with(".next");
  if (files.kind == "cookie") {
    replace_file(next[0], new_key(), access_of(files.current[0]));
    return;
  }
  const auto& sp = settings.service_provider;
  const KeyPair& pair = files.kind == "signing" ? *sp.signing : sp.decryption.front();
  const auto made =
      crypto::make_rsa_pair(host_of(settings), bits_of(pair), SystemClock().now(), days);
  if (!made) throw Abort{exit_refused, made.failure().detail};
  replace_file(next[0], made->private_key_pem, access_of(files.current[0]));
  replace_file(next[1], made->certificate_pem, access_of(files.current[1]));
}

void rename_file(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::rename(from, to, error);
  if (error) throw Abort{exit_refused, "cannot write " + to.string() + ": " + error.message()};
}

// What customers must do with the new certificate.
std::string what_follows(const KeyFiles& files) {
  std::string reload = "Take it into use: nginx -t && nginx -s reload";
  if (files.kind == "cookie") return reload;
  return reload +
         "\nOur metadata (anteroom metadata) names it from then on; where a customer entered "
         "the certificate by hand, send them " +
         files.current[1].string();
}

void prepare(Console& console, const std::string& kind, int days) {
  const Settings& settings = console.settings();
  const KeyFiles files = files_of(settings, kind);
  if (files.is_interrupted || files.has(".next")) {
    throw Abort{exit_refused, "there is a next key already: " + files.with(".next")[0].string()};
  }
  const SignalsHeld held;
  make_next(settings, files, days);
  const std::string next = files.with(".next").back().string();
  std::string follows =
      "Every node must have it before one uses it: copy it to them, then nginx -t "
      "&& nginx -s reload";
  if (kind == "signing") {
    follows +=
        "\nOur metadata (anteroom metadata) names both then; where a customer entered the "
        "certificate by hand, send them " +
        next;
  }
  console.say("made " + next + "\n" + follows + "\nWhen that is done: anteroom keys rotate " + kind,
              {{"kind", kind}, {"made", next}});
}

void rotate(Console& console, const std::string& kind, int days, bool is_now) {
  const Settings& settings = console.settings();
  const KeyFiles files = files_of(settings, kind);
  const auto next = files.with(".next");
  const SignalsHeld held;
  bool is_prepared = true;
  if (files.is_interrupted) {
    rename_file(next[1], files.current[1]);
  } else {
    const auto previous = files.with(".previous");
    if (fs::exists(previous[0])) {
      throw Abort{exit_refused, "there is a previous key still, " + previous[0].string() +
                                    ": anteroom keys retire " + kind};
    }
    if (!files.has(".next")) {
      if (kind == "signing" && !is_now) {
        throw Abort{exit_refused,
                    "no identity provider knows a new key yet: anteroom keys prepare signing first "
                    "(or --now, where none checks our signatures)"};
      }
      make_next(settings, files, days);
      is_prepared = false;
    }
    for (std::size_t i = 0; i < files.current.size(); ++i) {
      replace_file(previous[i], read_file(files.current[i]), access_of(files.current[i]));
    }
    for (std::size_t i = 0; i < files.current.size(); ++i) rename_file(next[i], files.current[i]);
  }
  const std::string file = files.current[0].string();
  console.say((is_prepared ? "went over to the prepared " + kind + " key, now in " + file
                           : "made a new " + kind + " key, which no other node has, in " + file) +
                  "; the previous one is kept\n" + what_follows(files),
              {{"kind", kind}, {"file", file}, {"was_prepared", is_prepared}});
}

void retire(Console& console, const std::string& kind) {
  const KeyFiles files = files_of(console.settings(), kind);
  const auto previous = files.with(".previous");
  if (!fs::exists(previous[0])) {
    throw Abort{exit_refused, "there is no previous " + kind + " key"};
  }
  const SignalsHeld held;
  for (const fs::path& path : previous) fs::remove(path);
  console.say("removed " + previous[0].string() + "\nnginx -t && nginx -s reload",
              {{"kind", kind}, {"removed", previous[0].string()}});
}

const char* word_of(KeyStage stage) {
  return stage == KeyStage::current ? "current" : stage == KeyStage::next ? "next" : "previous";
}

std::int64_t days_since(Time time) {
  return std::chrono::floor<std::chrono::days>(SystemClock().now() - time).count();
}

void list(Console& console) {
  const Settings& settings = console.settings();
  std::vector<std::vector<std::string>> rows;
  Json json = Json::array();
  // To compare nodes by: what the key is cannot be told from it.
  const auto mark = [](const std::string& file) {
    const auto digest = crypto::digest(crypto::Hash::sha256, "anteroom key " + read_file(file));
    return digest ? crypto::to_hex(*digest).substr(0, 16) : "";
  };
  const auto add = [&](const char* kind, KeyStage stage, const std::string& file,
                       const std::string& ends) {
    const auto written = written_at(file);
    const Json age = written ? Json(days_since(*written)) : Json();
    rows.push_back({kind, word_of(stage), written ? age.dump() : "?", ends, mark(file), file});
    json.push_back({{"kind", kind},
                    {"stage", word_of(stage)},
                    {"age_days", age},
                    {"not_after", ends.empty() ? Json() : Json(ends)},
                    {"mark", mark(file)},
                    {"file", file}});
  };
  const auto add_pair = [&](const char* kind, const KeyPair& pair) {
    const auto facts = crypto::pem_certificate_facts(pair.certificate_pem);
    add(kind, pair.stage, pair.key_file, facts ? date_of(facts->not_after) : "");
  };
  for (const KeyFile& file : settings.sessions.cookie_key_files) {
    add("cookie", file.stage, file.file, "");
  }
  const auto& sp = settings.service_provider;
  if (sp.signing) add_pair("signing", *sp.signing);
  for (const KeyPair& pair : sp.other_signing) add_pair("signing", pair);
  for (const KeyPair& pair : sp.decryption) add_pair("decryption", pair);
  console.table({"KEY", "STAGE", "DAYS OLD", "UNTIL", "MARK", "FILE"}, rows, json);
}

struct KeyOptions {
  std::string kind;
  int days = 1095;
  bool is_now = false;
};

}  // namespace

void add_keys(CLI::App& app, Console& console) {
  auto* keys = app.add_subcommand("keys", "our own keys")->require_subcommand(1);
  keys->fallthrough();
  keys->add_subcommand("list", "list them, with their age")->callback([&console] {
    list(console);
  });
  const auto command = [&](const char* name, const char* what) {
    auto options = std::make_shared<KeyOptions>();
    auto* added = keys->add_subcommand(name, what);
    added->add_option("KEY", options->kind, "cookie, signing or decryption")
        ->required()
        ->check(CLI::IsMember(kKinds));
    return std::pair(added, options);
  };
  const auto add_days = [](CLI::App* to, KeyOptions& options) {
    to->add_option("--days", options.days, "how long its certificate holds")
        ->check(CLI::Range(30, 7300))
        ->capture_default_str();
  };
  const auto [prepare_command, prepared] = command("prepare", "make the next key");
  add_days(prepare_command, *prepared);
  prepare_command->callback(
      [&console, given = prepared] { prepare(console, given->kind, given->days); });
  const auto [rotate_command, rotated] = command("rotate", "use the next key, keep the previous");
  add_days(rotate_command, *rotated);
  rotate_command->add_flag("--now", rotated->is_now, "signing: without `keys prepare`");
  rotate_command->callback(
      [&console, given = rotated] { rotate(console, given->kind, given->days, given->is_now); });
  const auto [retire_command, retired] = command("retire", "remove the previous key");
  retire_command->callback([&console, given = retired] { retire(console, given->kind); });
}

}  // namespace anteroom::cli
