// Everything about one company, for whoever may connect it.
#include <array>
#include <utility>

#include "anteroom/company_fetches.h"
#include "anteroom/company_links.h"
#include "anteroom/domain_proofs.h"
#include "journey/frame/readable.h"
#include "journey/frame/respond.h"
#include "journey/manage/companies.h"
#include "journey/manage/company_access.h"
#include "journey/manage/event_words.h"
#include "journey/manage/steps.h"
#include "text/ascii.h"

namespace anteroom::journey {

namespace {

using pages::Values;

constexpr int kHistory = 30;
constexpr int kVersions = 20;

constexpr std::array<EventName, 26> kEvents{
    {{"company_added", "history_company_added"_message},
     {"company_changed", "history_company_changed"_message},
     {"company_metadata_brought", "history_company_metadata_brought"_message},
     {"company_contacts_changed", "history_company_contacts_changed"_message},
     {"company_domain_given", "history_company_domain_given"_message},
     {"company_domain_withdrawn", "history_company_domain_withdrawn"_message},
     {"company_went_live", "history_company_went_live"_message},
     {"company_suspended", "history_company_suspended"_message},
     {"company_sessions_ended", "history_sessions_ended"_message},
     {"company_archived", "history_company_archived"_message},
     {"company_tested", "history_company_tested"_message},
     {"company_test_failed", "history_company_test_failed"_message},
     {"company_link_made", "history_company_link_made"_message},
     {"company_link_opened", "history_company_link_opened"_message},
     {"company_link_ended", "history_company_link_ended"_message},
     {"company_metadata_offered", "history_company_metadata_offered"_message},
     {"company_domain_asked", "history_company_domain_asked"_message},
     {"company_domain_not_asked", "history_company_domain_not_asked"_message},
     {"company_domain_proven", "history_company_domain_proven"_message},
     {"company_domain_unproven", "history_company_domain_unproven"_message},
     {"company_handed_in", "history_company_handed_in"_message},
     {"company_hand_in_closed", "history_company_hand_in_closed"_message},
     {"company_act_proposed", "history_company_act_proposed"_message},
     {"company_act_confirmed", "history_company_act_confirmed"_message},
     {"company_act_declined", "history_company_act_declined"_message},
     {"company_unpinned", "history_company_unpinned"_message}}};

// What the database knows of it.
struct Known {
  store::CompanyRow row;
  std::vector<store::MetadataVersion> versions;
  store::CompanyPeople people;
  std::vector<store::CompanyEvent> history;
  std::optional<store::FetchState> fetch;  ///< where its metadata has an address
  std::vector<store::CompanyLink> links;
  std::vector<store::DomainProof> proofs;
  std::optional<store::HandIn> handed_in;
  std::vector<store::Proposal> proposals;
  std::string closed;     ///< why nobody gets in, though it is live
  std::string conflicts;  ///< what it claims in vain, for the configuration has it
};

std::vector<std::string> keys_in_force(const Known& known) {
  for (const store::MetadataVersion& version : known.versions) {
    if (version.is_in_force) return version.fingerprints;
  }
  return {};
}

Values version_values(const store::MetadataVersion& version) {
  Values values;
  values.text = {{"at", readable_time(version.brought_at)},
                 {"by", version.brought_by},
                 {"entity_id", version.entity_id}};
  values.flags["is_in_force"] = version.is_in_force;
  values.lists["keys"] = key_values(version.fingerprints);
  return values;
}

Values event_values(const store::CompanyEvent& event) {
  Values values;
  add_what(values, kEvents, event.kind);
  values.text["at"] = readable_time(event.at);
  values.text["actor"] = event.actor;
  values.text["detail"] = event.detail;
  return values;
}

void add_state(const Known& known, bool may_change, Values& values) {
  const std::string& state = known.row.state;
  values.messages["state"] = state_message(state);
  values.flags["is_live"] = state == "live";
  values.flags["is_draft"] = state == "draft";
  values.flags["is_suspended"] = state == "suspended";
  values.flags["is_archived"] = state == "archived";
  values.flags["may_archive"] = may_change && (state == "draft" || state == "suspended");
  values.flags["has_metadata"] = !known.versions.empty();
  values.flags["has_domains"] = !known.row.domains.empty();
  values.flags["may_go_live"] = may_change && (state == "draft" || state == "suspended") &&
                                !known.versions.empty() && !known.row.domains.empty();
}

// The address that its metadata is fetched from, and how that goes.
void add_address(const TriedCompany& tried, const Known& known, Values& values) {
  const std::string address = known.fetch ? known.fetch->url : "";
  values.text["given_address"] = tried.address.value_or(address);
  values.text["address"] = address;
  if (!known.fetch) return;
  const store::FetchState& fetch = *known.fetch;
  if (fetch.good_at.empty() && fetch.error.empty()) {
    values.messages["address_state"] = "company_address_not_yet"_message;
  } else if (fetch.error.empty()) {
    values.messages["address_state"] = {"company_address_good"_message,
                                        {{"at", readable_time(fetch.good_at)}}};
  } else {
    values.messages["address_failure"] = {
        fetch.good_at.empty() ? "company_address_never"_message : "company_address_failed"_message,
        {{"at", readable_time(fetch.checked_at)},
         {"why", fetch.error},
         {"good", readable_time(fetch.good_at)}}};
  }
}

void add_judged(const TriedCompany& tried, const Known& known, Values& values) {
  values.flags["judged"] = tried.judged.has_value();
  if (!tried.judged) return;
  values.text["new_entity_id"] = tried.judged->metadata.entity_id;
  values.lists["new_keys"] = key_values(tried.judged->kept.fingerprints);
  values.lists["old_keys"] = key_values(keys_in_force(known));
  values.flags["has_old_keys"] = !values.lists["old_keys"].empty();
  values.lists["remarks"] = remark_values(tried.judged->remarks);
  values.flags["has_remarks"] = !tried.judged->remarks.empty();
}

// What its administrator has handed in, and waits.
void add_handed_in(const Known& known, Values& values) {
  if (!known.handed_in) return;
  const store::HandIn& handed_in = *known.handed_in;
  values.messages["handed_in"] =
      handed_in.handed_in_at.empty()
          ? Message{"company_offered_only"_message, {{"at", readable_time(handed_in.offered_at)}}}
          : Message{"company_handed_in_at"_message,
                    {{"at", readable_time(handed_in.handed_in_at)}}};
  values.flags["has_offer"] = !handed_in.entity_id.empty();
  values.lists["keys_now"] = key_values(keys_in_force(known));
  values.text["offered_metadata"] = handed_in.xml;
  values.text["offered_entity_id"] = handed_in.entity_id;
  values.lists["offered_keys"] = key_values(handed_in.fingerprints);
}

// What waits for a second person.
void add_proposals(const Known& known, bool may_change, Values& values) {
  values.flags["has_proposals"] = !known.proposals.empty();
  for (const store::Proposal& one : known.proposals) {
    values.lists["proposals"].push_back(
        proposal_values(one, known.row.name, keys_in_force(known), may_change));
    if (one.act == store::ProposedAct::live) values.flags["may_go_live"] = false;
  }
}

Values link_values(const store::CompanyLink& link, const std::string& name) {
  Values values;
  values.text = {{"name", name}, {"number", std::to_string(link.number)}};
  const Message::Arguments said{{"number", std::to_string(link.number)},
                                {"to", link.sent_to},
                                {"by", link.made_by},
                                {"until", readable_time(link.ends_at)}};
  values.messages["link_said"] = {
      link.sent_to.empty() ? "company_link_copied"_message : "company_link_sent"_message, said};
  values.flags["is_opened"] = !link.opened_at.empty();
  values.messages["opened"] =
      link.opened_at.empty()
          ? Message("company_link_not_opened"_message)
          : Message{"company_link_opened"_message, {{"at", readable_time(link.opened_at)}}};
  return values;
}

void add_links(const Exchange& exchange, const TriedCompany& tried, const Known& known,
               Values& values) {
  values.text["made_link"] = tried.made_link;
  values.text["given_to"] = tried.link_to;
  values.flags["has_mail"] = exchange.context.settings.mail.has_value();
  values.flags["has_links"] = !known.links.empty();
  for (const auto& link : known.links) {
    values.lists["links"].push_back(link_values(link, known.row.name));
  }
}

Values proof_values(const store::DomainProof& proof, const std::string& name, bool may_change) {
  Values values = domain_values(proof.domain);
  add_proof(proof, values);
  values.text["name"] = name;
  values.text["proven_at"] = readable_time(proof.proven_at);
  values.text["missing_since"] = readable_time(proof.missing_since);
  if (proof.is_proven() && !proof.checked_at.empty()) {
    values.messages["look"] = {"company_looked_on"_message,
                               {{"at", readable_time(proof.checked_at)}}};
  }
  values.messages["asked"] = {"company_asked_by"_message, {{"by", proof.asked_by}}};
  const bool is_given = proof.owner == name;
  values.flags["is_given"] = is_given;
  values.flags["is_missing"] = !proof.missing_since.empty();
  values.flags["may_decide"] = may_change && !is_given;
  if (!proof.owner.empty() && !is_given) {
    values.messages["owner"] = {"company_domain_taken_by"_message, {{"company", proof.owner}}};
  }
  return values;
}

// The company of the database, not one of the configuration that has its name.
void add_what_nodes_say(const Exchange& exchange, Known& known) {
  const std::string& name = known.row.name;
  for (const std::string& conflict : exchange.companies->conflicts()) {
    if (!conflict.starts_with(name + ": ")) continue;
    if (!known.conflicts.empty()) known.conflicts += "; ";
    known.conflicts += conflict.substr(name.size() + 2);
  }
  if (known.row.state != "live" || !judge_company_name(exchange.context.settings, name).is_good()) {
    return;
  }
  if (const IdentityProvider* live = exchange.companies->by_name(name)) known.closed = live->closed;
}

Values page_values(const Exchange& exchange, const Known& known, const TriedCompany& tried,
                   bool may_change) {
  Values values;
  const store::CompanyRow& row = known.row;
  const std::string preset = preset_in(row.settings);
  values.text["other_settings"] = other_settings(row.settings);
  const auto shown = [](const std::string& entered, const std::string& kept) {
    return entered.empty() ? kept : entered;
  };
  values.text["name"] = row.name;
  values.text["display_name"] = row.display_name;
  values.text["version"] = std::to_string(row.version);
  values.text["preset_label"] = preset_label(preset);
  values.text["closed"] = known.closed;
  values.text["conflicts"] = known.conflicts;
  values.text["people"] = counted(known.people.people);
  values.text["sessions"] = counted(known.people.sessions);
  values.text["others"] = counted(known.people.others);
  values.text["given_domain"] = tried.domain;
  values.text["warned_domain"] = tried.warned_domain;
  values.text["contacts"] = text::joined(row.contacts);
  values.text["given_contacts"] = tried.contacts.value_or(text::joined(row.contacts, "\n"));
  values.text["given_metadata"] = tried.metadata;
  values.text["given_display_name"] = shown(tried.display_name, row.display_name);
  add_our_values(exchange.context, row.name, values);
  if (!known.versions.empty() && row.state != "archived") {
    values.text["test_url"] = test_link_for(exchange, row.name);
  }
  values.text["all_domains"] = text::joined(row.domains);
  for (const std::string& domain : row.domains) {
    Values one = domain_values(domain);
    one.text["name"] = row.name;
    one.flags["may_change"] = may_change;
    values.lists["domains"].push_back(std::move(one));
  }
  values.lists["settings"] = setting_values(row.settings, tried.settings);
  values.flags["has_entered_settings"] = !tried.settings.empty();
  values.lists["presets"] = preset_choices(shown(tried.preset, preset));
  for (const auto& version : known.versions) {
    values.lists["versions"].push_back(version_values(version));
  }
  for (const auto& event : known.history) values.lists["history"].push_back(event_values(event));
  values.flags["has_versions"] = !known.versions.empty();
  values.flags["is_entra"] = preset == "entra";
  values.flags["may_change"] = may_change;
  values.flags["is_too_old"] = tried.is_too_old || (!may_change && row.state != "archived");
  values.flags["has_entered"] = tried.is_too_old;
  values.flags["has_errors"] = tried.status != 200;
  add_state(known, may_change, values);
  add_judged(tried, known, values);
  add_address(tried, known, values);
  add_handed_in(known, values);
  add_proposals(known, may_change, values);
  add_links(exchange, tried, known, values);
  for (const auto& proof : known.proofs) {
    values.lists["proofs"].push_back(proof_values(proof, row.name, may_change));
  }
  values.flags["has_proofs"] = !known.proofs.empty();
  for (const auto& [name, message] : tried.messages) values.messages[name] = message;
  return values;
}

Response no_such_company(Exchange& exchange) {
  Context& context = exchange.context;
  return explain(context, exchange.head(), {Code{"no_such_company"}, ""},
                 {404,
                  "not_found_title"_message,
                  "company_not_found"_message,
                  {},
                  context.path("/manage/companies"),
                  "company_back"_message});
}

}  // namespace

Task<Response> company_page(Exchange& exchange, const ManageUser& viewer, std::string name,
                            TriedCompany tried) {
  Database& database = exchange.context.ports.database;
  const AccessSettings& access = exchange.context.settings.access;
  auto showing = store::show_company(database, viewer.actor, access, name);
  std::optional<store::CompanyRow> row = co_await or_unavailable(exchange, std::move(showing));
  if (!row) co_return no_such_company(exchange);
  Known known;
  known.row = std::move(*row);
  auto versions = store::metadata_versions(database, name, kVersions);
  known.versions = co_await or_unavailable(exchange, std::move(versions));
  auto people = store::people_of_company(database, viewer.actor, access, name);
  known.people = co_await or_unavailable(exchange, std::move(people));
  auto history = store::history_of_company(database, viewer.actor, access, name, kHistory);
  known.history = co_await or_unavailable(exchange, std::move(history));
  auto fetch = store::fetch_of_company(database, name);
  known.fetch = co_await or_unavailable(exchange, std::move(fetch));
  auto links = store::links_of_company(database, name);
  known.links = co_await or_unavailable(exchange, std::move(links));
  auto proofs = store::proofs_of_company(database, name);
  known.proofs = co_await or_unavailable(exchange, std::move(proofs));
  auto handed_in = store::hand_in_of_company(database, name);
  known.handed_in = co_await or_unavailable(exchange, std::move(handed_in));
  auto proposals = store::proposals_of_company(database, viewer.actor, access, name);
  known.proposals = co_await or_unavailable(exchange, std::move(proposals));
  add_what_nodes_say(exchange, known);
  const bool is_sent = exchange.head().method == "POST";  // what was sent is shown again
  const bool may_change =
      known.row.state != "archived" && (is_sent || may_see_forms(exchange, viewer));
  Values values = page_values(exchange, known, tried, may_change);
  auto adding = add_asserted_access(database, known.row, values);
  co_await or_unavailable(exchange, std::move(adding));
  co_return manage_page(exchange, viewer, ManageTab::companies, "manage_company", tried.status,
                        std::move(values));
}

}  // namespace anteroom::journey
