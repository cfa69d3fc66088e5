#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "anteroom/kept_companies.h"
#include "support/folder.h"

using namespace anteroom;
using namespace anteroom::test;
namespace fs = std::filesystem;

namespace {

store::CompanyRow row(const std::string& name, const std::string& state = "live") {
  store::CompanyRow made;
  made.name = name;
  made.display_name = "Company \"" + name + "\"\n";
  made.state = state;
  made.domains = {name + ".example", "more." + name + ".example"};
  made.settings = R"({"attributes": {"email": "mail"}})";
  made.version = 7;
  return made;
}

struct Node {
  Folder folder;
  std::shared_ptr<Settings> settings = std::make_shared<Settings>();
  Time now{std::chrono::seconds(1'900'000'000)};

  Node() {
    settings->sessions.cookie_keys = {Secret(std::string(32, 'k'))};
    settings->companies.kept_in = folder.path();
  }
  [[nodiscard]] fs::path file() const { return folder.path() / "companies"; }
  [[nodiscard]] Status keep(const std::vector<store::CompanyRow>& rows) const {
    CompanyKeeper keeper(*settings);
    for (const auto& one : rows) keeper.take(one, true);
    return keeper.keep(std::string(24, 'n'), now);
  }
  [[nodiscard]] ReadKept read() const { return read_kept_companies(*settings, now); }
  [[nodiscard]] std::string bytes() const {
    std::ifstream in(file(), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& bytes) const {
    std::ofstream(file(), std::ios::binary | std::ios::trunc) << bytes;
  }
};

}  // namespace

TEST_CASE("what was kept is read as the rows would be") {
  const Node node;
  REQUIRE(node.keep({row("contoso"), row("fabrikam", "suspended")}));
  const ReadKept read = node.read();
  REQUIRE(read.kept != nullptr);
  CHECK(read.problem.empty());
  CHECK(read.kept->kept_at == node.now);
  REQUIRE(read.kept->companies.size() == 2);
  const auto& contoso = read.kept->companies[0];
  CHECK(contoso.digest == digest_of(row("contoso")));
  CHECK(contoso.company.display_name == row("contoso").display_name);
  CHECK(contoso.company.domains == row("contoso").domains);
  CHECK(read.kept->companies[1].company.closed == kSuspended);

  const FirstCompanies first = first_companies(node.settings, read.kept);
  CHECK(first.directory->by_domain("contoso.example") == &contoso.company);
}

TEST_CASE("the last that was taken of a company is kept, and none that is not there any more") {
  const Node node;
  CompanyKeeper keeper(*node.settings);
  keeper.take(row("contoso"), true);
  keeper.take(row("contoso", "suspended"), true);
  keeper.take(row("fabrikam"), true);
  keeper.take(row("fabrikam", "archived"), false);
  REQUIRE(keeper.keep(std::string(24, 'n'), node.now));
  const ReadKept read = node.read();
  REQUIRE(read.kept != nullptr);
  REQUIRE(read.kept->companies.size() == 1);
  CHECK(read.kept->companies[0].company.closed == kSuspended);
}

TEST_CASE("only its owner may read it, and it says nothing to others") {
  const Node node;
  REQUIRE(node.keep({row("contoso")}));
  struct stat info {};
  REQUIRE(stat(node.file().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777) == 0600);
  CHECK(node.bytes().find("contoso") == std::string::npos);
  CHECK(std::distance(fs::directory_iterator(node.folder.path()), {}) == 1);
}

TEST_CASE("every field counts in a digest") {
  const auto with = [](auto change) {
    store::CompanyRow changed = row("contoso");
    change(changed);
    return digest_of(changed);
  };
  const RowDigest plain = digest_of(row("contoso"));
  CHECK(with([](auto&) {}) == plain);
  CHECK(with([](auto& one) { one.name = "other"; }) != plain);
  CHECK(with([](auto& one) { one.display_name = "other"; }) != plain);
  CHECK(with([](auto& one) { one.state = "suspended"; }) != plain);
  CHECK(with([](auto& one) { one.domains.pop_back(); }) != plain);
  CHECK(with([](auto& one) { one.settings = "{}"; }) != plain);
  CHECK(with([](auto& one) { one.metadata = "<x/>"; }) != plain);
  CHECK(with([](auto& one) { one.version = 8; }) != plain);
  CHECK(with([](auto& one) { one.metadata_number = 1; }) != plain);
  CHECK(with([](auto& one) { one.summary = "{}"; }) != plain);
}

TEST_CASE("nothing was kept, and nothing is wrong") {
  Node node;
  CHECK(node.read().kept == nullptr);
  CHECK(node.read().problem.empty());
  node.settings->companies.kept_in.clear();
  CHECK(node.read().kept == nullptr);
}

TEST_CASE("what is not ours as we wrote it is not read, and it is said why") {
  Node node;
  REQUIRE(node.keep({row("contoso")}));
  const std::string good = node.bytes();
  SECTION("a bit of it is another") {
    for (const std::size_t place :
         {std::size_t{0}, std::size_t{24}, good.size() / 2, good.size() - 1}) {
      std::string changed = good;
      changed[place] = static_cast<char>(changed[place] ^ 1);
      node.write(changed);
      CHECK(node.read().kept == nullptr);
      CHECK(!node.read().problem.empty());
    }
  }
  SECTION("it was cut") {
    for (std::size_t length = 0; length < good.size(); length += 7) {
      node.write(good.substr(0, length));
      CHECK(node.read().kept == nullptr);
      CHECK(!node.read().problem.empty());
    }
  }
  SECTION("another node's key") {
    node.settings->sessions.cookie_keys = {Secret(std::string(32, 'x'))};
    CHECK(node.read().kept == nullptr);
    CHECK(!node.read().problem.empty());
  }
  SECTION("a link") {
    fs::rename(node.file(), node.folder.path() / "elsewhere");
    fs::create_symlink(node.folder.path() / "elsewhere", node.file());
    CHECK(node.read().kept == nullptr);
    CHECK(!node.read().problem.empty());
  }
  SECTION("a pipe, for which nobody waits") {
    fs::remove(node.file());
    REQUIRE(mkfifo(node.file().c_str(), 0600) == 0);
    CHECK(node.read().kept == nullptr);
    CHECK(!node.read().problem.empty());
  }
}

TEST_CASE("a cookie key that was rolled over opens what it sealed") {
  Node node;
  REQUIRE(node.keep({row("contoso")}));
  node.settings->sessions.cookie_keys = {Secret(std::string(32, 'x')),
                                         Secret(std::string(32, 'k'))};
  CHECK(node.read().kept != nullptr);
}

TEST_CASE("where it cannot be written, what was there stays") {
  Node node;
  REQUIRE(node.keep({row("contoso")}));
  fs::remove(node.file());
  fs::create_directory(node.file());
  const Status kept = node.keep({row("fabrikam")});
  REQUIRE(!kept);
  CHECK(kept.failure().detail.starts_with("rename"));
  CHECK(std::distance(fs::directory_iterator(node.folder.path()), {}) == 1);
  node.settings->companies.kept_in = "/nowhere/at/all";
  CHECK(!node.keep({row("contoso")}));
}
