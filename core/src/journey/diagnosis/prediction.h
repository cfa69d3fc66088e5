// What would happen to a person, in the order in which the gate asks, and how signing on with their
// company is.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/asserted_access.h"
#include "anteroom/company_directory.h"
#include "anteroom/message.h"
#include "anteroom/people.h"
#include "anteroom/properties.h"
#include "anteroom/settings.h"

namespace anteroom::journey {

enum class Fate { cannot_sign_on, waiting_room, refused, let_in };

struct Prediction {
  Fate fate = Fate::let_in;
  std::string_view rule;       ///< that decides: "domain", "metadata", "record", "disabled" …
  std::vector<Message> steps;  ///< what was asked, the deciding one last
};

/// For a page that asks for no level in particular. `person`: nullopt where there is no record.
Prediction predict(const Settings& settings, const CompanyDirectory& companies,
                   const std::string& email, const std::optional<store::Person>& person, Time now);

/// What the company of a person's domain gives by what it asserts, and what their last sign-on
/// said. Nothing where it has no table. `person`: nullopt where there is no record; `names`: of
/// properties, which are called by their keys where they have none.
std::vector<Message> asserted_messages(const CompanyDirectory& companies, const std::string& email,
                                       const std::optional<store::Person>& person,
                                       const store::LastAsserted& last,
                                       const store::PropertyNames& names);

/// In one sentence.
Message fate_message(Fate fate, const std::string& email);

/// When the IdP's metadata and certificates end, in one sentence each.
std::vector<Message> validity_messages(const IdentityProvider& idp, Time now);

}  // namespace anteroom::journey
