#pragma once

#include <optional>
#include <string>

#include "anteroom/settings.h"

namespace anteroom::saml {

/// An enveloped RSA-SHA256 signature right behind the Issuer of `xml`'s root, whose ID is `id`
/// (saml-core 5.4). nullopt if xmlsec can't.
std::optional<std::string> sign_xml(const std::string& xml, const std::string& id,
                                    const KeyPair& key);

}  // namespace anteroom::saml
