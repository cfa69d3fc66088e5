#include "pages/language.h"

#include <catch2/catch.hpp>

using anteroom::pages::choose_language;

namespace {

std::string chosen(std::string_view header) {
  return std::string(choose_language(header, {"en", "es"}));
}

}  // namespace

TEST_CASE("the language that is asked for") {
  CHECK(chosen("es") == "es");
  CHECK(chosen("en") == "en");
  CHECK(chosen("ES") == "es");
  CHECK(chosen("es-MX") == "es");
  CHECK(chosen("es-419,es;q=0.9") == "es");
  CHECK(chosen("de, fr;q=0.9, es;q=0.1") == "es");
}

TEST_CASE("the higher weight wins, then the first named") {
  CHECK(chosen("en;q=0.5, es;q=0.8") == "es");
  CHECK(chosen("es;q=0.5, en;q=0.501") == "en");
  CHECK(chosen("es;q=0.8, en;q=0.8") == "es");
  CHECK(chosen("en-GB, es") == "en");
  CHECK(chosen("es ; q=0.3 ,\ten ; Q=1.000") == "en");
}

TEST_CASE("a star is any language that is not named") {
  CHECK(chosen("*") == "en");
  CHECK(chosen("es;q=0.5, *;q=0.8") == "en");
  CHECK(chosen("en;q=0.5, *;q=0.8") == "es");
  CHECK(chosen("en;q=0, *") == "es");
  CHECK(chosen("es;q=0, *") == "en");
}

TEST_CASE("English where nothing fits or nothing can be read") {
  for (const char* header :
       {"",          " ",           ",",          ";",          "de",          "de-DE, fr",
        "es;q=0",    "es;q=",       "es;q=2",     "es;q=1.001", "es;q=0.1234", "es;q=-1",
        "es;q=0,5x", "es;weight=1", "es;q=1;q=1", "e",          "espanol",     "-es",
        "es_MX",     "*;q=0",       "\xff\xfe",   "es\"",       "es=1"}) {
    INFO(header);
    CHECK(chosen(header) == "en");
  }
}

TEST_CASE("one that cannot be read takes no other with it") {
  CHECK(chosen("en;q=nonsense, es;q=0.1") == "es");
  CHECK(chosen(std::string(5000, ',') + "es") == "es");
}
