#include "journey/manage/company_choice.h"

#include <algorithm>

#include "journey/manage/choices.h"
#include "text/ascii.h"

namespace anteroom::journey {

namespace {

bool is_called(const IdentityProvider& company, const std::string& lower_case) {
  return company.name == lower_case || text::to_lower(company.display_name) == lower_case ||
         std::find(company.domains.begin(), company.domains.end(), lower_case) !=
             company.domains.end();
}

bool has(std::string_view text, const std::string& part) {
  return text.find(part) != std::string_view::npos;
}

bool resembles(const IdentityProvider& company, const std::string& lower_case) {
  return has(company.name, lower_case) || has(text::to_lower(company.display_name), lower_case) ||
         std::any_of(company.domains.begin(), company.domains.end(),
                     [&](const std::string& domain) { return has(domain, lower_case); });
}

}  // namespace

std::vector<const IdentityProvider*> find_companies(
    const std::vector<const IdentityProvider*>& among, std::string_view typed, std::size_t most) {
  const std::string wanted = text::to_lower(typed);
  std::vector<const IdentityProvider*> found;
  if (wanted.empty()) return found;
  const auto collect = [&](auto matches) {
    for (const IdentityProvider* company : among) {
      if (found.size() < most && matches(*company, wanted)) found.push_back(company);
    }
  };
  collect([](const IdentityProvider& company, const std::string& name) {
    return company.name == name;
  });
  if (found.empty()) collect(is_called);
  if (found.empty()) collect(resembles);
  return found;
}

void offer_companies(pages::Values& values, const std::vector<const IdentityProvider*>& among,
                     std::string_view typed) {
  values.text["typed"] = typed;
  values.flags["is_typed"] = among.size() > kMostOffered;
  if (among.size() > kMostOffered) return;
  for (const IdentityProvider* company : among) {
    values.lists["companies"].push_back(choice(company->name, company->display_name, typed));
  }
}

}  // namespace anteroom::journey
