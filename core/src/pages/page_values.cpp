#include "pages/page_values.h"

#include <algorithm>
#include <array>

#include "anteroom/email.h"
#include "anteroom/grants.h"
#include "templates/common_values.h"

namespace anteroom::pages {

namespace {

// Values that become the target of a link, form or refresh.
constexpr std::array<const char*, 8> kLinks{"action",    "ask_url",     "back_url",   "refresh_url",
                                            "retry_url", "sign_in_url", "status_url", "stream_url"};

Values said(Values values, const Catalogue& catalogue) {
  for (const auto& [name, message] : values.messages) values.text[name] = catalogue.say(message);
  values.messages.clear();
  return values;
}

Values with_safe_links(Values values) {
  for (const char* name : kLinks) {
    const auto found = values.text.find(name);
    if (found != values.text.end() && !templates::is_web_link(found->second)) found->second.clear();
  }
  return values;
}

// your_properties ("key=level,…") as a list to read, unless it is given: your_grants. The key "*"
// becomes an empty property.
Values with_grants(Values values) {
  const auto given = values.text.find("your_properties");
  if (given == values.text.end() || values.lists.count("your_grants") == 1) return values;
  auto& grants = values.lists["your_grants"];
  for_each_grant(given->second, [&grants](const Grant& grant) {
    grants.push_back({{{"property", grant.is_everywhere() ? "" : std::string(grant.property)},
                       {"property_key", ""},
                       {"level", std::string(grant.level)}}});
  });
  return values;
}

std::string readable(const std::string& email) {
  const auto domain = std::min(email.rfind('@'), email.size() - 1) + 1;
  return email.substr(0, domain) + readable_domain(std::string_view(email).substr(domain));
}

// As people write them; one also in two halves, so that a narrow screen can break it before the @.
Values with_readable_emails(Values values) {
  if (const auto of_entry = values.text.find("person_email"); of_entry != values.text.end()) {
    of_entry->second = readable(of_entry->second);
  }
  const auto given = values.text.find("email");
  if (given == values.text.end()) return values;
  const std::string email = readable(given->second);
  const auto at = std::min(email.rfind('@'), email.size());
  values.text["email_start"] = email.substr(0, at);
  values.text["email_end"] = email.substr(at);
  return values;
}

}  // namespace

Values presentable(const Values& values, const Catalogue& catalogue) {
  Values shown = with_readable_emails(with_grants(with_safe_links(said(values, catalogue))));
  for (auto& [name, entries] : shown.lists) {
    for (Values& entry : entries) entry = presentable(entry, catalogue);
  }
  return shown;
}

}  // namespace anteroom::pages
