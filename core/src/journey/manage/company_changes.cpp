// Changes to companies.
#include <nlohmann/json.hpp>
#include <utility>

#include "anteroom/domain_proofs.h"
#include "anteroom/email.h"
#include "http/url.h"
#include "journey/frame/respond.h"
#include "journey/frame/turn_away.h"
#include "journey/manage/companies.h"
#include "journey/manage/steps.h"
#include "text/ascii.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

using store::CompanyChange;

constexpr std::size_t kMaxContacts = 4000;
constexpr std::size_t kMaxAddress = 2000;

constexpr std::chrono::minutes kFreshSignOn{30};

bool has_signed_on_within(const Exchange& exchange, const ManageUser& viewer,
                          std::chrono::seconds age) {
  Requirement requirement;
  requirement.max_age = age;
  return is_fresh(*viewer.session.view(), requirement, exchange.now());
}

std::string name_in(const Exchange& exchange) {
  const RequestHead& head = exchange.head();
  if (head.method != "POST")
    return field_of(http::Form::parse(head.query), "name", kMaxCompanyName);
  if (auto given = given_metadata(exchange)) return std::move(given->name);
  return field_of(http::Form::parse(exchange.request.body()), "name", kMaxCompanyName);
}

Task<Response> answer_with_page(Exchange& exchange, const ManageUser& viewer, std::string name,
                                TriedCompany tried) {
  auto showing = company_page(exchange, viewer, std::move(name), std::move(tried));
  Response response = co_await showing;
  co_return response;
}

// Whoever runs the domain above decides who has an address below it.
Message below_message(const std::string& domain, const std::string& above) {
  if (above.empty()) return {"company_domain_below_configured"_message, {{"domain", domain}}};
  return {"company_domain_below"_message, {{"domain", domain}, {"above", above}}};
}

// One to a line, or as mail programs separate them.
std::vector<std::string> addresses_in(std::string text) {
  for (char& c : text) {
    if (c == ',' || c == ';') c = ' ';
  }
  return text::words(text);
}

Message contacts_message(const JudgedContacts& judged) {
  if (judged.verdict.fault == CompanyFault::too_many_contacts) {
    return "company_too_many_contacts"_message;
  }
  return {"company_bad_contact"_message, {{"contact", text::printable(judged.bad, 100)}}};
}

// Whether nodes would let anybody in with what it has.
Task<Result<CompanyVerdict>> judge_as_it_is(Exchange& exchange, std::string name) {
  auto finding = store::find_company(exchange.context.ports.database, std::move(name));
  Result<std::optional<store::CompanyRow>> row = co_await finding;
  if (!row) co_return row.failure();
  // The database says what is missing.
  if (!*row || (*row)->metadata.empty()) co_return CompanyVerdict{};
  auto judging = judge_in_pool(exchange, std::move(**row));
  Result<JudgedMetadata> judged = co_await judging;
  if (!judged) co_return judged.failure();
  co_return std::move(judged->verdict);
}

Task<Response> put_in_force(Exchange& exchange, const ManageUser& viewer, const std::string& name,
                            long version, TriedCompany tried) {
  Context& context = exchange.context;
  auto bringing = store::bring_metadata(context.ports.database, viewer.actor,
                                        context.settings.access, name, version, tried.judged->kept);
  const CompanyChange brought = co_await or_unavailable(exchange, std::move(bringing));
  if (is_done_with(brought)) {
    co_return company_changed(exchange, name, "metadata", brought);
  }
  tried.judged.reset();
  refuse_change(tried, "failure", brought);
  auto showing = answer_with_page(exchange, viewer, name, std::move(tried));
  Response response = co_await showing;
  co_return response;
}

// Empty: as if it had never been said.
void set_setting(store::CompanyRow& row, const char* key, const std::string& value) {
  auto settings = nlohmann::json::parse(row.settings, nullptr, false);
  settings[key] = value;
  if (value.empty()) settings.erase(key);
  row.settings = settings.dump();
}

bool is_https(const std::string& address) {
  const auto url = http::parse_url(address);
  return url && url->scheme == "https";
}

