#include "http/cookie.h"

namespace anteroom::http {

std::string set_cookie(std::string_view name, std::string_view value, SameSite same_site,
                       std::optional<std::chrono::seconds> max_age) {
  std::string out(name);
  out += '=';
  out += value;
  out += "; Path=/; Secure; HttpOnly; SameSite=";
  out += same_site == SameSite::lax ? "Lax" : "None";
  if (max_age) out += "; Max-Age=" + std::to_string(max_age->count());
  return out;
}

}  // namespace anteroom::http
