// Settings of a company that are changed on its page: keys of an entry of identity_providers.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "anteroom/company_rules.h"
#include "anteroom/pages.h"
#include "journey/frame/context.h"

namespace anteroom::journey {

/// What was entered, by key with dots; a key that is not there stays as it is.
using EnteredSettings = std::map<std::string, std::string, std::less<>>;

/// One for each key: `path`, `label`, `hint`, `value`, and of what is chosen `choices`. `settings`:
/// JSON, as a row has it.
std::vector<pages::Values> setting_values(const std::string& settings,
                                          const EnteredSettings& entered);

/// Keys that have no field on the page, as JSON; empty: there are none.
std::string other_settings(const std::string& settings);

/// In the thread pool: it may read the company's metadata.
Task<Result<CompanyVerdict>> judge_settings(Exchange& exchange, store::CompanyRow row);

}  // namespace anteroom::journey
