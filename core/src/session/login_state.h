// What a browser carries between leaving for the IdP and coming back, and between being turned away
// and signing in. Sealed; nothing of it is kept on the server.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/ports.h"
#include "anteroom/settings.h"
#include "crypto/seal.h"

namespace anteroom::session {

/// Where a person wanted to go.
struct ReturnTo {
  std::string origin;  ///< one of the served origins
  std::string target;  ///< path and query at that origin
  std::string
      browser_hash;  ///< hex SHA-256 of that host's browser cookie; empty: the login host itself
  std::chrono::seconds max_age{0};  ///< how old a sign-on may be there; 0: any
  std::string authn_context = {};   ///< class reference that is needed there; empty: any

  friend bool operator==(const ReturnTo&, const ReturnTo&) = default;
};

/// The `r` of our URLs and forms. Good for a day; what has gone stale counts as absent.
std::optional<std::string> seal_return_to(const crypto::Sealer& sealer, Random& random,
                                          const ReturnTo& return_to, Time now);
std::optional<ReturnTo> open_return_to(const crypto::Sealer& sealer, std::string_view sealed,
                                       Time now);

/// One sign-on under way.
struct LoginState {
  std::string request_id;  ///< AuthnRequest/@ID
  std::string idp;         ///< configured name of the IdP this browser was sent to
  std::string return_to;   ///< sealed ReturnTo, or empty
  Time issued_at;
  bool is_done = false;    ///< it has led to a session: kept a while so that a repeat finds its way
  bool is_forced = false;  ///< ForceAuthn was asked for
  bool is_passive = false;          ///< IsPassive was asked for
  std::string authn_contexts = {};  ///< class references asked for, with spaces between
  std::string replaces = {};        ///< hex token hash of the session this browser had; or empty
  bool has_fragment = false;  ///< the browser keeps what stood behind the "#" of the page asked for

  /// The cookie that holds it.
  [[nodiscard]] std::string cookie_name() const;
};

std::optional<std::string> seal_login_state(const crypto::Sealer& sealer, Random& random,
                                            const LoginState& state, Time expires_at);

/// The live login states of a Cookie header. `stale` receives the names of all other login cookies:
/// garbled, expired, or not ours.
std::vector<LoginState> login_states(const crypto::Sealer& sealer, std::string_view cookie_header,
                                     Time now, std::vector<std::string>& stale);

/// A test of signing on under way. Its cookie has another name and its seal another purpose than
/// those of a sign-on, so that what answers it opens no session.
struct TestState {
  LoginState asked;  ///< what was asked for; return_to is the link that it was begun by

  [[nodiscard]] std::string cookie_name() const;
};

std::optional<std::string> seal_test_state(const crypto::Sealer& sealer, Random& random,
                                           const TestState& state, Time expires_at);
/// The live ones of a Cookie header.
std::vector<TestState> test_states(const crypto::Sealer& sealer, std::string_view cookie_header,
                                   Time now);

/// The `t` of a link by which whoever has it tests signing on at a company, for three days.
std::optional<std::string> seal_test_link(const crypto::Sealer& sealer, Random& random,
                                          std::string_view company, Time now);
/// Its company; nullopt: it has ended, or is none.
std::optional<std::string> open_test_link(const crypto::Sealer& sealer, std::string_view sealed,
                                          Time now);

}  // namespace anteroom::session
