// What the pages about companies share.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/company_rules.h"
#include "http/form.h"
#include "journey/manage/manage.h"

namespace anteroom::journey {

/// What was tried at one company, and what came of it.
struct TriedCompany {
  int status = 200;
  std::string metadata, domain, display_name, preset;  ///< as entered
  std::map<std::string, Message> messages;             ///< by their names in the template
  std::optional<JudgedMetadata> judged;                ///< good metadata, to be confirmed
  bool is_too_old = false;  ///< the sign-on, for what was tried: what was entered is shown again

  void refuse(const std::string& message, Message why, int with = 422) {
    messages[message] = std::move(why);
    status = with;
  }
};

/// Everything about one company; 404 where there is none.
Task<Response> company_page(Exchange& exchange, const ManageUser& viewer, std::string name,
                            TriedCompany tried);

/// "/manage/companies/show?name=NAME"
std::string company_path(const std::string& name);

/// To let somebody vouch for addresses is the gravest act there is: its forms are shown to whoever
/// signed on within the last half hour, and what they send is taken for twice as long.
bool may_see_forms(const Exchange& exchange, const ManageUser& viewer);
bool may_send_forms(const Exchange& exchange, const ManageUser& viewer);

Message change_message(store::CompanyChange change);
int status_of(store::CompanyChange change);
Message state_message(std::string_view state);

/// One <option> for each preset.
std::vector<pages::Values> preset_choices(std::string_view chosen);
std::string preset_label(std::string_view preset);

inline constexpr std::size_t kMaxCompanyName = 64;  ///< one more than a name may have
inline constexpr std::size_t kMaxDisplayName = 2000;

/// A field of a form, without the white space around it, cut off beyond `max` bytes.
std::string field_of(const std::optional<http::Form>& form, std::string_view name, std::size_t max);

}  // namespace anteroom::journey
