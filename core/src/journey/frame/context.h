// What every step of the journey works with.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "anteroom/company_directory.h"
#include "anteroom/pages.h"
#include "anteroom/ports.h"
#include "anteroom/site.h"
#include "crypto/seal.h"
#include "journey/frame/checking.h"
#include "journey/frame/once_a_minute.h"
#include "journey/frame/openings.h"
#include "journey/frame/quota.h"
#include "journey/frame/tally.h"
#include "journey/frame/token_guard.h"
#include "journey/frame/turns.h"
#include "session/login_state.h"
#include "session/mint.h"

namespace anteroom::journey {

/// The state of a worker, which its event loop alone touches.
struct Context {
  const Checking checking;                            ///< what other threads may read
  std::shared_ptr<const CompanyDirectory> companies;  ///< as they are now
  const Settings& settings;
  Ports ports;
  SessionLookup lookup;
  crypto::Sealer sealer;
  session::Mints mints;
  std::shared_ptr<const pages::Renderer> renderer;
  Result<std::string> metadata;                                ///< our own, as it is served
  std::shared_ptr<Tally> started = std::make_shared<Tally>();  ///< sign-ons, by IdP
  TokenGuard scim_tokens{};
  RefusalQuota refusals{};
  OnceAMinute denials{};                              ///< by user, of pages and of Manage
  Quota test_steps{60, std::chrono::minutes(10)};     ///< of signing on, by client (network_of())
  Quota set_up_steps{200, std::chrono::minutes(10)};  ///< by link, by client (network_of())
  Quota tests{20, std::chrono::hours(1)};    ///< of signing on, by company, to be written down
  Quota overages{1, std::chrono::hours(1)};  ///< groups too many to be named, by company, logged
  Openings openings{};
  /// Of the connections that are not the door's alone, half are any one party's at most.
  Turns turns{std::max(1, settings.database.pool_size / 4)};
  /// False: there may be more in the database, which could not be asked yet.
  bool knows_companies = true;

  /// Whether to go by what was found, nullptr: nothing. Not before the database has been asked,
  /// unless the configuration has it: what was kept vouches for nobody.
  [[nodiscard]] bool is_settled(const IdentityProvider* found) const {
    return knows_companies || (found != nullptr && found->metadata_number == 0);
  }
  [[nodiscard]] const Origin* origin_of(std::string_view host) const;
  [[nodiscard]] const Origin& login_origin() const { return settings.service_provider.origin; }
  [[nodiscard]] Time now() const { return ports.clock.now(); }
  /// prefix + `page`: "/auth" + "/sign-in".
  [[nodiscard]] std::string path(std::string_view page) const {
    return settings.service_provider.pages_prefix + std::string(page);
  }
};

/// One request being answered. Created by the router, lives until its response is made.
struct Exchange {
  Context& context;
  Request request;
  const Origin& origin;  ///< the configured origin that the Host header names
  /// As they were when it began, so that it sees one state of them.
  std::shared_ptr<const CompanyDirectory> companies = context.companies;

  [[nodiscard]] const RequestHead& head() const { return request.head(); }
  [[nodiscard]] bool is_on_login_host() const { return origin.text == context.login_origin().text; }
  [[nodiscard]] Time now() const { return context.now(); }
};

/// The live session of the browser that asks, or nothing. Owns the bytes its view reads.
class CurrentSession {
 public:
  CurrentSession() = default;
  CurrentSession(const TokenHash& hash, std::string bytes)
      : hash_(hash),
        bytes_(std::make_unique<std::string>(std::move(bytes))),
        view_(SessionView::parse(*bytes_)) {}

  [[nodiscard]] const SessionView* view() const { return view_ ? &*view_ : nullptr; }
  [[nodiscard]] const TokenHash& hash() const { return hash_; }

 private:
  TokenHash hash_{};
  std::unique_ptr<std::string> bytes_;
  std::optional<SessionView> view_;
};

/// What this node or the database knows of a session cookie's token; empty: nothing.
Task<Result<std::string>> look_up(Exchange& exchange, std::string_view token, TokenHash hash,
                                  SessionUse use = SessionUse::counts);

/// Looks the session cookie up. No cookie, unknown, expired, other origin: an empty CurrentSession.
Task<Result<CurrentSession>> current_session(Exchange& exchange,
                                             SessionUse use = SessionUse::counts);

}  // namespace anteroom::journey
