#include "templates/colour.h"

#include <catch2/catch.hpp>

using namespace anteroom::templates;

TEST_CASE("colours are six hex digits after a #") {
  CHECK(to_string(*parse_colour("#1B5e9b")) == "#1b5e9b");
  for (const char* wrong :
       {"", "#", "#fff", "#1b5e9", "#1b5e9b0", "1b5e9b0", "#1b5e9g", "#-1-1-1"}) {
    INFO(wrong);
    CHECK_FALSE(parse_colour(wrong));
  }
}

TEST_CASE("contrast is what WCAG says it is") {
  CHECK(contrast({0, 0, 0}, {255, 255, 255}) == Approx(21.0));
  CHECK(contrast({255, 255, 255}, {0, 0, 0}) == Approx(21.0));
  CHECK(contrast({10, 20, 30}, {10, 20, 30}) == Approx(1.0));
  CHECK(contrast({0x76, 0x76, 0x76}, {255, 255, 255}) == Approx(4.54).epsilon(0.005));
}

TEST_CASE("whatever the accent, text and controls stay readable") {
  for (int red = 0; red <= 255; red += 15) {
    for (int green = 0; green <= 255; green += 15) {
      for (int blue = 0; blue <= 255; blue += 15) {
        const Colour accent{static_cast<std::uint8_t>(red), static_cast<std::uint8_t>(green),
                            static_cast<std::uint8_t>(blue)};
        const Palette palette = palette_of(accent);
        const bool is_readable = contrast(palette.on_accent, palette.accent) >= 4.5 &&
                                 contrast(palette.link, kLightGround) >= 4.5 &&
                                 contrast(palette.dark_accent, kDarkSurface) >= 3.0 &&
                                 contrast(palette.on_dark_accent, palette.dark_accent) >= 4.5 &&
                                 contrast(palette.dark_link, kDarkSurface) >= 4.5;
        if (!is_readable) FAIL(to_string(accent) << " is not readable");
      }
    }
  }
  SUCCEED();
}

TEST_CASE("an accent that is readable already stays as it is") {
  const Palette palette = palette_of(*parse_colour("#1b5e9b"));
  CHECK(to_string(palette.accent) == "#1b5e9b");
  CHECK(to_string(palette.link) == "#1b5e9b");
  CHECK(to_string(palette.on_accent) == "#ffffff");
}
