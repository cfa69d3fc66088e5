#include "request/deciders.h"

#include <algorithm>

#include "anteroom/readings.h"
#include "request/text.h"

namespace anteroom::nginx {

namespace {

// As an app may read it: PHP leaves spaces in front out and ends at a NUL, others at a bracket; and
// PHP writes '_' for what its variables cannot have.
std::string name_at_an_app(std::string_view name) {
  std::string read = in_small_letters(decoded_once(name));
  std::replace(read.begin(), read.end(), '+', ' ');
  read.erase(0, std::min(read.find_first_not_of(" ["), read.size()));
  read.erase(std::min(read.find_first_of(std::string_view("[]\0", 3)), read.size()));
  std::replace_if(
      read.begin(), read.end(), [](char c) { return c == '.' || c == ' '; }, '_');
  return read;
}

bool is_doubtful(std::string_view query, const std::string& argument) {
  int times = 0;
  bool is_plain = true;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find_first_of("&;"), query.size());
    const std::string_view name = query.substr(0, std::min(query.find('='), end));
    // Where a bracket was within, PHP goes on with what was behind it.
    const std::string read = name_at_an_app(name);
    if (read == argument || (argument.starts_with(read + "_") && name.find('[') != name.npos)) {
      ++times;
      is_plain = is_plain && in_small_letters(name) == argument;
    }
    query.remove_prefix(std::min(end + 1, query.size()));
  }
  return times > 1 || !is_plain;
}

}  // namespace

std::string_view doubtful_argument(const Deciders& deciders, std::string_view query) {
  if (query.empty()) return {};
  const auto found =
      std::find_if(deciders.arguments.begin(), deciders.arguments.end(),
                   [query](const std::string& argument) { return is_doubtful(query, argument); });
  return found == deciders.arguments.end() ? std::string_view{} : *found;
}

}  // namespace anteroom::nginx
