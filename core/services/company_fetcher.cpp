#include "services/company_fetcher.h"

#include <algorithm>

#include "anteroom/company_fetches.h"
#include "anteroom/company_rules.h"
#include "anteroom/metadata_fetch.h"
#include "anteroom/saml.h"
#include "host/blocking_ports.h"
#include "services/metadata_rules.h"
#include "text/unicode.h"

namespace anteroom::services {

namespace {

using store::CompanyChange;
using Outcome = Refreshed::Outcome;

constexpr std::chrono::seconds kAfterNews = std::chrono::hours(1);
constexpr std::size_t kMaxError = 900;
constexpr std::size_t kMaxMetadata = 512u << 10;  // as in Manage

std::string refusal(CompanyChange change) {
  switch (change) {
    case CompanyChange::no_company:
      return "it is archived";
    case CompanyChange::entity_id_taken:
      return "another company has the entity ID of this metadata";
    case CompanyChange::changed_meanwhile:
      return "somebody has changed the company meanwhile";
    default:
      return "its entity ID is not that of the metadata in force";
  }
}

std::optional<IdpMetadata> in_force(const store::CompanyRow& row,
                                    const std::string& pinned_certificate_der) {
  if (row.metadata.empty()) return std::nullopt;
  auto parsed = saml::parse_idp_metadata(row.metadata, Time{},
                                         pinned_certificate_der);  // what has expired is known, too
  return parsed ? std::optional(std::move(*parsed)) : std::nullopt;
}

// One attempt. The row's metadata is what is in force when it ends.
class Attempt {
 public:
  Attempt(Database& database, const Settings& settings, const store::DueFetch& due,
          store::CompanyRow& row)
      : database_(database),
        settings_(settings),
        due_(due),
        row_(row),
        source_(read_company(row, settings, now_).company.metadata_source) {}

  Refreshed run() {
    const auto answer = fetch_metadata({due_.url, source_.ca_pem, due_.etag, due_.last_modified});
    if (!answer) return {Outcome::failed, answer.failure().detail};
    const bool is_same = answer->is_unchanged || answer->xml == row_.metadata;
    Refreshed done = is_same ? look_again() : take(answer->xml);
    if (done.outcome != Outcome::failed) {
      // A server that says "not modified" need not repeat what it calls it.
      etag = answer->is_unchanged && answer->etag.empty() ? due_.etag : answer->etag;
      last_modified = answer->is_unchanged && answer->last_modified.empty() ? due_.last_modified
                                                                            : answer->last_modified;
    }
    return done;
  }

  std::string etag, last_modified;

 private:
  Refreshed look_again() {
    const auto still = saml::parse_idp_metadata(row_.metadata, now_, source_.certificate_der);
    if (!still) return {Outcome::failed, still.failure().detail};
    return {Outcome::unchanged, ""};
  }

  Refreshed take(const std::string& xml) {
    if (xml.size() > kMaxMetadata) return {Outcome::failed, "it is longer than 512 KiB"};
    const auto current = in_force(row_, source_.certificate_der);
    store::CompanyRow next = row_;
    next.metadata = xml;
    JudgedMetadata judged = judge_company_metadata(settings_, next, now_);
    if (!judged.verdict.is_good()) return {Outcome::failed, judged.verdict.why};
    if (current) {
      const Status fine = saml::check_successor(*current, judged.metadata, now_, false);
      if (!fine) return {Outcome::failed, fine.failure().detail};
    }
    const auto brought = wait(store::bring_fetched(database_, settings_.access, row_.name, due_.url,
                                                   row_.version, std::move(judged.kept)));
    if (!brought) return {Outcome::failed, brought.failure().detail};
    if (brought->change != CompanyChange::done && brought->change != CompanyChange::same) {
      return {Outcome::failed, refusal(brought->change)};
    }
    row_.metadata = xml;
    if (!brought->is_news) return {Outcome::unchanged, ""};
    return {Outcome::changed, difference(current, judged.metadata)};
  }

  Database& database_;
  const Settings& settings_;
  const store::DueFetch& due_;
  store::CompanyRow& row_;
  const Time now_ = SystemClock().now();
  const MetadataSource source_;
};

}  // namespace

Result<std::optional<FetchedCompany>> fetch_company(Database& database, const Settings& settings,
                                                    const std::string& company) {
  const auto due = wait(store::begin_fetch(database, company));
  if (!due) return due.failure();
  if (!*due) return std::optional<FetchedCompany>();
  auto row = wait(store::find_company(database, (*due)->company));
  if (!row) return row.failure();
  if (!*row) return std::optional<FetchedCompany>();  // removed meanwhile
  Attempt attempt(database, settings, **due, **row);
  FetchedCompany fetched{(*due)->company, attempt.run()};
  const bool is_good = fetched.done.outcome != Outcome::failed;
  const Time now = SystemClock().now();
  const IdentityProvider read = read_company(**row, settings, now).company;
  const auto every = read.metadata_source.refresh_every;
  auto pause =
      pause_before_next(every, is_good ? 0 : (*due)->failures + 1,
                        is_good ? read.metadata.valid_until : std::nullopt, now, any_spread());
  // Whoever changes it all the time is not asked all the time.
  if (fetched.done.outcome == Outcome::changed)
    pause = std::max(pause, std::min(every, kAfterNews));
  store::EndedFetch ended{**due, attempt.etag, attempt.last_modified, {}, every, pause};
  if (!is_good) ended.error = text::printable(fetched.done.detail, kMaxError);
  const auto written = wait(store::end_fetch(database, std::move(ended)));
  if (!written) return written.failure();
  return std::optional(std::move(fetched));
}

}  // namespace anteroom::services