Message notice_message(std::string_view notice) {
  if (notice == "added") return "company_added"_message;
  if (notice == "metadata") return "company_metadata_in_force"_message;
  if (notice == "address") return "company_address_changed"_message;
  if (notice == "no-address") return "company_address_gone"_message;
  if (notice == "given") return "company_domain_given"_message;
  if (notice == "withdrawn") return "company_domain_withdrawn"_message;
  if (notice == "contacts") return "company_contacts_changed"_message;
  if (notice == "link-sent") return "company_link_was_sent"_message;
  if (notice == "link-ended") return "company_link_was_ended"_message;
  if (notice == "closed") return "company_hand_in_closed"_message;
  if (notice == "refused") return "company_domain_refused"_message;
  if (notice == "look") return "set_up_look_soon"_message;
  if (notice == "looked") return "set_up_looked"_message;
  if (notice == "to-prove") return "company_domain_to_prove"_message;
  if (notice == "settings") return "company_settings_changed"_message;
  if (notice == "renamed") return "company_renamed"_message;
  if (notice == "live") return "company_went_live"_message;
  if (notice == "suspended") return "company_was_suspended"_message;
  if (notice == "proposed") return "company_was_proposed"_message;
  if (notice == "confirmed") return "company_was_confirmed"_message;
  if (notice == "declined") return "company_was_declined"_message;
  if (notice == "archived") return "company_was_archived"_message;
  return {};
}

}  // namespace

Message domain_message(const CompanyVerdict& verdict, const std::string& domain) {
  switch (verdict.fault) {
    case CompanyFault::none:
      return {};
    case CompanyFault::public_domain:
      return {"company_public_domain"_message, {{"domain", domain}}};
    case CompanyFault::below_configured:
      return below_message(domain, "");
    case CompanyFault::domain_is_configured:
      return {"company_domain_taken"_message, {{"domain", domain}}};
    default:
      return "company_bad_domain"_message;
  }
}

bool may_see_forms(const Exchange& exchange, const ManageUser& viewer) {
  return has_signed_on_within(exchange, viewer, kFreshSignOn);
}

bool may_send_forms(const Exchange& exchange, const ManageUser& viewer) {
  return has_signed_on_within(exchange, viewer, 2 * kFreshSignOn);
}

bool is_late(const Exchange& exchange, const ManageUser& viewer, TriedCompany& tried) {
  if (may_send_forms(exchange, viewer)) return false;
  tried.is_too_old = true;
  tried.refuse("failure", "company_nothing_changed"_message, 403);
  return true;
}

bool is_so(CompanyChange change) {
  return change == CompanyChange::done || change == CompanyChange::same;
}

bool is_done_with(CompanyChange change) {
  return is_so(change) || change == CompanyChange::proposed;
}

Response company_changed(const Exchange& exchange, const std::string& name,
                         const std::string& notice, CompanyChange change) {
  if (change == CompanyChange::proposed) return company_changed(exchange, name, "proposed");
  return company_changed(exchange, name, notice);
}

Response company_changed(const Exchange& exchange, const std::string& name,
                         const std::string& notice) {
  return redirect(303, exchange.context.path(company_path(name)) + "&notice=" + notice);
}

namespace {

Message change_message(CompanyChange change) {
  switch (change) {
    case CompanyChange::done:
    case CompanyChange::same:
    case CompanyChange::proposed:
      return {};
    case CompanyChange::own_proposal:
      return "company_own_proposal"_message;
    case CompanyChange::above_own_level:
      return "company_above_own_level"_message;
    case CompanyChange::no_proposal:
      return "company_no_proposal"_message;
    case CompanyChange::no_company:
      return "company_not_found"_message;
    case CompanyChange::name_taken:
      return "company_name_taken"_message;
    case CompanyChange::changed_meanwhile:
      return "company_changed_meanwhile"_message;
    case CompanyChange::entity_id_taken:
      return "company_entity_id_taken"_message;
    case CompanyChange::domain_taken:
    case CompanyChange::below_another:
      return "company_domain_is_taken"_message;
    case CompanyChange::no_metadata:
      return "company_no_metadata"_message;
    case CompanyChange::no_domain:
      return "company_no_domains"_message;
    case CompanyChange::still_live:
      return "company_still_live"_message;
    case CompanyChange::own_company:
      return "company_own"_message;
    case CompanyChange::too_many:
      return "company_too_many"_message;
    case CompanyChange::no_link:
    case CompanyChange::not_allowed:
      break;
  }
  return "company_not_allowed"_message;
}

int status_of(CompanyChange change) {
  switch (change) {
    case CompanyChange::not_allowed:
    case CompanyChange::own_company:
    case CompanyChange::own_proposal:
    case CompanyChange::above_own_level:
      return 403;
    case CompanyChange::no_company:
      return 404;
    case CompanyChange::changed_meanwhile:
    case CompanyChange::no_proposal:
      return 409;
    default:
      return 422;
  }
}

Task<Result<CompanyChange>> ask_for_proof(Exchange& exchange, const ManageUser& viewer,
                                          std::string name, std::string domain) {
  Context& context = exchange.context;
  auto challenge = new_challenge(context.ports.random);
  if (!challenge) co_return Failure{code::kInternal, "no randomness"};
  auto asking = store::ask_for_proof(context.ports.database, viewer.actor, context.settings.access,
                                     std::move(name), std::move(domain), std::move(*challenge));
  Result<CompanyChange> asked = co_await asking;
  co_return asked;
}

Task<Response> look_at_domain(Exchange& exchange, const ManageUser& viewer, std::string name,
                              std::string domain, TriedCompany tried) {
  Context& context = exchange.context;
  auto looking = store::look_at_domain(context.ports.database, viewer.actor,
                                       context.settings.access, name, std::move(domain));
  const CompanyChange change = co_await or_unavailable(exchange, std::move(looking));
  if (is_so(change)) {
    const bool is_same = change == CompanyChange::same;
    co_return company_changed(exchange, name, is_same ? "looked" : "look");
  }
  refuse_change(tried, "failure", change);
  auto showing = answer_with_page(exchange, viewer, name, std::move(tried));
  Response response = co_await showing;
  co_return response;
}

}  // namespace

