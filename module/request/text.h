// Between nginx's strings and ours.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "ngx.h"

namespace anteroom::nginx {

inline std::string_view view(const ngx_str_t& text) {
  return {reinterpret_cast<const char*>(text.data), text.len};
}

constexpr bool is_capital(char c) {
  return c >= 'A' && c <= 'Z';
}

/// Of ASCII; others stay as they are.
constexpr char small_letter(char c) {
  return is_capital(c) ? static_cast<char>(c | 0x20) : c;
}

inline std::string in_small_letters(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(), small_letter);
  return out;
}

/// Copied into `pool`; data is null if the memory is not to be had.
inline ngx_str_t copy(ngx_pool_t* pool, std::string_view text) {
  ngx_str_t result{text.size(), static_cast<u_char*>(ngx_pnalloc(pool, text.size() + 1))};
  if (result.data == nullptr) return ngx_str_t{0, nullptr};
  std::memcpy(result.data, text.data(), text.size());
  result.data[text.size()] = '\0';
  return result;
}

}  // namespace anteroom::nginx
