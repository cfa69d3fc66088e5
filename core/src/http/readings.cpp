#include "anteroom/readings.h"

#include <algorithm>
#include <array>

namespace anteroom {

namespace {

constexpr int value_of(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

// The byte that an escape at `at` stands for; -1: none begins there.
constexpr int escaped_at(std::string_view text, std::size_t at) {
  if (text[at] != '%' || at + 2 >= text.size()) return -1;
  const int high = value_of(text[at + 1]);
  const int low = value_of(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

// Signs of which servers make something else than text.
constexpr bool is_sign(int byte) {
  return byte < 0x20 || byte == 0x7f || byte == '/' || byte == '\\' || byte == '.' || byte == ';' ||
         byte == '%' || byte == '#' || byte == '?';
}

// The first bytes of two that no UTF-8 has, which careless decoders take for ASCII.
constexpr bool is_overlong(int byte) {
  return byte == 0xc0 || byte == 0xc1;
}

// Escapes that need not be are decoded, the others written in capitals.
std::string canonical(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int byte = escaped_at(text, i);
    if (byte < 0) {
      out += text[i];
      continue;
    }
    if (is_sign(byte)) {
      out += {'%', kDigits[static_cast<std::size_t>(byte) / 16],
              kDigits[static_cast<std::size_t>(byte) % 16]};
    } else {
      out += static_cast<char>(byte);
    }
    i += 2;
  }
  return out;
}

std::string decode(std::string_view path) {
  return canonical(decoded_once(path));
}

// Everything from a ';' to the end of its segment.
std::string without_parameters(std::string_view path) {
  std::string out;
  bool is_parameter = false;
  for (const char c : path) {
    if (c == '/') is_parameter = false;
    if (c == ';') is_parameter = true;
    if (!is_parameter) out += c;
  }
  return out;
}

std::string with_slashes(std::string_view path) {
  std::string out(path);
  std::replace(out.begin(), out.end(), '\\', '/');
  return out;
}

std::string with_single_slashes(std::string_view path) {
  std::string out(path);
  out.erase(
      std::unique(out.begin(), out.end(), [](char a, char b) { return a == '/' && b == '/'; }),
      out.end());
  return out;
}

enum class Dots { plain, escaped_too };

std::string undotted(std::string_view segment, Dots dots) {
  constexpr std::string_view kEscaped = "%2E";
  std::string out;
  while (!segment.empty()) {
    const bool is_dot = dots == Dots::escaped_too && segment.starts_with(kEscaped);
    out += is_dot ? '.' : segment.front();
    segment.remove_prefix(is_dot ? kEscaped.size() : 1);
  }
  return out;
}

// RFC 3986, 5.2.4; what leads above the root stays there.
std::string without_dot_segments(std::string_view path, Dots dots) {
  std::vector<std::string_view> kept;
  bool ends_in_folder = false;
  for (std::size_t begin = 1; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view segment = path.substr(begin, end - begin);
    const std::string plain = undotted(segment, dots);
    ends_in_folder = plain == "." || plain == "..";
    if (plain == ".." && !kept.empty()) kept.pop_back();
    if (!ends_in_folder) kept.push_back(segment);
    begin = end + 1;
  }
  std::string out;
  for (const std::string_view segment : kept) (out += '/') += segment;
  if (ends_in_folder || out.empty()) out += '/';
  return out;
}

std::string without_plain_dots(std::string_view path) {
  return without_dot_segments(path, Dots::plain);
}

std::string without_all_dots(std::string_view path) {
  return without_dot_segments(path, Dots::escaped_too);
}

// What begins with two slashes is a host and its path to those who parse it as a URL.
std::string without_host(std::string_view path) {
  if (!path.starts_with("//")) return std::string(path);
  const std::size_t slash = path.find('/', 2);
  return slash == std::string_view::npos ? "/" : std::string(path.substr(slash));
}

// PHP's frameworks take the name of the front controller out: "/shop/index.php/a" is their page
// "/shop/a".
constexpr std::string_view kScript = ".php/";

std::string without_script(std::string_view path) {
  const std::size_t script = path.find(kScript);
  const std::size_t slash = path.rfind('/', script);
  if (script == std::string_view::npos || slash == std::string_view::npos) return std::string(path);
  return std::string(path.substr(0, slash)) + std::string(path.substr(script + kScript.size() - 1));
}

// Where some stop to read.
constexpr std::string_view kEnds("#?\0", 3);

std::string cut(std::string_view path) {
  return std::string(path.substr(0, path.find_first_of(kEnds)));
}

std::string without_overlong(std::string_view path) {
  std::string out;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (is_overlong(static_cast<unsigned char>(path[i])) && i + 1 < path.size()) {
      const int first = static_cast<unsigned char>(path[i]);
      const int second = static_cast<unsigned char>(path[++i]);
      out += static_cast<char>((first & 1) << 6 | (second & 0x3f));
    } else {
      out += path[i];
    }
  }
  return out;
}

using Step = std::string (*)(std::string_view);
constexpr std::array<Step, 10> kSteps{decode,
                                      without_parameters,
                                      with_slashes,
                                      with_single_slashes,
                                      without_plain_dots,
                                      without_all_dots,
                                      without_host,
                                      without_script,
                                      cut,
                                      without_overlong};

bool is_odd_escape(int byte) {
  return byte < 0 || is_sign(byte) || is_overlong(byte);
}

}  // namespace

std::string decoded_once(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int byte = escaped_at(text, i);
    out += byte < 0 ? text[i] : static_cast<char>(byte);
    if (byte >= 0) i += 2;
  }
  return out;
}

bool has_one_reading(std::string_view path) {
  char before = 0;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '%' ? is_odd_escape(escaped_at(path, i))
                 : c == ';' || c == '\\' || kEnds.find(c) != kEnds.npos ||
                       is_overlong(static_cast<unsigned char>(c)) ||
                       (before == '/' && (c == '/' || c == '.'))) {
      return false;
    }
    if (c == '/' && path.substr(0, i + 1).ends_with(kScript)) return false;
    before = c;
  }
  return true;
}

bool leads_up(std::string_view reading) {
  for (std::size_t begin = 0; begin <= reading.size();) {
    const std::size_t end = std::min(reading.find('/', begin), reading.size());
    if (undotted(reading.substr(begin, end - begin), Dots::escaped_too) == "..") return true;
    begin = end + 1;
  }
  return false;
}

bool may_lead_up(std::string_view path) {
  for (std::size_t i = 0; i < path.size(); ++i) {
    const int byte = path[i] == '%' ? escaped_at(path, i) : -1;
    if (path.substr(i).starts_with("..") || byte == '.' || byte == '%' || is_overlong(byte) ||
        is_overlong(static_cast<unsigned char>(path[i]))) {
      return true;
    }
  }
  return false;
}

std::optional<std::vector<std::string>> readings_of(std::string_view path) {
  std::vector<std::string> readings{canonical(path)};
  for (std::size_t next = 0; next < readings.size(); ++next) {
    for (const Step step : kSteps) {
      std::string reading = step(readings[next]);
      if (!reading.starts_with('/')) reading.insert(0, 1, '/');
      if (std::find(readings.begin(), readings.end(), reading) != readings.end()) continue;
      if (readings.size() == kMostReadings || (readings.size() + 1) * path.size() > kMostBytes)
        return std::nullopt;
      readings.push_back(std::move(reading));
    }
  }
  return readings;
}

}  // namespace anteroom