void refuse_change(Attempt& tried, const std::string& message, CompanyChange change) {
  tried.refuse(message, change_message(change), status_of(change));
}

Task<Response> show_company_settings(Exchange exchange, ManageUser viewer) {
  const auto query = http::Form::parse(exchange.head().query);
  TriedCompany nothing;
  nothing.messages["notice"] = notice_message(field_of(query, "notice", kMaxCompanyName));
  auto showing = answer_with_page(exchange, viewer, name_in(exchange), std::move(nothing));
  Response response = co_await showing;
  co_return response;
}

Task<Response> step_up_for_company(Exchange exchange, ManageUser viewer) {
  const std::string name = name_in(exchange);
  if (may_see_forms(exchange, viewer)) {
    co_return redirect(303, exchange.context.path(company_path(name)));
  }
  Requirement requirement;
  requirement.max_age = kFreshSignOn;
  co_return turn_away(exchange.context, Outcome::step_up, exchange.head(), nullptr, requirement,
                      {});
}

std::string to_company(const Exchange& exchange) {
  return company_path(name_in(exchange));
}

Task<Response> bring_company_metadata(Exchange exchange, ManageUser viewer) {
  Context& context = exchange.context;
  auto given = given_metadata(exchange);
  if (!given) co_return refuse(context, exchange.head(), 400, {Code{"malformed_form"}, "metadata"});
  TriedCompany tried;
  tried.metadata = std::move(given->xml);
  auto finding = store::show_company(context.ports.database, viewer.actor, context.settings.access,
                                     given->name);
  std::optional<store::CompanyRow> row = co_await or_unavailable(exchange, std::move(finding));
  const CompanyVerdict text = judge_metadata_text(tried.metadata);
  if (!text.is_good()) {
    tried.refuse("metadata_error", metadata_message(text));
    tried.metadata.clear();  // not even shown again
  } else if (row && !is_late(exchange, viewer, tried)) {
    row->metadata = tried.metadata;
    auto judging = judge_in_pool(exchange, std::move(*row));
    JudgedMetadata judged = co_await or_unavailable(exchange, std::move(judging));
    if (judged.verdict.is_good()) {
      tried.judged = std::move(judged);
    } else {
      tried.refuse("metadata_error", metadata_message(judged.verdict));
    }
    if (tried.judged && given->is_confirmed) {
      auto bringing = put_in_force(exchange, viewer, given->name, given->version, std::move(tried));
      Response response = co_await bringing;
      co_return response;
    }
  }
  auto showing = answer_with_page(exchange, viewer, given->name, std::move(tried));
  Response response = co_await showing;
  co_return response;
}

