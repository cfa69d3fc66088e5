// Where the people of one company begin: for a link, a bookmark, or a tile in their company's
// portal.
#pragma once

#include <string>
#include <string_view>

#include "anteroom/settings.h"

namespace anteroom {

/// Below pages_prefix; a company's name follows.
inline constexpr std::string_view kCompanyPages = "/at/";

/// "https://login.example.com/auth/at/contoso". `name` as configured.
[[nodiscard]] inline std::string company_address(const ServiceProviderSettings& sp,
                                                 std::string_view name) {
  std::string address = sp.origin.text + sp.pages_prefix;
  address += kCompanyPages;
  address += name;
  return address;
}

/// Where a link for testing signing on leads. `link`: of session::seal_test_link().
[[nodiscard]] inline std::string test_address(const ServiceProviderSettings& sp,
                                              std::string_view link) {
  std::string address = sp.origin.text + sp.pages_prefix + "/test?t=";
  address += link;
  return address;
}

}  // namespace anteroom
