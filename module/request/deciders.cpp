#include "request/deciders.h"

#include <algorithm>

#include "anteroom/readings.h"

namespace anteroom::nginx {

namespace {

std::string in_small_letters(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c | 0x20);
  }
  return out;
}

// As an app reads it: without what makes a list of it.
std::string name_at_an_app(std::string_view name) {
  std::string read = in_small_letters(decoded_once(name));
  read.erase(std::min(read.find('['), read.size()));
  return read;
}

bool is_doubtful(std::string_view query, const std::string& argument) {
  int times = 0;
  bool is_plain = true;
  while (!query.empty()) {
    const std::size_t end = std::min(query.find_first_of("&;"), query.size());
    const std::string_view name = query.substr(0, std::min(query.find('='), end));
    if (name_at_an_app(name) == argument) {
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
