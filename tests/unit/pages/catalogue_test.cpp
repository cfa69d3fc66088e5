#include "pages/catalogue.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <regex>
#include <set>

#include "samples.h"

using namespace anteroom;
using Catch::Matchers::Contains;
using pages::Catalogue;

namespace {

using Names = std::set<std::string>;

Names matches(const std::string& text, const char* pattern) {
  const std::regex expression(pattern);
  return {std::sregex_token_iterator(text.begin(), text.end(), expression, 1),
          std::sregex_token_iterator()};
}

const Catalogue& shipped(const std::string& language) {
  static std::map<std::string, Catalogue> catalogues;
  const std::string file = "core/src/pages/catalogue/" + language + ".txt";
  return catalogues.try_emplace(language, samples::read_file(file)).first->second;
}

Names placeholders(const std::string& text) {
  return matches(text, "\\{([a-z_]+)\\}");
}

// The keys that a file of core/src names, in C++ or in a template.
Names keys_in(const std::filesystem::path& file, const std::string& text) {
  if (file.extension() == ".mustache") return matches(text, "\\{\\{ *t_([a-z_]+) *\\}\\}");
  return matches(text, "\"([a-z_]+)\"_message");
}

std::map<std::string, Names> used_keys() {
  std::map<std::string, Names> used;
  const std::filesystem::path sources(ANTEROOM_SOURCE_DIR "/core/src");
  for (const auto& entry : std::filesystem::recursive_directory_iterator(sources)) {
    if (!entry.is_regular_file()) continue;
    const std::string name = entry.path().lexically_relative(ANTEROOM_SOURCE_DIR).string();
    for (const auto& key : keys_in(entry.path(), samples::read_file(name))) used[key].insert(name);
  }
  return used;
}

// What a reader sees: the text between the tags.
std::string visible(const std::string& html) {
  return std::regex_replace(html, std::regex("<[^>]*>"), "");
}

}  // namespace

TEST_CASE("a catalogue is read line by line") {
  const Catalogue texts("# comment\n\na_key =  Text = more \nother=x\nempty =\n");
  CHECK(*texts.find("a_key") == "Text = more");
  CHECK(*texts.find("other") == "x");
  CHECK(texts.find("empty")->empty());
  CHECK(texts.find("comment") == nullptr);
  CHECK_THROWS_WITH(Catalogue("a = b\nnonsense\n"), "line 2: no 'key = text'");
  CHECK_THROWS_WITH(Catalogue("= b"), "line 1: no 'key = text'");
  CHECK_THROWS_WITH(Catalogue("a = b\n\na = c"), "line 3: a second text 'a'");
}

TEST_CASE("a message is said with what they are given, one sentence after the other") {
  const Catalogue texts(
      "try_again = Hi {who}, {who} and {other}!\nsign_in = More.\nerror_title = {");
  CHECK(texts.say({"try_again"_message, {{"who", "<{other}>"}, {"other", "*"}}}) ==
        "Hi <{other}>, <{other}> and *!");
  CHECK(texts.say("try_again"_message) == "Hi ,  and !");
  Message two = "sign_in"_message;
  two += "sign_in"_message;
  CHECK(texts.say(two) == "More. More.");
  CHECK(texts.say({}).empty());
  CHECK(texts.say("error_title"_message) == "{");
  CHECK(texts.say("please_start_again"_message) == "please_start_again");
}

TEST_CASE("a text in a template is escaped, and its values will be") {
  const Catalogue texts("a = <b> & \"{x}\" *is {name}*\nmail = To {email}\n");
  CHECK(with_texts("<p title=\"{{x}}\">{{ t_a }}</p>", texts) ==
        "<p title=\"{{x}}\">&lt;b&gt; &amp; &quot;{{x}}&quot; <strong>is <span "
        "class=\"name\">{{name}}</span></strong></p>");
  CHECK(with_texts("{{t_mail}}", texts) == "To {{email_start}}<wbr>{{email_end}}");
  CHECK_THROWS_WITH(with_texts("\n{{t_missing}}", texts), "line 2: there is no text 't_missing'");
}

