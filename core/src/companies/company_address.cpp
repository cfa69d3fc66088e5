#include "anteroom/company_address.h"

namespace anteroom {

std::string company_address(const ServiceProviderSettings& sp, std::string_view name) {
  std::string address = sp.origin.text + sp.pages_prefix;
  address += kCompanyPages;
  address += name;
  return address;
}

}  // namespace anteroom
