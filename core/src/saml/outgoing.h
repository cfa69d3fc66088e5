// A message of ours on its way to an IdP through the browser.
#pragma once

#include <string>

#include "anteroom/saml.h"

namespace anteroom::saml {

struct Outgoing {
  std::string parameter;  ///< "SAMLRequest" or "SAMLResponse"
  std::string xml;
  std::string id;  ///< of the root element
  std::string relay_state;
  const KeyPair* signing = nullptr;  ///< null: not signed
  std::string hint;                  ///< further query parameters, outside of what is signed
};

/// saml-bindings 3.4.4.1: DEFLATE, base64; the signature covers the query's octets.
Result<OutgoingMessage> send_by_redirect(const std::string& url, const Outgoing& message);

/// saml-bindings 3.5.4: base64 in a form; the signature is in the XML, behind the Issuer.
Result<OutgoingMessage> send_by_post(const std::string& url, const Outgoing& message);

}  // namespace anteroom::saml
