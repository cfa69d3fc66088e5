#include "cli/commands/company_steps.h"

#include <utility>

#include "cli/commands/company_texts.h"
#include "host/files.h"

namespace anteroom::cli {

using store::CompanyChange;
using store::CompanyRow;

CompanyRow row_of(Console& console, const std::string& name) {
  auto row = console.need(wait(store::find_company(console.database(), name)));
  if (row) return std::move(*row);
  throw Abort{exit_refused, "there is no company " + name +
                                " in the database: `anteroom company list` shows those that there "
                                "are, `anteroom idp list` those in the configuration"};
}

void need_good(const CompanyVerdict& verdict, const std::string& prefix) {
  if (!verdict.is_good()) throw Abort{exit_refused, prefix + verdict.why};
}

void need_change(const std::string& name, CompanyChange change) {
  const std::string why = company_refusal(change);
  if (!why.empty()) throw Abort{exit_refused, name + ": " + why};
}

void check_settings(Console& console, const CompanyRow& row) {
  const CompanyVerdict verdict =
      judge_company_settings(console.settings(), row, SystemClock().now());
  if (!verdict.is_good()) throw Abort{exit_refused, verdict.why + "\nnothing was changed"};
}

store::NewMetadata judged_metadata(Console& console, CompanyRow row, std::string xml,
                                   const std::string& prefix) {
  row.metadata = std::move(xml);
  JudgedMetadata judged = judge_company_metadata(console.settings(), row, SystemClock().now());
  need_good(judged.verdict, prefix);
  return std::move(judged.kept);
}

store::NewMetadata checked_metadata(Console& console, CompanyRow row, const std::string& file) {
  return judged_metadata(console, std::move(row), read_file(file), file + ": ");
}

std::vector<store::Proposal> proposals_of(Console& console, const std::string& company) {
  return console.need(wait(store::proposals_of_company(console.database(), actor_of(console, {}),
                                                       console.settings().access, company)));
}

void add_row(Console& console, const Acting& given, const CompanyRow& row) {
  need_change(row.name, console.need(wait(store::add_company(
                            console.database(), actor_of(console, given), console.settings().access,
                            store::NewCompany{row.name, row.display_name, row.settings}))));
}

void bring(Console& console, const Acting& given, long version, store::NewMetadata metadata) {
  const CompanyChange change = console.need(wait(
      store::bring_metadata(console.database(), actor_of(console, given), console.settings().access,
                            given.name, version, std::move(metadata))));
  if (change != CompanyChange::same) need_change(given.name, change);
}

void give(Console& console, const Acting& given, const std::string& domain, bool is_meant) {
  const auto done = console.need(
      wait(store::give_domain(console.database(), actor_of(console, given),
                              console.settings().access, given.name, domain, is_meant)));
  if (done.change == CompanyChange::domain_taken) {
    throw Abort{exit_refused, domain + " belongs to the company " + done.owner};
  }
  if (done.change == CompanyChange::below_another) {
    throw Abort{exit_refused, domain + " is below " + done.above + ", a domain of the company " +
                                  done.owner + std::string(kIfMeant)};
  }
  if (done.change != CompanyChange::same) need_change(given.name, done.change);
}

store::StateChange put_in_state(Console& console, const Acting& given, std::optional<long> version,
                                const std::string& state) {
  const auto done = console.need(
      wait(store::set_company_state(console.database(), actor_of(console, given),
                                    console.settings().access, given.name, version, state)));
  need_change(given.name, done.change);
  return done;
}

}  // namespace anteroom::cli
