// Where we redirect and whether we may.
// Oracle: a reading of URLs of its own, the forgiving way browsers do it (WHATWG URL): what is a
// local target stays on the host, and an absolute URL leads to the host that we read.

#include "http/url.h"

#include <optional>

#include "fuzz/target.h"

using namespace anteroom;
using namespace anteroom::fuzz;

namespace {

// What a browser drops before it looks: C0 controls and spaces around, tabs and line ends within.
std::string as_browser_sees(std::string_view text) {
  const auto is_trimmed = [](char c) { return static_cast<unsigned char>(c) <= 0x20; };
  while (!text.empty() && is_trimmed(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_trimmed(text.back())) text.remove_suffix(1);
  std::string out;
  for (const char c : text) {
    if (c != '\t' && c != '\n' && c != '\r') out += c == '\\' ? '/' : c;
  }
  return out;
}

bool has_scheme(std::string_view text) {
  const auto colon = text.find_first_of(":/?#");
  return colon != std::string_view::npos && text[colon] == ':' && colon > 0;
}

struct Authority {
  std::string host;
  std::string port;
};

// Of what stands behind "http:" or "https:": any number of slashes, user info up to the last '@'.
Authority authority_of(std::string_view rest) {
  const auto start = rest.find_first_not_of('/');
  rest = start == std::string_view::npos ? "" : rest.substr(start);
  rest = rest.substr(0, rest.find_first_of("/?#"));
  if (const auto at = rest.rfind('@'); at != std::string_view::npos) rest = rest.substr(at + 1);
  const auto bracket = rest.rfind(']');
  const auto colon = rest.find(':', bracket == std::string_view::npos ? 0 : bracket);
  Authority authority{std::string(rest.substr(0, colon)), ""};
  if (colon != std::string_view::npos) authority.port = rest.substr(colon + 1);
  for (char& c : authority.host) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return authority;
}

void check_local(std::string_view text) {
  if (!http::is_local_target(text)) return;
  const std::string seen = as_browser_sees(text);
  require(seen == text, "a browser sees another text");
  require(seen.size() <= 2048 && seen.front() == '/', "not a path");
  require(seen.size() < 2 || seen[1] != '/', "a browser leaves the host");
  require(!has_scheme(seen), "a browser takes it as absolute");
  for (const char c : seen) require(c > 0x20 && c < 0x7f && c != '#', "a character out of place");
}

void check_absolute(std::string_view text) {
  const auto url = http::parse_url(text);
  if (!url) return;
  const std::string seen = as_browser_sees(text);
  require(seen == text, "a browser sees another text");
  const auto colon = seen.find(':');
  const Authority authority = authority_of(std::string_view(seen).substr(colon + 1));
  require(authority.host == url->host, "a browser goes to another host");
  require(authority.port.empty() ? url->port == 0 : std::stol(authority.port) == url->port,
          "a browser goes to another port");
  require(!url->path.empty() && url->path.front() == '/', "no path");
  constexpr std::size_t kLongest = 4096;  // what is written again may be longer by a slash
  if (text.size() >= kLongest) return;
  const auto again = http::parse_url(url->origin().text + url->path +
                                     (url->query.empty() ? "" : "?" + url->query));
  require(again && again->host == url->host && again->path == url->path &&
              again->query == url->query && again->origin().text == url->origin().text,
          "it reads differently when written again");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  check_local(view(data, size));
  check_absolute(view(data, size));
  return 0;
}