Task<Response> change_company_domain(Exchange exchange, ManageUser viewer) {
  Context& context = exchange.context;
  const auto form = http::Form::parse(exchange.request.body());
  const std::string name = field_of(form, "name", kMaxCompanyName);
  const std::string then = field_of(form, "then", kMaxCompanyName);
  if (then != "give" && then != "withdraw" && then != "prove" && then != "refuse" &&
      then != "look") {
    co_return refuse(context, exchange.head(), 400, {Code{"malformed_form"}, "neither"});
  }
  TriedCompany tried;
  const std::string entered = field_of(form, "domain", kMaxDomain);
  const std::string domain = canonical_domain(entered).value_or("");
  if (then == "look") {  // gives nobody anything: no fresh sign-on is asked for
    auto looking = look_at_domain(exchange, viewer, name, domain, std::move(tried));
    Response looked = co_await looking;
    co_return looked;
  }
  if (then == "give" || then == "prove") tried.domain = entered;
  const bool is_meant = !domain.empty() && field_of(form, "meant", kMaxDomain) == domain;
  if (is_late(exchange, viewer, tried)) {
    // said already
  } else if (then == "withdraw" || then == "refuse") {
    const bool is_refused = then == "refuse";
    const auto take = is_refused ? store::refuse_domain : store::withdraw_domain;
    auto taking = take(context.ports.database, viewer.actor, context.settings.access, name, domain);
    const CompanyChange taken = co_await or_unavailable(exchange, std::move(taking));
    if (is_so(taken)) {
      co_return company_changed(exchange, name, is_refused ? "refused" : "withdrawn");
    }
    refuse_change(tried, "failure", taken);
  } else if (const auto verdict = judge_company_domain(context.settings, name, domain, is_meant);
             !verdict.is_good()) {
    tried.refuse("domain_error", domain_message(verdict, domain));
    if (verdict.fault == CompanyFault::below_configured) tried.warned_domain = domain;
  } else if (then == "prove") {
    auto asking = ask_for_proof(exchange, viewer, name, domain);
    const CompanyChange asked = co_await or_unavailable(exchange, std::move(asking));
    if (is_so(asked)) co_return company_changed(exchange, name, "to-prove");
    refuse_change(tried, "failure", asked);
  } else {
    auto giving = store::give_domain(context.ports.database, viewer.actor, context.settings.access,
                                     name, domain, is_meant);
    const store::DomainChange given = co_await or_unavailable(exchange, std::move(giving));
    if (is_done_with(given.change)) {
      co_return company_changed(exchange, name, "given", given.change);
    }
    if (given.change == CompanyChange::domain_taken) {
      tried.refuse("domain_error", {"company_domain_taken"_message, {{"domain", domain}}});
    } else if (given.change == CompanyChange::below_another) {
      tried.refuse("domain_error", below_message(domain, given.above + " (" + given.owner + ")"));
      tried.warned_domain = domain;
    } else {
      refuse_change(tried, "failure", given.change);
    }
  }
  auto showing = answer_with_page(exchange, viewer, name, std::move(tried));
  Response response = co_await showing;
  co_return response;
}

Task<Response> change_company_contacts(Exchange exchange, ManageUser viewer) {
  Context& context = exchange.context;
  const auto form = http::Form::parse(exchange.request.body());
  const std::string name = field_of(form, "name", kMaxCompanyName);
  TriedCompany tried;
  tried.contacts = field_of(form, "contacts", kMaxContacts);
  const JudgedContacts judged = judge_company_contacts(addresses_in(*tried.contacts));
  if (is_late(exchange, viewer, tried)) {
    // said already
  } else if (!judged.verdict.is_good()) {
    tried.refuse("contacts_error", contacts_message(judged));
  } else {
    auto setting = store::set_company_contacts(context.ports.database, viewer.actor,
                                               context.settings.access, name, judged.addresses);
    const CompanyChange set = co_await or_unavailable(exchange, std::move(setting));
    if (is_so(set)) co_return company_changed(exchange, name, "contacts");
    refuse_change(tried, "failure", set);
  }
  auto showing = answer_with_page(exchange, viewer, name, std::move(tried));
  Response response = co_await showing;
  co_return response;
}

