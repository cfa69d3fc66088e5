// The whole product behind one door: what a host (nginx, the command line, a test) calls.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "anteroom/company_directory.h"
#include "anteroom/gate.h"
#include "anteroom/http.h"
#include "anteroom/kept_companies.h"
#include "anteroom/pages.h"
#include "anteroom/ports.h"
#include "anteroom/properties.h"
#include "anteroom/session.h"
#include "anteroom/settings.h"
#include "anteroom/task.h"

namespace anteroom {

/// Bodies of requests to our own endpoints are at most this long (a Response with 1,200 groups is
/// 180 kB).
inline constexpr std::size_t kMaxBodyBytes = 512u << 10;

/// Looks the session of a token up on this node, then in the database; the hash is the token's.
/// Implemented by the host, which remembers and coalesces, and asks nobody about a token that
/// SessionSource::has_made() does not know. The record is empty if there is no such live session.
using SessionLookup = std::function<void(const TokenHash&, std::string_view token, SessionUse use,
                                         std::function<void(Result<std::string>)> record_bytes)>;

class Site {
 public:
  /// Once per process that will handle requests, after fork and before any thread: prepares Lasso,
  /// xmlsec and libxml2 (initialize.h), loads keys. Throws std::runtime_error with the operator's
  /// message if it can't. `companies` and `pages` may be made before the fork, for all processes at
  /// once.
  Site(const std::shared_ptr<const Settings>& settings, const FirstCompanies& companies,
       std::shared_ptr<const pages::Renderer> pages, Ports ports, SessionLookup lookup);
  ~Site();

  /// Answers a request to one of our endpoints (ServiceProviderSettings::owns). Never throws into
  /// the host by way of the task: an internal failure is a 500-free refusal with a reference
  /// number.
  Task<Response> handle(Request request);

  /// Takes up what has changed about the companies of the database; the host calls it when it
  /// hears of changes, one at a time. Before the first call has ended what looks for a company
  /// waits for that, and everything where this node has kept nothing; where it failed, who is not
  /// found is told to try again later, and no company of the database vouches for anybody.
  Task<Status> refresh_companies();
  /// Whether it should be called though nothing has changed: what this node keeps is behind.
  [[nodiscard]] bool has_to_keep_companies(Time now) const;
  [[nodiscard]] CompaniesKnown companies_known() const;

  /// Those that it knows now.
  [[nodiscard]] std::shared_ptr<const CompanyDirectory> companies() const;

  /// The configured origin that a Host header names, without case; nullptr: not one of ours.
  [[nodiscard]] const Origin* origin_of(std::string_view host) const;

  /// The answer to a gated request that is not allowed through: redirect, page or JSON.
  /// `session` as given to decide(); `requirement` for the page that says what is missing, and
  /// `names` from names_for_refusal() for how it calls properties.
  Response turn_away(Outcome outcome, const RequestHead& request, const SessionView* session,
                     const Requirement& requirement, const store::PropertyNames& names = {});

  /// Of the properties that somebody who is refused may know of. Asks the database; none if that
  /// cannot be asked. Neither argument needs to outlive the call.
  Task<store::PropertyNames> names_for_refusal(const SessionView& session,
                                               const Requirement& requirement);

  /// 503 with Retry-After, page or JSON; logs the failure once with its reference number.
  Response unavailable(const RequestHead& request, const Failure& failure);

  /// Any other refusal by the host itself (413, 400): page or JSON.
  Response refuse(const RequestHead& request, int status, const Failure& failure);

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// NOTIFY channel and payloads by which nodes tell each other what to forget:
/// "session:<64 hex digits of the token hash>" or "user:<uuid>" or "companies" or "all".
inline constexpr const char* kNotifyChannel = "anteroom";

/// The schema this build needs; a host refuses to start on an older one.
inline constexpr int kSchemaVersion = 45;

}  // namespace anteroom
