// The codes that are counted apart are those of the sources.

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "anteroom/metrics.h"

using namespace anteroom;

namespace {

using Names = std::set<std::string>;

// Of the command line and of what checks a configuration: no request comes to these.
const Names kNeverCounted{"idp_metadata",
                          "invalid_connection_string",
                          "mail_parameters",
                          "mail_recipient",
                          "mail_server",
                          "metadata_fetch",
                          "mail_template",
                          "mail_refused",
                          "unusable_certificate",
                          "unusable_key",
                          "dns"};

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

Names in_sources() {
  const std::regex code("Code(?:\\s+k\\w+)?\\{\\s*\"([a-z0-9_]+)\"");
  Names names;
  for (const char* folder : {"core/include", "core/src", "module"}) {
    const auto root = std::filesystem::path(ANTEROOM_SOURCE_DIR) / folder;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
      const auto extension = entry.path().extension();
      if (extension != ".cpp" && extension != ".h") continue;
      const std::string text = read(entry.path());
      names.insert(std::sregex_token_iterator(text.begin(), text.end(), code, 1), {});
    }
  }
  return names;
}

}  // namespace

TEST_CASE("every code of the sources is told apart, and none twice") {
  const auto listed = metrics::codes();
  Names known(listed.begin(), listed.end());
  CHECK(known.size() == listed.size());
  const Names found = in_sources();
  CHECK(found.size() > 60);
  for (const std::string& name : found) {
    CAPTURE(name);
    CHECK(known.contains(name) != kNeverCounted.contains(name));
  }
  for (const std::string& name : known) {
    CAPTURE(name);
    CHECK((found.contains(name) || name == "other"));
  }
}

TEST_CASE("a code that nobody knows counts as other") {
  CHECK(metrics::index_of(Code{"audience"}) != 0);
  CHECK(metrics::codes()[metrics::index_of(Code{"audience"})] == "audience");
  CHECK(metrics::codes()[metrics::index_of(Code{"what an attacker sends"})] == "other");
}
