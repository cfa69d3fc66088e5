// The accent colour, made readable wherever it is used (WCAG 2.1, 1.4.3 and 1.4.11).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace anteroom::templates {

struct Colour {
  std::uint8_t red = 0;
  std::uint8_t green = 0;
  std::uint8_t blue = 0;
};

/// "#rrggbb"; nullopt for anything else.
std::optional<Colour> parse_colour(std::string_view text);
std::string to_string(Colour colour);

/// WCAG contrast ratio: 1 to 21.
double contrast(Colour a, Colour b);

/// What the style sheet takes from one accent colour. `on_…` is for text upon it.
struct Palette {
  Colour accent;          ///< as configured: fills buttons on light surfaces
  Colour on_accent;       ///< at least 4.5:1 upon accent
  Colour link;            ///< at least 4.5:1 upon the light surfaces
  Colour dark_accent;     ///< at least 3:1 upon the dark surfaces
  Colour on_dark_accent;  ///< at least 4.5:1 upon dark_accent
  Colour dark_link;       ///< at least 4.5:1 upon the dark surfaces
};

/// The style sheet's own surfaces: the worst case for what stands on them.
inline constexpr Colour kLightGround{0xf3, 0xf5, 0xf8};
inline constexpr Colour kDarkSurface{0x1d, 0x22, 0x2a};

Palette palette_of(Colour accent);

}  // namespace anteroom::templates