Task<Response> change_metadata_address(Exchange exchange, ManageUser viewer) {
  Context& context = exchange.context;
  const auto form = http::Form::parse(exchange.request.body());
  const std::string name = field_of(form, "name", kMaxCompanyName);
  TriedCompany tried;
  tried.address = field_of(form, "address", kMaxAddress + 1);
  auto finding =
      store::show_company(context.ports.database, viewer.actor, context.settings.access, name);
  std::optional<store::CompanyRow> row = co_await or_unavailable(exchange, std::move(finding));
  if (is_late(exchange, viewer, tried)) {
    // said already
  } else if (tried.address->size() > kMaxAddress ||
             (!tried.address->empty() && !is_https(*tried.address))) {
    tried.refuse("address_error", "company_bad_address"_message);
  } else if (row) {
    set_setting(*row, "metadata_url", *tried.address);
    row->version = version_in(field_of(form, "version", kMaxCompanyName));
    auto changing = store::change_company(context.ports.database, viewer.actor,
                                          context.settings.access, std::move(*row));
    const CompanyChange change = co_await or_unavailable(exchange, std::move(changing));
    if (is_done_with(change)) {
      co_return company_changed(exchange, name, tried.address->empty() ? "no-address" : "address",
                                change);
    }
    refuse_change(tried, "failure", change);
  }
  auto showing = answer_with_page(exchange, viewer, name, std::move(tried));
  Response response = co_await showing;
  co_return response;
}

Task<Response> rename_company(Exchange exchange, ManageUser viewer) {
  Context& context = exchange.context;
  const auto form = http::Form::parse(exchange.request.body());
  const std::string name = field_of(form, "name", kMaxCompanyName);
  TriedCompany tried;
  tried.display_name = field_of(form, "display_name", kMaxDisplayName);
  tried.preset = field_of(form, "preset", kMaxCompanyName);
  if (!tried.preset.empty() && !is_preset(tried.preset)) {
    co_return refuse(context, exchange.head(), 400, {Code{"malformed_form"}, "no such preset"});
  }
  auto finding =
      store::show_company(context.ports.database, viewer.actor, context.settings.access, name);
  std::optional<store::CompanyRow> row = co_await or_unavailable(exchange, std::move(finding));
  if (is_late(exchange, viewer, tried)) {
    // said already
  } else if (Message bad = complaint_about_needed_name(tried.display_name); !bad.empty()) {
    tried.refuse("display_name_error", bad);
  } else if (row) {
    // Of a company that has people, another one would take them for others: that is for the
    // command.
    if (!tried.preset.empty() && row->state == "draft") set_setting(*row, "preset", tried.preset);
    row->display_name = tried.display_name;
    row->version = version_in(field_of(form, "version", kMaxCompanyName));
    auto changing = store::change_company(context.ports.database, viewer.actor,
                                          context.settings.access, std::move(*row));
    const CompanyChange change = co_await or_unavailable(exchange, std::move(changing));
    if (change == CompanyChange::done) co_return company_changed(exchange, name, "renamed");
    refuse_change(tried, "failure", change);
  }
  auto showing = answer_with_page(exchange, viewer, name, std::move(tried));
  Response response = co_await showing;
  co_return response;
}

Task<Response> change_company_state(Exchange exchange, ManageUser viewer) {
  Context& context = exchange.context;
  const auto form = http::Form::parse(exchange.request.body());
  const std::string name = field_of(form, "name", kMaxCompanyName);
  const std::string then = field_of(form, "then", kMaxCompanyName);
  if (then != "live" && then != "suspended" && then != "archived") {
    co_return refuse(context, exchange.head(), 400, {Code{"malformed_form"}, "no such state"});
  }
  TriedCompany tried;
  // Suspending can wait for nothing.
  bool is_refused = then != "suspended" && is_late(exchange, viewer, tried);
  if (!is_refused && then == "live") {
    auto judging = judge_as_it_is(exchange, name);
    const CompanyVerdict verdict = co_await or_unavailable(exchange, std::move(judging));
    is_refused = !verdict.is_good();
    if (is_refused) tried.refuse("failure", metadata_message(verdict));
  }
  if (!is_refused) {
    // What is vouched for is what the page showed.
    const std::optional<long> version =
        then == "live" ? std::optional(version_in(field_of(form, "version", kMaxCompanyName)))
                       : std::nullopt;
    auto setting = store::set_company_state(context.ports.database, viewer.actor,
                                            context.settings.access, name, version, then);
    const store::StateChange set = co_await or_unavailable(exchange, std::move(setting));
    if (is_done_with(set.change)) co_return company_changed(exchange, name, then, set.change);
    refuse_change(tried, "failure", set.change);
  }
  auto showing = answer_with_page(exchange, viewer, name, std::move(tried));
  Response response = co_await showing;
  co_return response;
}

}  // namespace anteroom::journey
