#include "templates/colour.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace anteroom::templates {

namespace {

constexpr double kTextContrast = 4.5;
constexpr double kLinkContrast = 5.5;  // small print, too: more than it has to be
constexpr double kShapeContrast = 3.0;
constexpr Colour kWhite{255, 255, 255};
constexpr Colour kInk{0x10, 0x14, 0x1a};
constexpr Colour kBlack{0, 0, 0};

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

double linear(std::uint8_t channel) {
  const double value = channel / 255.0;
  return value <= 0.04045 ? value / 12.92 : std::pow((value + 0.055) / 1.055, 2.4);
}

double luminance(Colour colour) {
  return 0.2126 * linear(colour.red) + 0.7152 * linear(colour.green) + 0.0722 * linear(colour.blue);
}

std::uint8_t mixed(std::uint8_t from, std::uint8_t to, double share) {
  return static_cast<std::uint8_t>(std::lround(from + (to - from) * share));
}

// `colour`, moved towards `pole` just as far as it takes.
Colour until_readable(Colour colour, Colour ground, Colour pole, double wanted) {
  constexpr int kSteps = 50;
  for (int step = 0; step <= kSteps; ++step) {
    const double share = static_cast<double>(step) / kSteps;
    const Colour candidate{mixed(colour.red, pole.red, share),
                           mixed(colour.green, pole.green, share),
                           mixed(colour.blue, pole.blue, share)};
    if (contrast(candidate, ground) >= wanted) return candidate;
  }
  return pole;
}

// White where it is readable at all, as people expect of coloured buttons.
Colour text_upon(Colour ground) {
  if (contrast(kWhite, ground) >= kTextContrast) return kWhite;
  return contrast(kInk, ground) >= kTextContrast ? kInk : kBlack;
}

}  // namespace

std::optional<Colour> parse_colour(std::string_view text) {
  if (text.size() != 7 || text[0] != '#') return std::nullopt;
  std::array<std::uint8_t, 3> channels{};
  for (std::size_t i = 0; i < channels.size(); ++i) {
    const int high = digit(text[1 + 2 * i]);
    const int low = digit(text[2 + 2 * i]);
    if (high < 0 || low < 0) return std::nullopt;
    channels[i] = static_cast<std::uint8_t>(high * 16 + low);
  }
  return Colour{channels[0], channels[1], channels[2]};
}

std::string to_string(Colour colour) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text = "#";
  for (const std::uint8_t channel : {colour.red, colour.green, colour.blue}) {
    text += kDigits[channel >> 4U];
    text += kDigits[channel & 15U];
  }
  return text;
}

double contrast(Colour a, Colour b) {
  const auto [darker, lighter] = std::minmax({luminance(a), luminance(b)});
  return (lighter + 0.05) / (darker + 0.05);
}

Palette palette_of(Colour accent) {
  Palette palette;
  palette.accent = accent;
  palette.on_accent = text_upon(accent);
  palette.link = until_readable(accent, kLightGround, kBlack, kLinkContrast);
  palette.dark_accent = until_readable(accent, kDarkSurface, kWhite, kShapeContrast);
  palette.on_dark_accent = text_upon(palette.dark_accent);
  palette.dark_link = until_readable(accent, kDarkSurface, kWhite, kLinkContrast);
  return palette;
}

}  // namespace anteroom::templates
