#include "session/login_state.h"

#include <cstdlib>

#include "http/cookie.h"
#include "session/names.h"
#include "session/packing.h"

namespace anteroom::session {

namespace {

constexpr std::string_view kReturnPurpose = "return-to";
constexpr std::string_view kLoginPurpose = "login-state";
constexpr std::string_view kTestPurpose = "test-state";
constexpr std::string_view kTestLinkPurpose = "test-link";
constexpr auto kReturnLife = std::chrono::hours(24);
constexpr auto kTestLinkLife = std::chrono::hours(72);
constexpr std::size_t kIdPrefixBytes = 2;  // "id"
constexpr std::size_t kNameDigits = 16;

// Sealed by us: it is a number.
long long number(const std::string& text) {
  return std::strtoll(text.c_str(), nullptr, 10);
}

// How it was begun, as what is sealed says it. Nodes that do not know the last take it for the
// first.
constexpr std::string_view kPressed = "0";
constexpr std::string_view kPassive = "1";
constexpr std::string_view kPressedWithFragment = "2";

std::string_view way_of(const LoginState& state) {
  if (state.is_passive) return kPassive;
  return state.has_fragment ? kPressedWithFragment : kPressed;
}

LoginState from_fields(const std::vector<std::string>& fields) {
  LoginState state;
  state.request_id = fields[0];
  state.idp = fields[1];
  state.return_to = fields[2];
  state.issued_at = Time(Time::duration(number(fields[3])));
  state.is_done = fields[4] == "1";
  state.is_forced = fields[5] == "1";
  state.is_passive = fields[6] == kPassive;
  state.has_fragment = fields[6] == kPressedWithFragment;
  state.authn_contexts = fields[7];
  state.replaces = fields[8];
  return state;
}

std::optional<std::string> seal_state(const crypto::Sealer& sealer, Random& random,
                                      std::string_view purpose, const LoginState& state,
                                      Time expires_at) {
  const auto issued = std::to_string(state.issued_at.time_since_epoch().count());
  const auto flag = [](bool is_set) { return is_set ? "1" : "0"; };
  const auto packed =
      pack({state.request_id, state.idp, state.return_to, issued, flag(state.is_done),
            flag(state.is_forced), way_of(state), state.authn_contexts, state.replaces});
  if (!packed) return std::nullopt;
  return sealer.seal(random, purpose, *packed, expires_at);
}

std::optional<LoginState> open_state(const crypto::Sealer& sealer, std::string_view purpose,
                                     std::string_view sealed, Time now) {
  const auto packed = sealer.open(purpose, sealed, now);
  const auto fields = packed ? unpack(*packed, 9) : std::nullopt;
  if (!fields) return std::nullopt;
  return from_fields(*fields);
}

std::string name_of(std::string_view prefix, const LoginState& state) {
  return std::string(prefix) + state.request_id.substr(kIdPrefixBytes, kNameDigits);
}

}  // namespace

std::optional<std::string> seal_return_to(const crypto::Sealer& sealer, Random& random,
                                          const ReturnTo& return_to, Time now) {
  const auto packed = pack({return_to.origin, return_to.target, return_to.browser_hash,
                            std::to_string(return_to.max_age.count()), return_to.authn_context});
  if (!packed) return std::nullopt;
  return sealer.seal(random, kReturnPurpose, *packed, now + kReturnLife);
}

std::optional<ReturnTo> open_return_to(const crypto::Sealer& sealer, std::string_view sealed,
                                       Time now) {
  const auto packed = sealer.open(kReturnPurpose, sealed, now);
  if (!packed) return std::nullopt;
  auto fields = unpack(*packed, 5);
  if (!fields) return std::nullopt;
  return ReturnTo{std::move((*fields)[0]), std::move((*fields)[1]), std::move((*fields)[2]),
                  std::chrono::seconds(number((*fields)[3])), std::move((*fields)[4])};
}

std::string LoginState::cookie_name() const {
  return name_of(kLoginCookiePrefix, *this);
}

std::string TestState::cookie_name() const {
  return name_of(kTestCookiePrefix, asked);
}

std::optional<std::string> seal_login_state(const crypto::Sealer& sealer, Random& random,
                                            const LoginState& state, Time expires_at) {
  return seal_state(sealer, random, kLoginPurpose, state, expires_at);
}

std::vector<LoginState> login_states(const crypto::Sealer& sealer, std::string_view cookie_header,
                                     Time now, std::vector<std::string>& stale) {
  std::vector<LoginState> states;
  http::for_each_cookie(cookie_header, [&](std::string_view name, std::string_view value) {
    if (!name.starts_with(kLoginCookiePrefix)) return;
    auto state = open_state(sealer, kLoginPurpose, value, now);
    // A sealed value moved to another name would let one sign-on pass for another.
    if (state && state->cookie_name() == name) {
      states.push_back(std::move(*state));
    } else {
      stale.emplace_back(name);
    }
  });
  return states;
}

std::optional<std::string> seal_test_state(const crypto::Sealer& sealer, Random& random,
                                           const TestState& state, Time expires_at) {
  return seal_state(sealer, random, kTestPurpose, state.asked, expires_at);
}

std::vector<TestState> test_states(const crypto::Sealer& sealer, std::string_view cookie_header,
                                   Time now) {
  std::vector<TestState> states;
  http::for_each_cookie(cookie_header, [&](std::string_view name, std::string_view value) {
    if (!name.starts_with(kTestCookiePrefix)) return;
    auto asked = open_state(sealer, kTestPurpose, value, now);
    if (!asked) return;
    TestState state{std::move(*asked)};
    if (state.cookie_name() == name) states.push_back(std::move(state));
  });
  return states;
}

std::optional<std::string> seal_test_link(const crypto::Sealer& sealer, Random& random,
                                          std::string_view company, Time now) {
  return sealer.seal(random, kTestLinkPurpose, company, now + kTestLinkLife);
}

std::optional<std::string> open_test_link(const crypto::Sealer& sealer, std::string_view sealed,
                                          Time now) {
  return sealer.open(kTestLinkPurpose, sealed, now);
}

}  // namespace anteroom::session
