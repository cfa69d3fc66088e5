// The signature on an IdP's metadata, checked against a certificate that operations pinned.
#pragma once

#include <string>
#include <string_view>

#include "anteroom/result.h"
#include "saml/xml.h"

namespace anteroom::saml {

/// The document made of exactly the bytes that are signed (saml-metadata 3, saml-core 5.4): one
/// enveloped signature on the root, RSA with SHA-256, -384 or -512, exclusive c14n, made by the
/// pinned certificate's key. Needs no initialize(). The failure's detail is for an operator.
Result<Document> open_signed_metadata(xmlDoc* document, std::string_view certificate_der);

}  // namespace anteroom::saml
