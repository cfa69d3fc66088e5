#pragma once

#include <optional>
#include <string>

#include "config/section.h"

namespace anteroom::config {

/// The bytes of a regular file of at most `max` bytes; complains at the key otherwise.
std::optional<std::string> read_file(Section& section, const Place& place, const std::string& path,
                                     std::size_t max);

/// The same for what must stay secret: refused if others may read it or the group may write it.
std::optional<std::string> read_secret_file(Section& section, const Place& place,
                                            const std::string& path);

/// A whole YAML file; complains about syntax, size and too many aliases.
YAML::Node read_yaml(Problems& problems, const std::string& file);

}  // namespace anteroom::config
