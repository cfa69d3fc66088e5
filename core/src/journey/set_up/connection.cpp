// What a company's administrator sees and sends.
#include <algorithm>
#include <array>
#include <functional>
#include <utility>

#include "anteroom/domain_proofs.h"
#include "anteroom/email.h"
#include "journey/frame/company_forms.h"
#include "journey/frame/forms.h"
#include "journey/frame/readable.h"
#include "journey/frame/respond.h"
#include "journey/set_up/holder.h"
#include "journey/set_up/steps.h"

namespace anteroom::journey {

namespace {

using pages::Values;
using store::CompanyByLink;
using store::CompanyChange;

constexpr std::size_t kMaxWord = 32;
constexpr std::size_t kLongestName = 253;

// What was sent, and what is wrong with it.
struct Tried : Attempt {
  std::string metadata, domain;      ///< as entered
  std::vector<std::string> remarks;  ///< on metadata that was taken
};

struct NamedMessage {
  std::string_view name;
  MessageKey message;
};

constexpr std::array<NamedMessage, 7> kNotices{{{"metadata", "set_up_metadata_taken"_message},
                                                {"asked", "set_up_domain_asked"_message},
                                                {"removed", "set_up_domain_removed"_message},
                                                {"again", "set_up_look_soon"_message},
                                                {"looked", "set_up_looked"_message},
                                                {"live", "set_up_live"_message},
                                                {"handed-in", "set_up_handed_in"_message}}};

// A form names its link: without one it is for none.
std::string needed(const std::string& number) {
  return number.empty() ? "none" : number;
}

Message notice_of(std::string_view name) {
  const auto* const found = std::find_if(kNotices.begin(), kNotices.end(),
                                         [&](const NamedMessage& one) { return one.name == name; });
  return found == kNotices.end() ? Message() : Message(found->message);
}

Values proof_values(const store::DomainProof& proof, const std::string& company,
                    std::size_t number) {
  Values values = domain_values(proof.domain);
  add_proof(proof, values);
  values.text["number"] = std::to_string(number);
  values.flags["is_given"] = proof.owner == company;
  values.flags["may_act"] = proof.owner != company || !proof.is_proven();
  return values;
}

// Domains that support has added by itself, without a proof.
void add_domains(const CompanyByLink& known, const std::vector<store::DomainProof>& proofs,
                 Values& values) {
  std::size_t number = 0;
  for (const store::DomainProof& proof : proofs) {
    values.lists["proofs"].push_back(proof_values(proof, known.row.name, ++number));
  }
  for (const std::string& domain : known.row.domains) {
    const bool is_shown =
        std::any_of(proofs.begin(), proofs.end(),
                    [&](const store::DomainProof& proof) { return proof.domain == domain; });
    if (!is_shown) values.lists["domains"].push_back(domain_values(domain));
  }
  values.flags["has_proofs"] = !proofs.empty();
  values.flags["has_domains"] = !values.lists["domains"].empty();
}

void add_metadata(const CompanyByLink& known, Values& values) {
  const bool is_offered = !known.offered_entity_id.empty();
  values.text["entity_id"] = is_offered ? known.offered_entity_id : known.entity_id;
  values.lists["keys"] = key_values(is_offered ? known.offered_fingerprints : known.fingerprints);
  values.flags["is_offered"] = is_offered;
}

Values connection_values(const Exchange& exchange, const CompanyByLink& known,
                         const std::vector<store::DomainProof>& proofs, const Tried& tried) {
  Values values;
  values.text["display_name"] = known.row.display_name;
  values.text["version"] = std::to_string(known.row.version);
  values.text["link_number"] = std::to_string(known.link);
  values.text["offer"] = known.offer;
  values.text["ends_at"] = readable_time(known.ends_at);
  values.text["handed_in_at"] = readable_time(known.handed_in_at);
  values.text["given_domain"] = tried.domain;
  values.text["given_metadata"] = tried.metadata;
  add_our_values(exchange.context, known.row.name, values);
  add_metadata(known, values);
  add_domains(known, proofs, values);
  if (!known.entity_id.empty()) values.text["test_url"] = test_link_for(exchange, known.row.name);
  values.lists["remarks"] = remark_values(tried.remarks);
  values.flags["has_remarks"] = !tried.remarks.empty();
  values.flags["has_metadata"] = !values.text["entity_id"].empty();
  values.flags["is_live"] = known.row.state == "live";
  values.flags["is_self_service"] = exchange.context.settings.companies.self_service;
  values.flags["is_entra"] = preset_in(known.row.settings) == "entra";
  values.flags["has_errors"] = tried.status != 200;
  for (const auto& [name, message] : tried.messages) values.messages[name] = message;
  return values;
}

Task<Response> connection_page(Exchange& exchange, const store::LinkHolder& holder, Tried tried) {
  Database& database = exchange.context.ports.database;
  auto finding = store::company_by_link(database, holder);
  const std::optional<CompanyByLink> known = co_await or_unavailable(exchange, std::move(finding));
  if (!known) co_return no_link(exchange, "it has ended");
  auto asking = store::proofs_of_company(database, known->row.name);
  const auto proofs = co_await or_unavailable(exchange, std::move(asking));
  co_return exchange.context.renderer->page(exchange.head().headers.accept_language, "set_up",
                                            tried.status,
                                            connection_values(exchange, *known, proofs, tried));
}

Message change_message(CompanyChange change) {
  switch (change) {
    case CompanyChange::changed_meanwhile:
      return "set_up_changed_meanwhile"_message;
    case CompanyChange::entity_id_taken:
      return "set_up_entity_id_taken"_message;
    case CompanyChange::too_many:
      return "set_up_too_many_domains"_message;
    case CompanyChange::no_metadata:
      return "set_up_needs_metadata"_message;
    case CompanyChange::no_domain:
      return "set_up_needs_domain"_message;
    default:
      return "set_up_not_taken"_message;
  }
}

// Of a change that was asked for: back to the page, which says so, or shows what was sent.
Task<Response> answer(Exchange& exchange, const store::LinkHolder& holder, CompanyChange change,
                      const char* notice, const char* error, Tried tried) {
  if (change == CompanyChange::done || change == CompanyChange::same) {
    const std::string page = connection_path(holder.link.value_or(-1));
    co_return redirect(303, exchange.context.path(page) + "&notice=" + notice);
  }
  if (change == CompanyChange::no_link) co_return no_link(exchange, "it has ended");
  tried.refuse(error, change_message(change),
               change == CompanyChange::changed_meanwhile ? 409 : 422);
  auto showing = connection_page(exchange, holder, std::move(tried));
  Response response = co_await showing;
  co_return response;
}

// What is wrong with a domain; empty: nothing that its administrator should know. Whose it is
// otherwise is for support.
Message complaint_about(const Exchange& exchange, const std::string& domain) {
  // The record's name has to be one, too (RFC 1035, 2.3.4).
  if (challenge_name(domain).size() > kLongestName) return "company_bad_domain"_message;
  switch (judge_company_domain(exchange.context.settings, "", domain, true).fault) {
    case CompanyFault::bad_domain:
      return "company_bad_domain"_message;
    case CompanyFault::public_domain:
      return {"company_public_domain"_message, {{"domain", domain}}};
    default:
      return {};
  }
}

Task<Response> keep_metadata(Exchange& exchange, const store::LinkHolder& holder,
                             JudgedMetadata judged, GivenMetadata given, Tried tried) {
  Context& context = exchange.context;
  auto handing =
      store::hand_in_metadata(context.ports.database, context.settings.access, holder,
                              given.version, std::move(given.offer), std::move(judged.kept));
  const CompanyChange change = co_await or_unavailable(exchange, std::move(handing));
  const bool is_taken = change == CompanyChange::done || change == CompanyChange::same;
  if (is_taken && !judged.remarks.empty()) {
    tried.metadata.clear();
    tried.remarks = std::move(judged.remarks);
    tried.messages["notice"] = "set_up_metadata_taken"_message;
    auto showing = connection_page(exchange, holder, std::move(tried));
    Response response = co_await showing;
    co_return response;
  }
  auto answering = answer(exchange, holder, change, "metadata", "metadata_error", std::move(tried));
  Response response = co_await answering;
  co_return response;
}

Task<Response> change_domain(Exchange& exchange, const store::LinkHolder& holder,
                             const std::string& then, std::string domain, Tried tried) {
  Context& context = exchange.context;
  Database& database = context.ports.database;
  const AccessSettings& access = context.settings.access;
  CompanyChange change = CompanyChange::same;
  if (then == "look") {
    auto looking = store::look_again(database, holder, std::move(domain));
    change = co_await or_unavailable(exchange, std::move(looking));
  } else if (then == "remove") {
    auto removing = store::take_domain_back(database, access, holder, std::move(domain));
    change = co_await or_unavailable(exchange, std::move(removing));
  } else {
    auto challenge = new_challenge(context.ports.random);
    if (!challenge) {
      co_return unavailable(context, exchange.head(), {code::kInternal, "no randomness"});
    }
    auto asking =
        store::ask_for_domain(database, access, holder, std::move(domain), std::move(*challenge));
    change = co_await or_unavailable(exchange, std::move(asking));
  }
  const bool is_same = change == CompanyChange::same;
  const char* notice = then == "look"     ? (is_same ? "looked" : "again")
                       : then == "remove" ? "removed"
                                          : "asked";
  auto answering = answer(exchange, holder, change, notice, "domain_error", std::move(tried));
  Response response = co_await answering;
  co_return response;
}

// As support would judge it, before it is live: whether its metadata is good, and that nobody else
// has, or decides about, one of its domains. What the database knows of that it judges itself.
Task<Result<bool>> may_go_live(Exchange& exchange, const store::CompanyRow& row) {
  const Settings& settings = exchange.context.settings;
  if (row.state != "draft" || !judge_company_name(settings, row.name).is_good()) co_return false;
  auto asking = store::proofs_of_company(exchange.context.ports.database, row.name);
  const Result<std::vector<store::DomainProof>> proofs = co_await asking;
  if (!proofs) co_return proofs.failure();
  for (const store::DomainProof& proof : *proofs) {
    if (!proof.is_proven()) co_return false;
    if (!judge_company_domain(settings, row.name, proof.domain, false).is_good()) co_return false;
  }
  auto judging = judge_in_pool(exchange, row);
  const Result<JudgedMetadata> judged = co_await judging;
  if (!judged) co_return judged.failure();
  co_return judged->verdict.is_good();
}

// Where the configuration has it so.
Task<Result<bool>> go_live(Exchange& exchange, const store::LinkHolder& holder) {
  Context& context = exchange.context;
  if (!context.settings.companies.self_service) co_return false;
  auto finding = store::company_by_link(context.ports.database, holder);
  const Result<std::optional<CompanyByLink>> known = co_await finding;
  if (!known) co_return known.failure();
  if (!*known) co_return false;
  auto reading = store::find_company(context.ports.database, (*known)->row.name);
  const Result<std::optional<store::CompanyRow>> row = co_await reading;
  if (!row) co_return row.failure();
  if (!*row) co_return false;
  auto judging = may_go_live(exchange, **row);
  const Result<bool> may = co_await judging;
  if (!may) co_return may.failure();
  if (!*may) co_return false;
  auto going = store::go_live_by_link(context.ports.database, context.settings.access, holder,
                                      (*row)->version);
  Result<bool> is_live = co_await going;
  co_return is_live;
}

}  // namespace

Task<Response> show_connection(Exchange exchange) {
  if (is_too_often(exchange)) co_return too_many_steps(exchange);
  const auto query = http::Form::parse(exchange.head().query);
  const auto holder = holder_of(exchange, field_of(query, "link", kMaxWord));
  if (!holder) co_return none_opened(exchange);
  Tried nothing;
  nothing.messages["notice"] = notice_of(field_of(query, "notice", kMaxWord));
  auto showing = connection_page(exchange, *holder, std::move(nothing));
  Response response = co_await showing;
  co_return response;
}

Task<Response> take_metadata(Exchange exchange) {
  Context& context = exchange.context;
  if (is_too_often(exchange)) co_return too_many_steps(exchange);
  auto given = given_metadata(exchange);
  if (!given) co_return refuse(context, exchange.head(), 400, {Code{"malformed_form"}, "metadata"});
  const auto holder = holder_of(exchange, needed(given->link));
  if (!holder) co_return none_opened(exchange);
  auto finding = store::company_by_link(context.ports.database, *holder);
  std::optional<CompanyByLink> known = co_await or_unavailable(exchange, std::move(finding));
  if (!known) co_return no_link(exchange, "it has ended");
  Tried tried;
  tried.metadata = std::move(given->xml);
  const CompanyVerdict text = judge_metadata_text(tried.metadata);
  if (tried.metadata.starts_with("https://")) {
    tried.refuse("metadata_error", "set_up_is_address"_message);
  } else if (!text.is_good()) {
    tried.refuse("metadata_error", text.fault == CompanyFault::private_key
                                       ? Message("set_up_private_key"_message)
                                       : metadata_message(text));
    tried.metadata.clear();  // not even shown again
  } else {
    known->row.metadata = tried.metadata;
    auto judging = judge_in_pool(exchange, std::move(known->row));
    JudgedMetadata judged = co_await or_unavailable(exchange, std::move(judging));
    if (judged.verdict.is_good()) {
      auto keeping =
          keep_metadata(exchange, *holder, std::move(judged), std::move(*given), std::move(tried));
      Response response = co_await keeping;
      co_return response;
    }
    // Who else has its entity ID is nobody's business here.
    const bool is_taken = judged.verdict.fault == CompanyFault::entity_id_is_configured;
    tried.refuse("metadata_error", is_taken ? Message("set_up_entity_id_taken"_message)
                                            : metadata_message(judged.verdict));
  }
  auto showing = connection_page(exchange, *holder, std::move(tried));
  Response response = co_await showing;
  co_return response;
}

Task<Response> take_domain(Exchange exchange) {
  Context& context = exchange.context;
  if (is_too_often(exchange)) co_return too_many_steps(exchange);
  const auto form = http::Form::parse(exchange.request.body());
  const auto holder = holder_of(exchange, needed(field_of(form, "link", kMaxWord)));
  if (!holder) co_return none_opened(exchange);
  const std::string then = field_of(form, "then", kMaxWord);
  if (then != "ask" && then != "remove" && then != "look") {
    co_return refuse(context, exchange.head(), 400, {Code{"malformed_form"}, "none of the three"});
  }
  Tried tried;
  const std::string entered = field_of(form, "domain", kMaxDomain);
  if (then == "ask") tried.domain = entered;
  const std::string domain = canonical_domain(entered).value_or("");
  Message bad;
  if (then == "ask") bad = complaint_about(exchange, domain);
  if (!bad.empty()) {
    tried.refuse("domain_error", std::move(bad));
    auto showing = connection_page(exchange, *holder, std::move(tried));
    Response response = co_await showing;
    co_return response;
  }
  auto changing = change_domain(exchange, *holder, then, domain, std::move(tried));
  Response response = co_await changing;
  co_return response;
}

Task<Response> hand_in_connection(Exchange exchange) {
  Context& context = exchange.context;
  if (is_too_often(exchange)) co_return too_many_steps(exchange);
  const auto form = http::Form::parse(exchange.request.body());
  const auto holder = holder_of(exchange, needed(field_of(form, "link", kMaxWord)));
  if (!holder) co_return none_opened(exchange);
  Tried nothing;
  auto going = go_live(exchange, *holder);
  const bool is_live = co_await or_unavailable(exchange, std::move(going));
  CompanyChange change = CompanyChange::done;
  if (!is_live) {
    auto handing = store::hand_in(context.ports.database, context.settings.access, *holder);
    change = co_await or_unavailable(exchange, std::move(handing));
  }
  auto answering = answer(exchange, *holder, change, is_live ? "live" : "handed-in", "failure",
                          std::move(nothing));
  Response response = co_await answering;
  co_return response;
}

}  // namespace anteroom::journey
