// What a Response comes to. Runs on the thread pool.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "anteroom/company_directory.h"
#include "anteroom/saml.h"
#include "journey/frame/checking.h"
#include "session/login_state.h"

namespace anteroom::journey {

/// This browser has no such sign-on under way.
inline constexpr Code kNoLoginState{"no_login_state"};

/// What a company's messages are verified with, brought along; nullptr: the cache is asked.
struct OpenedCompany {
  using Verifier = Result<companies::VerifierCache::Verifier>;

  const IdentityProvider* company = nullptr;
  Verifier verifier = Failure{code::kInternal, ""};

  /// nullopt: it has to be opened first (open_company()).
  [[nodiscard]] std::optional<Verifier> of(const Checking& checking,
                                           const CompanyDirectory& companies,
                                           const IdentityProvider& idp) const;
};

struct ResponseCheck {
  saml::Verdict verdict;
  const IdentityProvider* idp = nullptr;     ///< of the directory that was given
  std::optional<session::LoginState> state;  ///< absent: unsolicited
  std::optional<std::chrono::microseconds> took = std::nullopt;  ///< to verify; absent: was not
  std::vector<saml::Fact> outline = {};  ///< where a sign-on under way is refused
  bool is_unopened = false;              ///< nothing was verified: open_company() has to come first
};

/// A Response (base64) that came to a browser with these login states.
ResponseCheck check_response(const Checking& checking, const CompanyDirectory& companies,
                             const std::string& encoded,
                             const std::vector<session::LoginState>& states, Time now,
                             const OpenedCompany& opened = {});

/// A Response that is to be fetched from the IdP that this browser was sent to.
struct Fetch {
  saml::Artifact artifact;
  const IdentityProvider* idp = nullptr;
  std::vector<session::LoginState> states;  ///< of that IdP, at least one
  std::string request_id;                   ///< for the ArtifactResolve
};

/// nullopt: no sign-on of this browser is under way at an IdP that has issued this artifact and
/// that we asked for one.
std::optional<Fetch> plan_fetch(const CompanyDirectory& companies, const saml::Artifact& artifact,
                                const std::vector<session::LoginState>& states);

/// Fetches it, then judges it like any other. Blocks for seconds. An artifact is good once: nothing
/// is fetched where the company is not open yet.
ResponseCheck fetch_and_check(const Checking& checking, const CompanyDirectory& companies,
                              const Fetch& fetch, Time now, const OpenedCompany& opened = {});

}  // namespace anteroom::journey
