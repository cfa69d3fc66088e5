// The configuration file. Everything that it can name lies beside it in a directory in memory.
// Oracle: settings or at least one error, never both; each problem has words, and a place within
// the file; what was loaded is within the documented bounds.

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "anteroom/settings.h"
#include "fuzz/genuine.h"
#include "fuzz/target.h"
#include "http/url.h"

using namespace anteroom;
using namespace anteroom::fuzz;

namespace {

namespace fs = std::filesystem;

// Goes when the process ends.
class Folder {
 public:
  Folder() {
    const bool has_shm = fs::is_directory("/dev/shm");
    std::string name =
        ((has_shm ? fs::path("/dev/shm") : fs::temp_directory_path()) / "anteroom-yaml-XXXXXX")
            .string();
    require(mkdtemp(name.data()) != nullptr, "set-up");
    path_ = name;
    write("cookie.key", std::string(64, 'a') + "\n");
    write("password", "secret\n");
    write("sp.key", rsa_authority().private_key_pem);
    write("sp.pem", rsa_authority().certificate_pem);
    write("logo.svg", "<svg xmlns=\"http://www.w3.org/2000/svg\"/>");
    write("corp.xml", forge::make_metadata("https://idp.test/", "https://idp.test/sso",
                                           {ec_authority()}, true));
    fs::create_directory(path_ / "idp.d");
    fs::create_directory(path_ / "templates");
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;

  void write(const std::string& name, std::string_view text) const {
    const fs::path path = path_ / name;
    std::ofstream(path, std::ios::binary).write(text.data(), static_cast<long>(text.size()));
    chmod(path.c_str(), 0600);
  }
  [[nodiscard]] std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  fs::path path_;
};

void check_problems(const LoadedSettings& loaded, std::string_view yaml) {
  const auto lines = std::count(yaml.begin(), yaml.end(), '\n') + 1;
  const bool has_error = std::any_of(loaded.problems.begin(), loaded.problems.end(),
                                     [](const Problem& problem) { return !problem.is_warning; });
  require(has_error == (loaded.settings == nullptr), "settings and an error, or neither");
  for (const Problem& problem : loaded.problems) {
    require(!problem.message.empty() && !problem.file.empty(), "a problem without words");
    require(problem.line >= 0 && problem.column >= 0 && problem.line <= lines + 1,
            "a problem beside the file");
    require(!to_string(problem).empty(), "a problem without words");
  }
}

void check_providers(const Settings& settings) {
  std::set<std::string> names;
  std::set<std::string> domains;
  for (const IdentityProvider& idp : settings.identity_providers) {
    require(!idp.name.empty() && names.insert(idp.name).second, "a name twice");
    require(
        idp.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos,
        "a name with odd characters");
    require(!idp.closed.empty() ||
                (!idp.metadata.entity_id.empty() && !idp.metadata.signing_certificates_der.empty()),
            "an identity provider without keys");
    require(!idp.email_attributes.empty(), "nowhere to read the email");
    for (const std::string& domain : idp.domains) {
      require(!domain.empty() && domains.insert(domain).second, "a domain twice");
      require(
          domain.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-.") == std::string::npos,
          "a domain with odd characters");
    }
  }
}

void check_settings(const Settings& settings) {
  const ServiceProviderSettings& sp = settings.service_provider;
  require(!sp.entity_id.empty() && !sp.apps.empty(), "no name or no app");
  require(sp.acs_url == sp.origin.text + sp.acs_path && http::parse_url(sp.acs_url), "ACS");
  require(http::is_local_target(sp.acs_path) && http::is_local_target(sp.pages_prefix), "paths");
  require(http::parse_url(sp.landing_url).has_value(), "landing page");
  require(!settings.sessions.cookie_keys.empty(), "no cookie key");
  for (const Secret& key : settings.sessions.cookie_keys) {
    require(key.reveal().size() == 32, "a cookie key of another size");
  }
  require(settings.sessions.lifetime.count() > 0 && settings.sessions.idle_timeout.count() > 0 &&
              settings.sessions.sign_on_timeout.count() > 0,
          "a life of no length");
  require(settings.clock_skew.count() >= 0 && settings.clock_skew <= std::chrono::minutes(5),
          "clock_skew");
  require(settings.database.pool_size > 0 && settings.database.queue_size > 0, "database");
  require(!settings.access.levels.empty(), "no level");
  check_providers(settings);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder kFolder;
  const auto yaml = view(data, size);
  kFolder.write("anteroom.yaml", yaml);
  const LoadedSettings loaded = load_settings(kFolder.path("anteroom.yaml"), forge::Options{}.now);
  check_problems(loaded, yaml);
  if (loaded.settings) check_settings(*loaded.settings);
  return 0;
}
