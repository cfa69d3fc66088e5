#include "mail/mime.h"

#include <algorithm>
#include <array>
#include <cstdio>

namespace anteroom::mail {

namespace {

constexpr std::size_t kMaxLine = 76;  // RFC 2045 6.7 (5), RFC 2047 2
constexpr std::string_view kEncodedWord = "=?UTF-8?Q?";

bool is_control(char c) {
  return static_cast<unsigned char>(c) < 0x20 || c == 0x7f;
}

bool is_printable(char c) {
  return c >= 0x20 && c < 0x7f;
}

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool continues_character(char c) {
  return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
}

std::string hex_escape(char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  return {'=', kDigits[byte >> 4U], kDigits[byte & 15U]};
}

std::string without_controls(std::string_view text) {
  std::string out(text);
  std::replace_if(out.begin(), out.end(), is_control, ' ');
  return out;
}

void append_line(std::string& out, std::string_view line) {
  std::size_t column = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    const bool is_last = i + 1 == line.size();
    const bool is_space = c == ' ' || c == '\t';
    const bool is_plain = is_space ? !is_last : is_printable(c) && c != '=';
    const std::string piece = is_plain ? std::string(1, c) : hex_escape(c);
    if (column + piece.size() > kMaxLine - (is_last ? 0 : 1)) {
      out += "=\r\n";
      column = 0;
    }
    out += piece;
    column += piece.size();
  }
  out += "\r\n";
}

// Encoded words, each a whole number of characters, folded between them (RFC 2047 2, 5).
std::string encoded_words(std::string_view text, std::size_t first_column) {
  std::string out(kEncodedWord);
  std::size_t column = first_column + out.size();
  while (!text.empty()) {
    std::size_t length = 1;
    while (length < text.size() && continues_character(text[length])) ++length;
    std::string piece;
    for (const char c : text.substr(0, length)) {
      piece += c == ' ' ? "_" : is_alphanumeric(c) ? std::string(1, c) : hex_escape(c);
    }
    if (column + piece.size() + 2 > kMaxLine) {
      out.append("?=\r\n ").append(kEncodedWord);
      column = 1 + kEncodedWord.size();
    }
    out += piece;
    column += piece.size();
    text.remove_prefix(length);
  }
  return out + "?=";
}

// What a reader would take for an encoded word must be one.
bool needs_encoding(std::string_view text, std::size_t room) {
  return text.size() > room || text.find("=?") != std::string_view::npos ||
         !std::all_of(text.begin(), text.end(), is_printable);
}

std::string quoted_string(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

std::string quoted_printable(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    append_line(out, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return out;
}

std::string text_header(std::string_view name, std::string_view value) {
  const std::string clean = without_controls(value);
  const std::size_t column = name.size() + 2;
  return std::string(name) + ": " +
         (needs_encoding(clean, kMaxLine - column) ? encoded_words(clean, column) : clean) + "\r\n";
}

std::string address_header(std::string_view name, std::string_view display_name,
                           std::string_view address) {
  const std::string clean = without_controls(display_name);
  const std::size_t column = name.size() + 2;
  std::string out = std::string(name) + ": ";
  if (!clean.empty()) {
    // Half of a line for the name leaves room for quoting it.
    out +=
        needs_encoding(clean, kMaxLine / 2) ? encoded_words(clean, column) : quoted_string(clean);
    out += "\r\n ";
  }
  return out.append("<").append(address).append(">\r\n");
}

std::string date_time(Time time) {
  constexpr std::array<const char*, 7> kDays{"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const auto day = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date{day};
  const std::chrono::hh_mm_ss clock{std::chrono::floor<std::chrono::seconds>(time - day)};
  std::array<char, 64> text{};
  (void)std::snprintf(
      text.data(), text.size(), "%s, %02u %s %04d %02d:%02d:%02d +0000",
      kDays.at(std::chrono::weekday{day}.c_encoding()), static_cast<unsigned>(date.day()),
      kMonths.at(static_cast<unsigned>(date.month()) - 1), static_cast<int>(date.year()),
      static_cast<int>(clock.hours().count()), static_cast<int>(clock.minutes().count()),
      static_cast<int>(clock.seconds().count()));
  return text.data();
}

}  // namespace anteroom::mail
