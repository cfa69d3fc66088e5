// Acts that wait for a second person: shown, confirmed and declined.
#include "anteroom/company_proposals.h"

#include <algorithm>
#include <utility>

#include "journey/frame/readable.h"
#include "journey/frame/respond.h"
#include "journey/manage/companies.h"
#include "journey/manage/company_settings.h"
#include "journey/manage/steps.h"

namespace anteroom::journey {

namespace {

using store::CompanyChange;
using store::Proposal;
using store::ProposedAct;

Message act_message(const Proposal& proposal) {
  switch (proposal.act) {
    case ProposedAct::live:
      return "company_proposed_live"_message;
    case ProposedAct::metadata:
      return "company_proposed_metadata"_message;
    case ProposedAct::domain:
      return "company_proposed_domain"_message;
    case ProposedAct::settings:
      break;
  }
  return "company_proposed_address"_message;
}

// What a person has to compare, apart from keys.
std::string detail_of(const Proposal& proposal) {
  if (proposal.act == ProposedAct::metadata) return proposal.entity_id;
  if (proposal.act == ProposedAct::domain) return proposal.domain;
  return proposal.act == ProposedAct::settings ? proposal.details : "";
}

// As it would be judged if it were done now: on other nodes, and days later, another rule may hold.
Task<Result<Message>> complaint_about(Exchange& exchange, store::CompanyRow row,
                                      const Proposal& proposal) {
  const Settings& settings = exchange.context.settings;
  if (proposal.act == ProposedAct::domain) {
    const auto verdict =
        judge_company_domain(settings, row.name, proposal.domain, proposal.is_meant);
    co_return domain_message(verdict, proposal.domain);
  }
  if (proposal.act == ProposedAct::settings) {
    row.settings = proposal.settings;
    auto judging = judge_settings(exchange, std::move(row));
    const Result<CompanyVerdict> verdict = co_await judging;
    if (!verdict) co_return verdict.failure();
    if (verdict->is_good()) co_return Message();
    co_return Message{"company_bad_settings"_message, {{"why", verdict->why}}};
  }
  if (proposal.act == ProposedAct::metadata) row.metadata = proposal.xml;
  auto judging = judge_in_pool(exchange, std::move(row));
  const Result<JudgedMetadata> judged = co_await judging;
  if (!judged) co_return judged.failure();
  if (judged->verdict.is_good()) co_return Message();
  co_return metadata_message(judged->verdict);
}

Task<Response> confirm(Exchange& exchange, const ManageUser& viewer, std::string name, long number,
                       TriedCompany tried) {
  Database& database = exchange.context.ports.database;
  const AccessSettings& access = exchange.context.settings.access;
  auto listing = store::proposals_of_company(database, viewer.actor, access, name);
  const std::vector<Proposal> all = co_await or_unavailable(exchange, std::move(listing));
  const auto at =
      std::find_if(all.begin(), all.end(), [&](const auto& one) { return one.number == number; });
  auto finding = store::find_company(database, name);
  std::optional<store::CompanyRow> row = co_await or_unavailable(exchange, std::move(finding));
  CompanyChange change = CompanyChange::no_proposal;
  Message complaint;
  if (row && at != all.end()) {
    auto judging = complaint_about(exchange, std::move(*row), *at);
    complaint = co_await or_unavailable(exchange, std::move(judging));
    if (complaint.empty()) {
      auto confirming = store::confirm_proposal(database, viewer.actor, access, name, number);
      change = co_await or_unavailable(exchange, std::move(confirming));
      if (is_so(change)) co_return company_changed(exchange, name, "confirmed");
    }
  }
  if (complaint.empty()) {
    refuse_change(tried, "failure", change);
  } else {
    tried.refuse("failure", complaint);
  }
  auto showing = company_page(exchange, viewer, std::move(name), std::move(tried));
  Response response = co_await showing;
  co_return response;
}

}  // namespace

pages::Values proposal_values(const store::Proposal& proposal, const std::string& name,
                              const std::vector<std::string>& keys_in_force, bool may_change) {
  pages::Values values;
  values.text = {
      {"name", name}, {"number", std::to_string(proposal.number)}, {"detail", detail_of(proposal)}};
  values.messages["act"] = act_message(proposal);
  values.messages["by"] = {"company_proposed_by"_message,
                           {{"by", proposal.proposed_by},
                            {"at", readable_time(proposal.proposed_at)},
                            {"until", readable_time(proposal.ends_at)}}};
  if (proposal.act == ProposedAct::metadata) {
    values.lists["keys"] = key_values(proposal.fingerprints);
    values.lists["old_keys"] = key_values(keys_in_force);
  }
  values.flags = {{"is_metadata", proposal.act == ProposedAct::metadata},
                  {"is_own", proposal.is_own},
                  {"may_confirm", may_change && !proposal.is_own},
                  {"may_decline", may_change}};
  return values;
}

Task<Response> answer_proposal(Exchange exchange, ManageUser viewer) {
  Context& context = exchange.context;
  const auto form = http::Form::parse(exchange.request.body());
  const std::string name = field_of(form, "name", kMaxCompanyName);
  const std::string then = field_of(form, "then", kMaxCompanyName);
  const long number = version_in(field_of(form, "number", kMaxCompanyName));
  if (then != "confirm" && then != "decline") {
    co_return refuse(context, exchange.head(), 400, {Code{"malformed_form"}, "neither"});
  }
  TriedCompany tried;
  if (is_late(exchange, viewer, tried)) {
    // said already
  } else if (then == "confirm") {
    auto confirming = confirm(exchange, viewer, name, number, std::move(tried));
    Response response = co_await confirming;
    co_return response;
  } else {
    auto dropping = store::drop_proposal(context.ports.database, viewer.actor,
                                         context.settings.access, name, number);
    const CompanyChange dropped = co_await or_unavailable(exchange, std::move(dropping));
    if (is_so(dropped)) co_return company_changed(exchange, name, "declined");
    refuse_change(tried, "failure", dropped);
  }
  auto showing = company_page(exchange, viewer, name, std::move(tried));
  Response response = co_await showing;
  co_return response;
}

}  // namespace anteroom::journey
