// A message in a query string (saml-bindings 3.4), read from the raw octets: what was signed is
// what stands there, escapes and all (Entra writes them in lower case).
#pragma once

#include <string>
#include <string_view>

#include "anteroom/result.h"

namespace anteroom::saml {

struct RedirectMessage {
  bool is_request = false;  ///< SAMLRequest, else SAMLResponse
  std::string xml;
  std::string relay_state;
  std::string signature_algorithm;  ///< empty: not signed
  std::string signature;
  std::string signed_octets;
};

/// Fails on a parameter that is given twice, on SigAlg or Signature without the other, on both
/// kinds of message at once, on an encoding other than DEFLATE, and on what inflates to more than
/// 64 KiB.
Result<RedirectMessage> read_redirect(std::string_view raw_query);

}  // namespace anteroom::saml
