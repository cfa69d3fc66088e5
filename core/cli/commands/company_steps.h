// What commands do to a company in the database, step by step; Abort where one is refused.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "anteroom/company_proposals.h"
#include "anteroom/company_rules.h"
#include "cli/commands/acting.h"
#include "cli/commands/console.h"

namespace anteroom::cli {

/// Goes behind what is said of a domain below another company's.
inline constexpr std::string_view kIfMeant =
    ", whose administrators decide who has an address there: --below-another if it is meant";

store::CompanyRow row_of(Console& console, const std::string& name);

void need_good(const CompanyVerdict& verdict, const std::string& prefix = "");
void need_change(const std::string& name, store::CompanyChange change);

/// What would be, were it live: its settings.
void check_settings(Console& console, const store::CompanyRow& row);
/// Metadata as if the row had it. `prefix`: of what is wrong with it.
store::NewMetadata judged_metadata(Console& console, store::CompanyRow row, std::string xml,
                                   const std::string& prefix);
/// The same of a file.
store::NewMetadata checked_metadata(Console& console, store::CompanyRow row,
                                    const std::string& file);

/// What waits for a second person there.
std::vector<store::Proposal> proposals_of(Console& console, const std::string& company);

// `given.name` is the company's.
void add_row(Console& console, const Acting& given, const store::CompanyRow& row);
void bring(Console& console, const Acting& given, long version, store::NewMetadata metadata);
/// `is_meant`: though it is below another company's.
void give(Console& console, const Acting& given, const std::string& domain, bool is_meant);
store::StateChange put_in_state(Console& console, const Acting& given, std::optional<long> version,
                                const std::string& state);

}  // namespace anteroom::cli
