// What servers make of a path.
// Oracle: three readings written a second time, as Tomcat, a WSGI server and nginx
// have them, are among those that we know; a path with one reading is read as it stands by all.

#include "anteroom/readings.h"

#include <algorithm>
#include <sstream>
#include <vector>

#include "fuzz/target.h"

using namespace anteroom;
using namespace anteroom::fuzz;

namespace {

using Segments = std::vector<std::string>;

Segments split(const std::string& path) {
  Segments segments;
  std::string segment;
  std::istringstream in(path.substr(1));
  while (std::getline(in, segment, '/')) segments.push_back(segment);
  if (path.ends_with('/')) segments.emplace_back();
  return segments;
}

std::string joined(const Segments& segments) {
  std::string path;
  for (const std::string& segment : segments) path += "/" + segment;
  return path.empty() ? "/" : path;
}

// Dots taken out from left to right; an end that is a dot segment leaves a folder.
Segments resolved(const Segments& segments, bool (*is_dot)(const std::string&),
                  bool (*is_up)(const std::string&)) {
  Segments kept;
  for (std::size_t i = 0; i < segments.size(); ++i) {
    const bool is_last = i + 1 == segments.size();
    if (is_up(segments[i]) && !kept.empty()) kept.pop_back();
    if (!is_up(segments[i]) && !is_dot(segments[i])) {
      kept.push_back(segments[i]);
    } else if (is_last) {
      kept.emplace_back();
    }
  }
  return kept;
}

bool is_one(const std::string& segment) {
  return segment == ".";
}
bool is_two(const std::string& segment) {
  return segment == "..";
}

Segments without_empty(Segments segments) {
  for (std::size_t i = 0; i + 1 < segments.size();) {
    if (segments[i].empty()) {
      segments.erase(segments.begin() + static_cast<std::ptrdiff_t>(i));
    } else {
      ++i;
    }
  }
  return segments;
}

std::string as_nginx(const std::string& path) {
  return joined(resolved(without_empty(split(decoded_once(path))), is_one, is_two));
}

std::string as_wsgi(const std::string& path) {
  return decoded_once(path);
}

std::string as_tomcat(const std::string& path) {
  Segments segments = split(path);
  for (std::string& segment : segments) segment = segment.substr(0, segment.find(';'));
  return as_nginx(joined(segments));
}

bool among(const std::vector<std::string>& readings, const std::string& wanted) {
  return std::find(readings.begin(), readings.end(), wanted) != readings.end();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string path = "/" + std::string(view(data, size));
  const auto readings = readings_of(path);
  if (!readings) {
    require(!has_one_reading(path), "an ordinary path has too many readings");
    return 0;
  }
  require(readings->size() <= kMostReadings, "too many readings");
  for (const std::string& reading : *readings) require(reading.starts_with('/'), "not a path");
  if (has_one_reading(path)) require(readings->size() == 1, "one reading that is several");
  // What is decoded twice has more readings than these servers know.
  if (decoded_once(path).find('%') != std::string::npos) return 0;
  require(among(*readings, as_nginx(path)), "nginx reads something else");
  require(among(*readings, as_wsgi(path)), "a WSGI server reads something else");
  require(among(*readings, as_tomcat(path)), "Tomcat reads something else");
  return 0;
}
