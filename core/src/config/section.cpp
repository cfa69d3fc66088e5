#include "config/section.h"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <set>

#include "config/keys.h"

namespace anteroom::config {

namespace {

Place place_in(const std::string& file, const YAML::Node& node) {
  const YAML::Mark mark = node.Mark();
  return {file, mark.line, mark.column};
}

// Splits "15m" into 15 and "m".
std::optional<std::pair<std::int64_t, std::string>> number_and_unit(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || number < 0) return std::nullopt;
  return std::pair(number, std::string(end, text.data() + text.size()));
}

std::optional<std::chrono::milliseconds> parse_duration(const std::string& text) {
  using namespace std::chrono;
  const auto parts = number_and_unit(text);
  if (!parts || parts->first > 1'000'000'000) return std::nullopt;
  if (parts->second == "ms") return milliseconds(parts->first);
  if (parts->second == "s") return seconds(parts->first);
  if (parts->second == "m") return minutes(parts->first);
  if (parts->second == "h") return hours(parts->first);
  if (parts->second == "d") return days(parts->first);
  return std::nullopt;
}

std::optional<std::size_t> parse_size(const std::string& text) {
  const auto parts = number_and_unit(text);
  if (!parts || parts->first > 1'000'000'000'000) return std::nullopt;
  const auto number = static_cast<std::size_t>(parts->first);
  if (parts->second.empty()) return number;
  if (parts->second == "K") return number << 10;
  if (parts->second == "M") return number << 20;
  if (parts->second == "G" && number < 1024) return number << 30;
  return std::nullopt;
}

std::string in_words(std::chrono::milliseconds time) {
  return time.count() % 1000 == 0 ? std::to_string(time.count() / 1000) + "s"
                                  : std::to_string(time.count()) + "ms";
}

}  // namespace

Section::Section(Problems& problems, std::string file, std::string path, const YAML::Node& node,
                 Place place)
    : problems_(problems),
      file_(std::move(file)),
      path_(std::move(path)),
      place_(std::move(place)) {
  if (!node.IsDefined() || node.IsNull()) return;
  if (!node.IsMap()) {
    problems_.error(place_in(file_, node), (path_.empty() ? "the file" : "'" + path_ + "'") +
                                               std::string(" must be a mapping (key: value)"));
    return;
  }
  node_.reset(node);
  place_ = place_in(file_, node);
  check_keys();
}

void Section::check_keys() {
  const auto& all = section_keys();
  const auto keys = std::find_if(all.begin(), all.end(),
                                 [&](const SectionKeys& section) { return section.path == path_; });
  std::set<std::string> seen;
  for (const auto& entry : node_) {
    const Place place = place_in(file_, entry.first);
    const std::string key = entry.first.IsScalar() ? entry.first.Scalar() : "";
    if (std::find(keys->keys.begin(), keys->keys.end(), key) == keys->keys.end()) {
      const std::string nearest = nearest_key(*keys, key);
      problems_.error(place, "unknown key '" + key + "'" +
                                 (nearest.empty() ? "" : ", did you mean '" + nearest + "'?"));
    } else if (!seen.insert(key).second) {
      problems_.error(place, "'" + key + "' is there twice");
    }
  }
}

std::string Section::name(const std::string& key) const {
  return "'" + (path_.empty() ? key : path_ + "." + key) + "'";
}

bool Section::has(const std::string& key) const {
  return node_.IsMap() && node_[key].IsDefined() && !node_[key].IsNull();
}

Place Section::place_of(const std::string& key) const {
  return node_.IsMap() && node_[key].IsDefined() ? place_in(file_, node_[key]) : place_;
}

void Section::error(const std::string& key, const std::string& message) {
  problems_.error(place_of(key), message);
}

std::optional<std::string> Section::text(const std::string& key) {
  if (!has(key)) return std::nullopt;
  if (!node_[key].IsScalar()) {
    error(key, name(key) + " must be a text");
    return std::nullopt;
  }
  return node_[key].Scalar();
}

std::string Section::text_or(const std::string& key, std::string fallback) {
  return text(key).value_or(std::move(fallback));
}

std::string Section::required(const std::string& key) {
  if (!has(key)) {
    error(key, name(key) + " is missing");
    return "";
  }
  const auto value = text(key);
  if (value && value->empty()) error(key, name(key) + " must not be empty");
  return value.value_or("");
}

bool Section::boolean_or(const std::string& key, bool fallback) {
  const auto value = text(key);
  if (!value) return fallback;
  if (*value != "true" && *value != "false") error(key, name(key) + " must be true or false");
  return *value == "true";
}

int Section::integer_or(const std::string& key, int fallback, int least, int most) {
  const auto value = text(key);
  if (!value) return fallback;
  const auto parts = number_and_unit(*value);
  if (!parts || !parts->second.empty() || parts->first < least || parts->first > most) {
    error(key, name(key) + " must be a number from " + std::to_string(least) + " to " +
                   std::to_string(most));
    return fallback;
  }
  return static_cast<int>(parts->first);
}

std::chrono::milliseconds Section::duration_or(const std::string& key,
                                               std::chrono::milliseconds fallback,
                                               std::chrono::milliseconds least,
                                               std::chrono::milliseconds most) {
  const auto value = text(key);
  if (!value) return fallback;
  const auto time = parse_duration(*value);
  if (!time || *time < least || *time > most) {
    error(key, name(key) + " must be a time such as 30s, 15m or 12h, from " + in_words(least) +
                   " to " + in_words(most));
    return fallback;
  }
  return *time;
}

std::size_t Section::size_or(const std::string& key, std::size_t fallback, std::size_t least,
                             std::size_t most) {
  const auto value = text(key);
  if (!value) return fallback;
  const auto size = parse_size(*value);
  if (!size || *size < least || *size > most) {
    error(key, name(key) + " must be a size such as 512K or 32M, from " +
                   std::to_string(least >> 20) + "M to " + std::to_string(most >> 20) + "M");
    return fallback;
  }
  return *size;
}

std::vector<Text> Section::texts(const std::string& key) {
  std::vector<Text> out;
  if (!has(key)) return out;
  const YAML::Node node = node_[key];
  if (node.IsScalar()) return {{node.Scalar(), place_in(file_, node)}};
  if (!node.IsSequence()) {
    error(key, name(key) + " must be a list of texts");
    return out;
  }
  for (const YAML::Node& item : node) {
    if (item.IsScalar()) {
      out.push_back({item.Scalar(), place_in(file_, item)});
    } else {
      problems_.error(place_in(file_, item), name(key) + " must be a list of texts");
    }
  }
  return out;
}

Section Section::section(const std::string& key) {
  const YAML::Node node = has(key) ? node_[key] : YAML::Node(YAML::NodeType::Undefined);
  return {problems_, file_, path_.empty() ? key : path_ + "." + key, node, place_of(key)};
}

std::vector<Section> Section::sections(const std::string& key) {
  std::vector<Section> out;
  if (!has(key)) return out;
  const YAML::Node node = node_[key];
  if (!node.IsSequence()) {
    error(key, name(key) + " must be a list");
    return out;
  }
  const std::string path = path_.empty() ? key : path_ + "." + key;
  for (const YAML::Node& item : node) {
    out.emplace_back(problems_, file_, path, item, place_in(file_, item));
  }
  return out;
}

std::string Section::resolve(const std::string& path) const {
  return (std::filesystem::path(file_).parent_path() / path).lexically_normal().string();
}

}  // namespace anteroom::config