TEST_CASE("every language has the same texts with the same values") {
  const Catalogue& english = shipped("en");
  const Catalogue& spanish = shipped("es");
  REQUIRE(english.texts().size() > 100);
  Names english_keys;
  Names spanish_keys;
  for (const auto& [key, text] : english.texts()) english_keys.insert(key);
  for (const auto& [key, text] : spanish.texts()) spanish_keys.insert(key);
  REQUIRE(english_keys == spanish_keys);
  for (const auto& [key, text] : english.texts()) {
    const std::string& other = *spanish.find(key);
    INFO(key << ": " << text << " / " << other);
    CHECK_FALSE(text.empty());
    CHECK_FALSE(other.empty());
    CHECK(placeholders(text) == placeholders(other));
    CHECK(std::count(text.begin(), text.end(), '*') == std::count(other.begin(), other.end(), '*'));
  }
}

TEST_CASE("texts hold no markup and nothing half open") {
  for (const char* language : {"en", "es"}) {
    for (const auto& [key, text] : shipped(language).texts()) {
      INFO(language << " " << key << ": " << text);
      CHECK(text.find_first_of("<>&") == std::string::npos);
      CHECK(std::count(text.begin(), text.end(), '*') % 2 == 0);
      const std::string rest = std::regex_replace(text, std::regex("\\{[a-z_]+\\}"), "");
      CHECK(rest.find_first_of("{}") == std::string::npos);
    }
  }
}

TEST_CASE("every text that is used exists, and every one that exists is used") {
  const Catalogue& english = shipped("en");
  const auto used = used_keys();
  REQUIRE(used.size() > 100);
  for (const auto& [key, files] : used) {
    INFO(key << " in " << *files.begin());
    CHECK(english.find(key) != nullptr);
  }
  for (const auto& [key, text] : english.texts()) {
    INFO(key);
    CHECK(used.count(key) == 1);
  }
}

TEST_CASE("no text with elements of its own stands in an attribute or a title") {
  const Catalogue& english = shipped("en");
  std::size_t seen = 0;
  for (const std::string& name : pages::Renderer::template_names()) {
    const auto text = samples::read_file("core/src/pages/templates/" + name + ".mustache");
    for (const std::string& tag : matches(text, "(<title>.*</title>|<[a-z][^<>]*>)")) {
      for (const std::string& key : matches(tag, "\\{\\{(t_[a-z_]+)\\}\\}")) {
        ++seen;
        INFO(name << ": " << tag);
        CHECK_THAT(with_texts("{{" + key + "}}", english), !Contains("<"));
      }
    }
  }
  CHECK(seen > 10);
}

TEST_CASE("a page in Spanish has no English left") {
  const pages::Renderer& renderer = samples::renderer();
  Names english;
  const Catalogue& spanish = shipped("es");
  for (const auto& [key, text] : shipped("en").texts()) {
    // What comes before, between and behind its values.
    for (const std::string& piece : matches(text + "{", "([^{}*]+)[{*]")) {
      if (piece.size() > 6 && spanish.find(key)->find(piece) == std::string::npos) {
        english.insert(piece);
      }
    }
  }
  for (const auto& sample : samples::all()) {
    const Response page = renderer.page("es-ES,es;q=0.9,en;q=0.5", sample.name, 200, sample.values);
    INFO(sample.file);
    CHECK_THAT(page.body, Contains("<html lang=\"es\">"));
    CHECK(samples::header(page, "Content-Language") == "es");
    const std::string seen = visible(page.body);
    for (const std::string& piece : english) {
      if (seen.find(piece) != std::string::npos) FAIL_CHECK("English: " << piece);
    }
    CHECK(seen != visible(renderer.page("en", sample.name, 200, sample.values).body));
  }
}
