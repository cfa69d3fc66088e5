// What the pages about companies share.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/company_proposals.h"
#include "anteroom/company_rules.h"
#include "journey/frame/company_forms.h"
#include "journey/manage/company_settings.h"
#include "journey/manage/forms.h"
#include "journey/manage/manage.h"

namespace anteroom::journey {

/// What was tried at one company.
struct TriedCompany : Attempt {
  std::string metadata, domain, display_name, preset;  ///< as entered
  std::optional<std::string> contacts, address;        ///< likewise
  EnteredSettings settings;                            ///< likewise
  std::optional<JudgedMetadata> judged;                ///< good metadata, to be confirmed
  std::string link_to, made_link;                      ///< the link is shown this once
  std::string warned_domain;                           ///< to be confirmed likewise
  bool is_too_old = false;  ///< the sign-on, for what was tried: what was entered is shown again
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

/// Whether what was sent comes of a sign-on that is too old: nothing was done, and nothing is lost.
bool is_late(const Exchange& exchange, const ManageUser& viewer, TriedCompany& tried);

bool is_so(store::CompanyChange change);
/// Or it waits for a second person.
bool is_done_with(store::CompanyChange change);
/// Back to the page, which says so by a notice.
Response company_changed(const Exchange& exchange, const std::string& name,
                         const std::string& notice);
/// The same; of what waits for a second person it says that.
Response company_changed(const Exchange& exchange, const std::string& name,
                         const std::string& notice, store::CompanyChange change);

/// Says of a change that was not made why.
void refuse_change(Attempt& tried, const std::string& message, store::CompanyChange change);
/// Empty: nothing is wrong with the domain.
Message domain_message(const CompanyVerdict& verdict, const std::string& domain);

/// An act that waits for a second person: `number`, `act`, `detail`, `by`, of metadata `keys` and
/// `old_keys`, and what the reader may do about it.
pages::Values proposal_values(const store::Proposal& proposal, const std::string& name,
                              const std::vector<std::string>& keys_in_force, bool may_change);

Message state_message(std::string_view state);

/// One <option> for each preset.
std::vector<pages::Values> preset_choices(std::string_view chosen);
std::string preset_label(std::string_view preset);
bool is_preset(std::string_view name);

/// "12"; "1000+" of what is counted to there.
std::string counted(int count);

inline constexpr std::size_t kMaxDisplayName = 2000;

}  // namespace anteroom::journey
