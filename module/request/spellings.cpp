#include "request/spellings.h"

#include <algorithm>

#include "request/text.h"

namespace anteroom::nginx {

namespace {

bool has_capitals(std::string_view text) {
  return std::any_of(text.begin(), text.end(), is_capital);
}

// With a slash at its end if it has none, and the other way round.
std::string toggled(std::string_view path) {
  if (path == "/") return "/";
  return path.ends_with('/') ? std::string(path.substr(0, path.size() - 1))
                             : std::string(path) + "/";
}

}  // namespace

Spellings spellings_of(const ngx_http_core_srv_conf_t& server) {
  Spellings spellings;
  for (const std::string& name : static_names(server)) {
    if (has_capitals(name)) spellings.with_capitals.push_back(name);
    spellings.twins.emplace(toggled(in_small_letters(name)), name);
    // The page of a folder by the script that makes it.
    if (name.ends_with('/')) spellings.twins.emplace(in_small_letters(name) + "index.php", name);
  }
  const auto all = all_places(server);
  spellings.has_regular_expressions = std::any_of(all.begin(), all.end(), [](const Found& found) {
    return !found.regular_expressions.empty();
  });
  return spellings;
}

std::vector<std::string> other_spellings(const Spellings& spellings, std::string_view path) {
  std::vector<std::string> others;
  const std::string small = has_capitals(path) || !spellings.with_capitals.empty()
                                ? in_small_letters(path)
                                : std::string(path);
  if (small != path) others.push_back(small);
  for (const std::string& name : spellings.with_capitals) {
    if (small.starts_with(in_small_letters(name)) && !path.starts_with(name)) {
      others.push_back(name + std::string(path.substr(name.size())));
    }
  }
  // One that a location is written for is what the operator says of it.
  const auto is_written_for = [&] {
    const auto own = spellings.twins.find(toggled(small));
    return own != spellings.twins.end() && own->second == path;
  };
  if (const auto twin = spellings.twins.find(small);
      twin != spellings.twins.end() && twin->second != path && !is_written_for()) {
    others.push_back(twin->second);
  }
  if (spellings.has_regular_expressions && path != "/") {
    others.push_back(toggled(path));
    if (small != path) others.push_back(toggled(small));
  }
  return others;
}

}  // namespace anteroom::nginx
