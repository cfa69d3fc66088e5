#include "text/unicode.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace anteroom::text {

namespace {

using Range = std::pair<std::uint32_t, std::uint32_t>;

// Unicode 15: controls (Cc), what is formatted but not seen (Cf, default ignorables), separators of
// lines and paragraphs, specials.
constexpr std::array<Range, 17> kNotPlain{{{0x0000, 0x001f},
                                           {0x007f, 0x009f},
                                           {0x00ad, 0x00ad},
                                           {0x034f, 0x034f},
                                           {0x061c, 0x061c},
                                           {0x115f, 0x1160},
                                           {0x17b4, 0x17b5},
                                           {0x180b, 0x180f},
                                           {0x200b, 0x200f},
                                           {0x2028, 0x202e},
                                           {0x2060, 0x206f},
                                           {0x3164, 0x3164},
                                           {0xfdd0, 0xfdef},
                                           {0xfeff, 0xfeff},
                                           {0xffa0, 0xffa0},
                                           {0xfff0, 0xfffb},
                                           {0xe0000, 0xe0fff}}};
// Behind what a joiner is spelled: Arabic to Thaana, N'Ko and others of their kind, Indic scripts,
// Tibetan, Myanmar, Khmer, Mongolian, their supplements, and emoji.
constexpr std::array<Range, 10> kJoining{{{0x0620, 0x109f},
                                          {0x1780, 0x18af},
                                          {0x1900, 0x1cff},
                                          {0x2600, 0x27bf},
                                          {0xa840, 0xabff},
                                          {0xfb50, 0xfdff},
                                          {0xfe70, 0xfefc},
                                          {0x10a00, 0x11fff},
                                          {0x1e900, 0x1e95f},
                                          {0x1f000, 0x1faff}}};
constexpr std::uint32_t kBad = 0xffffffff;

template <std::size_t N>
bool is_in(const std::array<Range, N>& ranges, std::uint32_t point) {
  return std::any_of(ranges.begin(), ranges.end(), [&](const Range& range) {
    return point >= range.first && point <= range.second;
  });
}

// Goes along a text. Joiners (U+200C, U+200D) tell words apart in the scripts that have them:
// Persian and Sinhala names cannot be written without. Behind anything else, one another too, they
// are only not seen (RFC 5892, A.1 and A.2 have the same aim).
class PlainReader {
 public:
  /// Whether the next code point is plain where it stands.
  bool operator()(std::uint32_t point) {
    const std::uint32_t before = before_;
    const bool is_variation = point >= 0xfe00 && point <= 0xfe0f;
    if (!is_variation) before_ = point;
    if (point == 0x200c || point == 0x200d) return is_in(kJoining, before);
    return (point & 0xfffe) != 0xfffe && !is_in(kNotPlain, point);  // the last two of every plane
  }

 private:
  std::uint32_t before_ = 0;
};

std::size_t length_of(unsigned char first) {
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return 2;
  if ((first & 0xf0) == 0xe0) return 3;
  return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

// Takes one code point off the front; kBad: not well-formed.
std::uint32_t take(std::string_view& text) {
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(text[at]); };
  const std::size_t length = length_of(byte(0));
  if (length == 0 || length > text.size()) return kBad;
  constexpr std::array<std::uint32_t, 5> kFirstBits{0, 0x7f, 0x1f, 0x0f, 0x07};
  constexpr std::array<std::uint32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
  std::uint32_t point = byte(0) & kFirstBits[length];
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80) return kBad;
    point = point << 6U | (byte(i) & 0x3fU);
  }
  const bool is_surrogate = point >= 0xd800 && point <= 0xdfff;
  if (point < kLeast[length] || point > 0x10ffff || is_surrogate) return kBad;
  text.remove_prefix(length);
  return point;
}

bool is_continuation(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
}

// `instead` for each character that is not good, and for each byte that is not of a character.
template <class Good>
std::string replaced(std::string_view text, std::string_view instead, Good is_good) {
  std::string out;
  out.reserve(text.size());
  const auto is_visible = [](char c) { return c >= 0x20 && c < 0x7f; };
  while (!text.empty()) {
    const auto visible = static_cast<std::size_t>(
        std::find_if_not(text.begin(), text.end(), is_visible) - text.begin());
    out += text.substr(0, visible);
    if (visible > 0)
      (void)is_good(static_cast<unsigned char>(text[visible - 1]));  // what is next to it
    text.remove_prefix(visible);
    if (text.empty()) break;
    const std::string_view rest = text;
    const std::uint32_t point = take(text);
    if (point == kBad) text.remove_prefix(1);
    out += is_good(point) ? rest.substr(0, rest.size() - text.size()) : instead;
  }
  return out;
}

}  // namespace

bool is_plain_text(std::string_view text, Lines lines) {
  PlainReader is_plain;
  while (!text.empty()) {
    const char first = text.front();
    if (lines == Lines::many && (first == '\n' || first == '\t' || text.starts_with("\r\n"))) {
      text.remove_prefix(1);
      is_plain = {};
      continue;
    }
    const std::uint32_t point = take(text);
    if (point == kBad || !is_plain(point)) return false;
  }
  return true;
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    if (take(text) == kBad) return false;
  }
  return true;
}

std::string well_formed(std::string_view text, std::string_view instead) {
  return replaced(text, instead, [](std::uint32_t point) { return point != kBad && point != 0; });
}

std::string only_plain(std::string_view text, std::string_view instead) {
  return replaced(text, instead, [is_plain = PlainReader()](std::uint32_t point) mutable {
    return is_plain(point) && point != kBad;
  });
}

std::size_t characters(std::string_view text) {
  return text.size() -
         static_cast<std::size_t>(std::count_if(text.begin(), text.end(), is_continuation));
}

std::string_view cut(std::string_view text, std::size_t max) {
  if (text.size() <= max) return text;
  while (max > 0 && is_continuation(text[max])) --max;
  return text.substr(0, max);
}

std::string printable(std::string_view text, std::size_t max) {
  return only_plain(cut(text, max), "?");
}

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

}  // namespace anteroom::text
