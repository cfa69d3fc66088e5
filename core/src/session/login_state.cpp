#include "session/login_state.h"

#include "http/cookie.h"
#include "session/names.h"
#include "session/packing.h"

namespace anteroom::session {

namespace {

constexpr std::string_view kReturnPurpose = "return-to";
constexpr std::string_view kLoginPurpose = "login-state";
constexpr auto kReturnLife = std::chrono::hours(24);
constexpr std::size_t kIdPrefixBytes = 2;  // "id"
constexpr std::size_t kNameDigits = 16;

}  // namespace

std::optional<std::string> seal_return_to(const crypto::Sealer& sealer, Random& random,
                                          const ReturnTo& return_to, Time now) {
  const auto packed = pack({return_to.origin, return_to.target, return_to.browser_hash});
  if (!packed) return std::nullopt;
  return sealer.seal(random, kReturnPurpose, *packed, now + kReturnLife);
}

std::optional<ReturnTo> open_return_to(const crypto::Sealer& sealer, std::string_view sealed,
                                       Time now) {
  const auto packed = sealer.open(kReturnPurpose, sealed, now);
  if (!packed) return std::nullopt;
  auto fields = unpack(*packed, 3);
  if (!fields) return std::nullopt;
  return ReturnTo{std::move((*fields)[0]), std::move((*fields)[1]), std::move((*fields)[2])};
}

std::string LoginState::cookie_name() const {
  return std::string(kLoginCookiePrefix) + request_id.substr(kIdPrefixBytes, kNameDigits);
}

std::optional<std::string> seal_login_state(const crypto::Sealer& sealer, Random& random,
                                            const LoginState& state, Time expires_at) {
  const auto issued = std::to_string(state.issued_at.time_since_epoch().count());
  const auto packed =
      pack({state.request_id, state.idp, state.return_to, issued, state.is_done ? "1" : "0"});
  if (!packed) return std::nullopt;
  return sealer.seal(random, kLoginPurpose, *packed, expires_at);
}

std::vector<LoginState> login_states(const crypto::Sealer& sealer, std::string_view cookie_header,
                                     Time now, std::vector<std::string>& stale) {
  std::vector<LoginState> states;
  http::for_each_cookie(cookie_header, [&](std::string_view name, std::string_view value) {
    if (!name.starts_with(kLoginCookiePrefix)) return;
    if (const auto packed = sealer.open(kLoginPurpose, value, now)) {
      if (auto fields = unpack(*packed, 5)) {
        const Time issued{Time::duration(std::stoll((*fields)[3]))};  // sealed by us: a number
        LoginState state{(*fields)[0], (*fields)[1], (*fields)[2], issued, (*fields)[4] == "1"};
        // A sealed value moved to another name would let one sign-on pass for another.
        if (state.cookie_name() == name) {
          states.push_back(std::move(state));
          return;
        }
      }
    }
    stale.emplace_back(name);
  });
  return states;
}

}  // namespace anteroom::session
