// Message authentication.
#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string_view>

#include "anteroom/ports.h"
#include "anteroom/settings.h"

struct evp_mac_ctx_st;

namespace anteroom::crypto {

/// HMAC-SHA-256 (RFC 2104) under one key, which is set up once. One thread's.
class Mac {
 public:
  /// Throws std::runtime_error if the library fails: made when a process starts.
  explicit Mac(const Secret& key);

  /// Over the parts, one after the other; nullopt only if the library fails.
  std::optional<TokenHash> of(std::initializer_list<std::string_view> parts);

 private:
  struct Free {
    void operator()(evp_mac_ctx_st* context) const;
  };
  std::unique_ptr<evp_mac_ctx_st, Free> context_;
};

}  // namespace anteroom::crypto
