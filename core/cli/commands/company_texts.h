// What the command says of a company in the database.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "anteroom/company_fetches.h"
#include "cli/commands/console.h"

namespace anteroom::cli {

/// Why a change was not made; empty: it was.
std::string company_refusal(store::CompanyChange change);

std::string company_text(const store::CompanyRow& row, const ReadCompany& read,
                         const std::optional<store::FetchState>& fetch,
                         const std::vector<store::MetadataVersion>& versions,
                         const Settings& settings);
Json company_json(const store::CompanyRow& row, const ReadCompany& read,
                  const std::optional<store::FetchState>& fetch,
                  const std::vector<store::MetadataVersion>& versions, const Settings& settings);

/// Puts a value where a path with dots leads. What reads as JSON is such a value, else a text.
/// Abort where the path leads through something that has no keys.
void set_value(Json& settings, const std::string& path, const std::string& value);

/// "a, b"
std::string joined_words(const std::vector<std::string>& words);

/// What the administrator of a company enters at the identity provider.
Json for_the_customer(const ServiceProviderSettings& sp, const std::string& company);
std::string for_the_customer_text(const Json& values);

}  // namespace anteroom::cli
