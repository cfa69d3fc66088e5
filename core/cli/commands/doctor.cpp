#include <cstdio>

#include "anteroom/audit.h"
#include "anteroom/company_address.h"
#include "anteroom/people.h"
#include "anteroom/saml.h"
#include "cli/commands/console.h"
#include "host/files.h"
#include "services/metadata_copy.h"

namespace anteroom::cli {

namespace {

using Clock = std::chrono::system_clock;

constexpr std::size_t kColumn = 26;

long days_between(Clock::time_point from, Clock::time_point to) {
  return std::chrono::floor<std::chrono::days>(to - from).count();
}

std::string in_days(long days) {
  return days < 0 ? "ended " + std::to_string(-days) + " days ago"
                  : "ends in " + std::to_string(days) + " days";
}

/// One line of the answer: printed, and kept for JSON.
class Findings {
 public:
  void add(const char* key, const std::string& label, const Json& value, const std::string& said) {
    json[key] = value;
    text += (text.empty() ? "" : "\n") + label;
    text.append(label.size() < kColumn ? kColumn - label.size() : 1, ' ');
    text += said;
  }
  void add(const char* key, const std::string& label, const std::string& value) {
    add(key, label, value, value.empty() ? "-" : value);
  }
  Json json = Json::object();
  std::string text;
};

void add_metadata_facts(Findings& findings, const IdentityProvider& idp, Clock::time_point now) {
  if (const auto written = written_at(idp.metadata_source.file)) {
    const long days = days_between(*written, now);
    findings.add("metadata_age_days", "metadata", days,
                 idp.metadata_source.file + ", written " + std::to_string(days) + " days ago");
  }
  if (!idp.metadata_source.url.empty()) {
    const services::MetadataState state = services::read_metadata_state(idp.metadata_source);
    findings.add("metadata_error", "last refresh", state.error,
                 !state.error.empty()      ? "FAILED: " + state.error
                 : state.good_at == Time{} ? "none yet"
                                           : "well, on " + date_of(state.good_at));
  }
  if (!idp.closed.empty()) {
    findings.add("closed", "BUT CLOSED", idp.closed,
                 "NOBODY OF " + idp.name + " GETS IN: " + idp.closed);
  }
  for (const std::string& remark : idp.metadata.remarks) {
    findings.json["metadata_remarks"].push_back(remark);
    findings.text += "\n" + std::string(kColumn, ' ') + remark;
  }
  if (idp.metadata.wants_signed_requests) {
    findings.add(
        "signs_requests", "wants signed requests", idp.sign_requests,
        idp.sign_requests ? "they are" : "THEY ARE NOT: every sign-on may be refused there");
  }
  if (const auto& until = idp.metadata.valid_until) {
    const long days = days_between(now, *until);
    findings.add("metadata_ends_in_days", "its validity", days,
                 in_days(days) + (now < *until ? "" : ": NOBODY OF " + idp.name + " GETS IN"));
  }
  Json ends = Json::array();
  std::string text;
  for (const IdpCertificate& one : idp.metadata.certificates) {
    const long days = days_between(now, one.not_after);
    ends.push_back({{"subject", one.subject}, {"ends_in_days", days}});
    text += (text.empty() ? "" : "; ") + one.subject + " " + in_days(days);
  }
  findings.add("certificates", "certificate", ends, text);
}

Json last_of(Console& console, const char* kind, const std::string& idp, const std::string& email) {
  store::AuditFilter filter;
  filter.kind = kind;
  filter.idp = idp;
  filter.email = email;
  const auto events = console.need(wait(store::newest_audit(console.database(), filter, 1)));
  if (events.empty()) return nullptr;
  const store::RecordedEvent& e = events.front();
  return {{"at", e.at}, {"code", e.code}, {"reference", e.reference}, {"email", e.email}};
}

void add_last(Findings& findings, const char* key, const std::string& label, const Json& last) {
  if (last.is_null()) return findings.add(key, label, last, "none in the audit trail");
  std::string text = last["at"].get<std::string>().substr(0, 19) + "Z";
  constexpr std::pair<const char*, const char*> kParts[] = {
      {"code", ""}, {"reference", "reference "}, {"email", ""}};
  for (const auto& [part, said] : kParts) {
    const auto value = last[part].get<std::string>();
    if (!value.empty()) text += std::string(", ") + said + value;
  }
  findings.add(key, label, last, text);
}

void examine(Console& console, const std::string& given) {
  const Settings& settings = console.settings();
  const std::string email = checked_email(console, given, true);
  const std::string domain(saml::email_domain(email));
  const IdentityProvider* speaks_for = console.known_companies().by_domain(domain);
  if (speaks_for == nullptr) {
    throw Abort{exit_refused, "no identity provider is registered for " + domain +
                                  ": `anteroom idp list` shows the domains that are"};
  }
  const IdentityProvider& idp = *speaks_for;
  const auto person = console.need(wait(store::find_person(console.database(), email)));

  Findings findings;
  findings.add("email", "person", email);
  findings.add("state", "record", person ? person->state : "none: the first sign-on makes one");
  findings.add("grants", "access", person ? person->grants : "");
  findings.add("idp", "identity provider", idp.name);
  if (person && !person->idp.empty() && person->idp != idp.name) {
    findings.add("pinned_to", "BUT TIED TO", person->idp);
  }
  add_metadata_facts(findings, idp, Clock::now());
  add_last(findings, "last_success", "company's last sign-on",
           last_of(console, "signed_on", idp.name, ""));
  add_last(findings, "last_failure", "company's last refusal",
           last_of(console, "sign_on_refused", idp.name, ""));
  add_last(findings, "own_success", "person's last sign-on",
           last_of(console, "signed_on", "", email));
  add_last(findings, "own_failure", "person's last refusal",
           last_of(console, "sign_on_refused", "", email));
  const ServiceProviderSettings& sp = settings.service_provider;
  findings.text += "\nThe customer's administrator must have entered:";
  findings.add("identifier", "  Identifier", sp.entity_id);
  findings.add("reply_url", "  Reply URL", sp.acs_url);
  findings.add("sign_on_url", "  Sign on URL", company_address(sp, idp.name));
  findings.add("logout_url", "  Logout URL", sp.slo_url);
  console.say(findings.text, findings.json);
}

}  // namespace

void add_doctor(CLI::App& app, Console& console) {
  auto* doctor = app.add_subcommand("doctor", "what a person's sign-on depends on, and how it is");
  auto email = std::make_shared<std::string>();
  doctor->add_option("EMAIL", *email)->required();
  doctor->callback([&console, email] { examine(console, *email); });
}

}  // namespace anteroom::cli
