#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <system_error>
#include <vector>

#include "config/section.h"

namespace anteroom::config {

/// The bytes of a regular file of at most `max` bytes; complains at the key otherwise.
std::optional<std::string> read_file(Section& section, const Place& place, const std::string& path,
                                     std::size_t max);

/// The same for what must stay secret: refused if others may read it or the group may write it.
std::optional<std::string> read_secret_file(Section& section, const Place& place,
                                            const std::string& path);

/// The text of the secret file that `key` names, without its line end; empty if there is no key.
std::string read_secret_text(Section& section, const std::string& key);

/// The templates in the directory that `key` names, by name without ".mustache". Complains about
/// what is not among `known` and about what `check` finds wrong.
std::map<std::string, std::string> read_templates(
    Section& section, const std::string& key, const std::vector<std::string>& known,
    const std::function<std::string(const std::string& name, const std::string& text)>& check);

/// Paths of a directory's files that end in .yaml, in order.
std::set<std::string> yaml_files_in(const std::filesystem::path& directory, std::error_code& error);

/// A whole YAML file; complains about syntax, size and too many aliases.
YAML::Node read_yaml(Problems& problems, const std::string& file);
/// The same of a text, which problems call `file`.
YAML::Node parse_yaml(Problems& problems, const std::string& file, const std::string& text);

}  // namespace anteroom::config
