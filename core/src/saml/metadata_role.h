// What one role of an identity provider offers (saml-metadata 2.4.3).
#pragma once

#include <libxml/tree.h>

#include <optional>
#include <string>

#include "anteroom/settings.h"
#include "saml/xml.h"

namespace anteroom::saml {

/// Keys and addresses of an IDPSSODescriptor. What is odd, and not needed to sign on there safely,
/// is left out and named in `remarks`. Fails if no key is usable, or no address to sign on at.
Status read_idp_role(const xmlNode* role, IdpMetadata& idp);

/// For operators. After twenty there are no more.
void add_remark(IdpMetadata& idp, std::string remark);

/// An attribute of type xs:anyURI, to whose value the white space around it does not belong
/// (XML Schema 2: 3.2.17, 4.3.6).
std::optional<std::string> uri_attribute(const xmlNode* node, const char* name);

}  // namespace anteroom::saml
