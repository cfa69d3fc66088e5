// What Manage's forms offer to choose from, and how they say what a database row holds.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "anteroom/company_directory.h"
#include "anteroom/grants.h"
#include "anteroom/pages.h"
#include "anteroom/people.h"
#include "anteroom/settings.h"

namespace anteroom::journey {

/// Those of `all` where grants (grants.h) reach `level`.
std::vector<store::Property> reachable(const AccessSettings& access, std::string_view grants,
                                       std::string_view level, std::vector<store::Property> all);

/// What options say: names, those that stand for several properties with the key.
std::vector<std::string> property_labels(const std::vector<store::Property>& properties);

/// One <option>: `value`, `label`, `is_chosen`.
pages::Values choice(std::string value, std::string label, std::string_view chosen);

std::vector<pages::Values> property_choices(const std::vector<store::Property>& properties,
                                            std::string_view chosen);

/// The levels up to `highest`.
std::vector<pages::Values> level_choices(const AccessSettings& access, std::string_view highest,
                                         std::string_view chosen);

/// "2026-05-04" of an ISO 8601 time.
std::string readable_day(std::string_view iso);

/// How somebody with this address will sign on.
Message way_to_sign_on(const CompanyDirectory& companies, std::string_view canonical_email);

}  // namespace anteroom::journey
