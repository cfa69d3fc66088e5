// Messages in a query string (saml-bindings 3.4.4.1), made with code independent of the product's.
#pragma once

#include <string>

#include "support/forge.h"

namespace anteroom::forge {

/// RFC 1951. Throws std::logic_error.
std::string deflated(const std::string& text);

/// The opposite, of at most 64 KiB.
std::string inflated(const std::string& packed);

struct Redirect {
  std::string parameter = "SAMLRequest";
  std::string xml;
  std::string relay_state;  ///< empty: no such parameter
  std::string algorithm = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
  bool is_lower = false;  ///< escapes in lower case, as Entra writes them
};

std::string unsigned_query(const Redirect& message);
std::string signed_query(const Redirect& message, const Authority& by);

}  // namespace anteroom::forge
