#include "journey/frame/quota.h"

#include <algorithm>
#include <cstring>
#include <string>

#include "anteroom/network.h"
#include "crypto/digest.h"

namespace anteroom::journey {

namespace {

constexpr std::size_t kSets = 512;
constexpr std::size_t kWays = 8;  // 96 kB each

// Of a cryptographic hash: nobody makes others share their set. 0 if the library fails: then all
// share one.
std::uint64_t number_of(std::string_view key) {
  const auto hash = crypto::sha256(key);
  std::uint64_t number = 0;
  if (hash) std::memcpy(&number, hash->data(), sizeof number);
  return number;
}

}  // namespace

// What lies ahead was seen before the clock was set back.
bool Quota::is_over(const Slot& slot, Time now) const {
  return slot.taken == 0 || slot.since > now || now - slot.since >= each_;
}

bool Quota::take(std::string_view key, Time now) {
  if (slots_.empty()) slots_.resize(kSets * kWays);
  const std::uint64_t number = number_of(key);
  const auto begin = slots_.begin() + static_cast<std::ptrdiff_t>(number % kSets * kWays);
  const auto end = begin + kWays;
  auto slot =
      std::find_if(begin, end, [&](const Slot& s) { return s.taken != 0 && s.key == number; });
  if (slot == end) {
    slot = std::min_element(begin, end, [&](const Slot& a, const Slot& b) {
      const auto worth = [&](const Slot& s) { return is_over(s, now) ? 0 : s.taken; };
      return worth(a) < worth(b);
    });
    *slot = {};
  }
  if (is_over(*slot, now)) *slot = {number, now, 0};
  if (slot->taken >= most_) return false;
  ++slot->taken;
  return true;
}

bool RefusalQuota::take(std::string_view request_id, std::string_view client,
                        std::string_view email, Time now) {
  if (!request_id.empty() && !sign_ons_.take(request_id, now)) return false;
  return clients_.take(email.empty() ? network_of(client) : std::string(email), now);
}

}  // namespace anteroom::journey
