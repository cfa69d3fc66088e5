// AES-256-GCM (NIST SP 800-38D), and the construction over it whose nonces may be random for ever.
#pragma once

#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace anteroom::crypto {

inline constexpr std::size_t kGcmNonceBytes = 12;
inline constexpr std::size_t kGcmTagBytes = 16;
inline constexpr std::size_t kXaesNonceBytes = 24;

/// `sealed` is ciphertext | tag, `data` is authenticated beside it. nullopt: not under this 32-byte
/// key, nonce and data; or the library failed.
std::optional<std::string> gcm_open(std::string_view key, std::string_view nonce,
                                    std::string_view data, std::string_view sealed);

/// XAES-256-GCM (c2sp.org/XAES-256-GCM): AES-256-GCM under a key derived for each message from the
/// first half of a 24-byte nonce by AES-CMAC in NIST SP 800-108r1's counter mode. With random
/// nonces 2^80 messages under one key meet a repeated one with a chance of 2^-32; AES-256-GCM
/// itself allows 2^32 for that chance (SP 800-38D, 8.3).
///
/// Appends ciphertext | tag of `parts`, one after the other; false if the library failed.
[[nodiscard]] bool xaes_seal(std::string_view key, std::string_view nonce, std::string_view data,
                             std::initializer_list<std::string_view> parts, std::string& out);

/// As gcm_open().
std::optional<std::string> xaes_open(std::string_view key, std::string_view nonce,
                                     std::string_view data, std::string_view sealed);

}  // namespace anteroom::crypto
