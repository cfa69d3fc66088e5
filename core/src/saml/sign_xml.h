#pragma once

#include <optional>
#include <string>

#include "anteroom/settings.h"

namespace anteroom::saml {

/// An enveloped RSA-SHA256 signature in `xml`'s root, whose ID is `id`: right behind the Issuer, or
/// first where there is none (saml-core 5.4, saml-metadata 3). nullopt if xmlsec can't.
std::optional<std::string> sign_xml(const std::string& xml, const std::string& id,
                                    const KeyPair& key);

}  // namespace anteroom::saml
