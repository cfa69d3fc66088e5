#include "journey/frame/readable.h"

#include <array>
#include <utility>

namespace anteroom::journey {

namespace {

using Mark = std::pair<std::string_view, std::string_view>;

// The first that is found counts: what imitates others comes before them.
constexpr std::array<Mark, 9> kBrowsers{{{"Edg", "Edge"},
                                         {"OPR/", "Opera"},
                                         {"SamsungBrowser", "Samsung Internet"},
                                         {"Firefox/", "Firefox"},
                                         {"FxiOS", "Firefox"},
                                         {"CriOS", "Chrome"},
                                         {"Chrome/", "Chrome"},
                                         {"Safari/", "Safari"},
                                         {"curl/", "curl"}}};
constexpr std::array<Mark, 7> kSystems{{{"iPhone", "iPhone"},
                                        {"iPad", "iPad"},
                                        {"Android", "Android"},
                                        {"Windows", "Windows"},
                                        {"Macintosh", "macOS"},
                                        {"CrOS", "ChromeOS"},
                                        {"Linux", "Linux"}}};

template <std::size_t n>
std::string_view first_of(const std::array<Mark, n>& marks, std::string_view text) {
  for (const auto& [mark, name] : marks) {
    if (text.find(mark) != std::string_view::npos) return name;
  }
  return {};
}

}  // namespace

std::string readable_time(std::string_view iso) {
  constexpr std::string_view kShape = "2026-05-04T09:12:33Z";
  if (iso.size() != kShape.size() || iso[10] != 'T' || iso.back() != 'Z') return std::string(iso);
  return std::string(iso.substr(0, 10)) + " " + std::string(iso.substr(11, 5)) + " UTC";
}

std::string device_of(std::string_view user_agent) {
  std::string device(first_of(kBrowsers, user_agent));
  const std::string_view system = first_of(kSystems, user_agent);
  if (!device.empty() && !system.empty()) device += ", ";
  return device.append(system);
}

}  // namespace anteroom::journey
