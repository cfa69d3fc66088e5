// What may be compressed holds nothing that opens anything (BREACH).
#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "pages/composition.h"
#include "samples.h"

using namespace anteroom;

namespace {

// What the journey calls the values that open something, or may: what an error is about may be a
// link for testing. (A message to an identity provider stands beside its relay_state; that of an
// error is a sentence.)
const std::set<std::string> kSecrets{"token", "test_url", "made_link", "relay_state", "retry_url"};

}  // namespace

TEST_CASE("the pages that are given a secret are those that say so") {
  std::set<std::string> holding;
  for (const auto& [name, values] : samples::text_values()) {
    const bool is_given = std::any_of(values.begin(), values.end(), [](const std::string& value) {
      return kSecrets.contains(value);
    });
    INFO(name);
    CHECK(pages::holds_secret(name) == is_given);
    if (is_given) holding.insert(name);
  }
  CHECK(holding == std::set<std::string>{"error", "manage_company", "post_to_idp", "set_up",
                                         "test_result", "test_sign_on"});
}

TEST_CASE("a page with a secret is not compressed, any other where no other site asked for it") {
  for (const auto& sample : samples::all()) {
    INFO(sample.file);
    CHECK(samples::renderer().page("", sample.name, sample.status, sample.values).compression ==
          (pages::holds_secret(sample.name) ? Compression::never : Compression::on_our_pages));
  }
}

TEST_CASE("assets are compressed for everybody, and caches are told that there are two of each") {
  for (const char* name : {"style.css", "manage.css", "waiting.js", "icon.svg"}) {
    INFO(name);
    const Response asset = samples::renderer().asset(name);
    CHECK(asset.compression == Compression::always);
    CHECK(samples::header(asset, "Vary") == "Accept-Encoding");
  }
  CHECK(samples::renderer().asset("missing").compression == Compression::never);
}
