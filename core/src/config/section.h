// One mapping of the YAML, read by type, complaining by place.
#pragma once

#include <yaml-cpp/yaml.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "config/problems.h"

namespace anteroom::config {

struct Text {
  std::string value;
  Place place;
};

class Section {
 public:
  /// Reports unknown and repeated keys at once. `node` may be undefined: an empty section.
  Section(Problems& problems, std::string file, std::string path, const YAML::Node& node,
          Place place);

  [[nodiscard]] bool has(const std::string& key) const;
  [[nodiscard]] const Place& place() const { return place_; }
  /// Of the key's value; of the section if it is absent.
  [[nodiscard]] Place place_of(const std::string& key) const;
  [[nodiscard]] const std::string& file() const { return file_; }
  [[nodiscard]] Problems& problems() { return problems_; }

  std::optional<std::string> text(const std::string& key);
  std::string text_or(const std::string& key, std::string fallback);
  /// Complains if it is absent or empty.
  std::string required(const std::string& key);
  bool boolean_or(const std::string& key, bool fallback);
  int integer_or(const std::string& key, int fallback, int least, int most);
  /// "30s", "15m", "12h", "7d", "250ms"
  std::chrono::milliseconds duration_or(const std::string& key, std::chrono::milliseconds fallback,
                                        std::chrono::milliseconds least,
                                        std::chrono::milliseconds most);
  /// "32M", "512K", "1G" or bytes
  std::size_t size_or(const std::string& key, std::size_t fallback, std::size_t least,
                      std::size_t most);
  /// A list of texts, or one text.
  std::vector<Text> texts(const std::string& key);
  Section section(const std::string& key);
  /// The elements of a list of mappings.
  std::vector<Section> sections(const std::string& key);

  void error(const std::string& key, const std::string& message);

  /// A path relative to the file that names it.
  [[nodiscard]] std::string resolve(const std::string& path) const;

 private:
  [[nodiscard]] std::string name(const std::string& key) const;
  void check_keys();

  Problems& problems_;
  std::string file_;
  std::string path_;
  YAML::Node node_;
  Place place_;
};

}  // namespace anteroom::config
