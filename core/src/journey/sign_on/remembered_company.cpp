#include "journey/sign_on/remembered_company.h"

#include "http/cookie.h"
#include "journey/sign_on/start.h"
#include "session/names.h"

namespace anteroom::journey {

namespace {

constexpr auto kRemembered = std::chrono::hours(24 * 180);

// Empty also where there are two: only one of them can be ours.
std::string_view kept_name(std::string_view cookie_header) {
  std::string_view name;
  int cookies = 0;
  http::for_each_cookie(cookie_header, [&](std::string_view cookie, std::string_view value) {
    if (cookie != session::kCompanyCookie) return;
    ++cookies;
    name = value;
  });
  return cookies == 1 ? name : std::string_view{};
}

// Operators' own templates may be older than this page's way to another company.
bool has_way_out(const PageSettings& pages) {
  const auto own = pages.templates.find("provider");
  return own == pages.templates.end() || own->second.find("/sign-in/another") != std::string::npos;
}

}  // namespace

const IdentityProvider* remembered_company(const Exchange& exchange) {
  const CompanyDirectory& companies = *exchange.companies;
  if (companies.only() != nullptr) return nullptr;
  const IdentityProvider* idp = companies.by_name(kept_name(exchange.head().headers.cookie));
  if (idp == nullptr || is_known_closed(*idp, exchange.now())) return nullptr;
  return has_way_out(exchange.context.settings.pages) ? idp : nullptr;
}

std::string remember_company(const IdentityProvider& idp) {
  return http::set_cookie(session::kCompanyCookie, idp.name, http::SameSite::lax, kRemembered);
}

std::string forget_company() {
  return http::set_cookie(session::kCompanyCookie, "", http::SameSite::lax,
                          std::chrono::seconds(0));
}

}  // namespace anteroom::journey
