#include "config/files.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <system_error>

namespace anteroom::config {

namespace {

constexpr std::size_t kMaxYaml = 1u << 20;
constexpr std::size_t kMaxSecret = 64u << 10;

// What is wrong, or the bytes.
std::pair<std::string, std::string> read_bytes(const std::string& path, std::size_t max) {
  struct stat info {};
  if (stat(path.c_str(), &info) != 0) {
    return {path + ": " + std::generic_category().message(errno), ""};
  }
  if (!S_ISREG(info.st_mode)) return {path + " is not a regular file", ""};
  if (static_cast<std::size_t>(info.st_size) > max) return {path + " is too large", ""};
  std::ifstream file(path, std::ios::binary);
  if (!file) return {path + " cannot be read: check its permissions", ""};
  return {"", {std::istreambuf_iterator<char>(file), {}}};
}

// An alias repeats what it names: a few lines can stand for gigabytes.
bool has_alias(const std::string& text) {
  char before = '\n';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool starts =
        before == '\n' || before == ' ' || before == '[' || before == ',' || before == '{';
    if ((text[i] == '*' || text[i] == '&') && starts && i + 1 < text.size() && text[i + 1] != ' ' &&
        text[i + 1] != '\n') {
      return true;
    }
    before = text[i];
  }
  return false;
}

std::size_t deepest_flow(const std::string& text) {
  std::size_t depth = 0;
  std::size_t deepest = 0;
  for (const char c : text) {
    if (c == '[' || c == '{') deepest = std::max(deepest, ++depth);
    if ((c == ']' || c == '}') && depth > 0) --depth;
  }
  return deepest;
}

}  // namespace

std::optional<std::string> read_file(Section& section, const Place& place, const std::string& path,
                                     std::size_t max) {
  auto [problem, bytes] = read_bytes(path, max);
  if (!problem.empty()) {
    section.problems().error(place, problem);
    return std::nullopt;
  }
  return std::move(bytes);
}

std::optional<std::string> read_secret_file(Section& section, const Place& place,
                                            const std::string& path) {
  auto bytes = read_file(section, place, path, kMaxSecret);
  struct stat info {};
  if (bytes && stat(path.c_str(), &info) == 0 && (info.st_mode & (S_IRWXO | S_IWGRP)) != 0) {
    section.problems().error(place, path + " is open to others: chmod 600 it (or 640 for a group)");
    return std::nullopt;
  }
  return bytes;
}

std::string read_secret_text(Section& section, const std::string& key) {
  const auto file = section.text(key);
  if (!file || file->empty()) return "";
  std::string text =
      read_secret_file(section, section.place_of(key), section.resolve(*file)).value_or("");
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  return text;
}

std::map<std::string, std::string> read_templates(
    Section& section, const std::string& key, const std::vector<std::string>& known,
    const std::function<std::string(const std::string& name, const std::string& text)>& check) {
  std::map<std::string, std::string> templates;
  const std::string directory = section.resolve(section.text_or(key, ""));
  const Place place = section.place_of(key);
  std::error_code error;
  std::set<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    files.insert(entry.path());
  }
  if (error) section.problems().error(place, directory + ": " + error.message());
  for (const auto& file : files) {
    const std::string name = file.stem().string();
    if (file.extension() != ".mustache" ||
        std::find(known.begin(), known.end(), name) == known.end()) {
      section.problems().error(place,
                               file.string() + " overrides nothing: there is no such template");
      continue;
    }
    const auto text = read_file(section, place, file.string(), 256u << 10);
    if (!text) continue;
    if (const std::string wrong = check(name, *text); !wrong.empty()) {
      section.problems().error({file.string(), -1, -1}, wrong);
    }
    templates[name] = *text;
  }
  return templates;
}

std::set<std::string> yaml_files_in(const std::filesystem::path& directory,
                                    std::error_code& error) {
  std::set<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    if (entry.path().extension() == ".yaml") files.insert(entry.path().string());
  }
  return files;
}

YAML::Node read_yaml(Problems& problems, const std::string& file) {
  auto [problem, text] = read_bytes(file, kMaxYaml);
  if (!problem.empty()) {
    problems.error({file, -1, -1}, problem);
    return YAML::Node(YAML::NodeType::Undefined);
  }
  return parse_yaml(problems, file, text);
}

YAML::Node parse_yaml(Problems& problems, const std::string& file, const std::string& text) {
  if (has_alias(text) || deepest_flow(text) > 100) {
    problems.error({file, -1, -1}, "anchors, aliases and deep nesting are not supported");
    return YAML::Node(YAML::NodeType::Undefined);
  }
  try {
    return YAML::Load(text);
  } catch (const YAML::Exception& error) {
    problems.error({file, error.mark.line, error.mark.column}, "YAML: " + error.msg);
    return YAML::Node(YAML::NodeType::Undefined);
  }
}

}  // namespace anteroom::config
