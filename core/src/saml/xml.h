// libxml2 in owned handles, and the few questions we ask of a tree.
#pragma once

#include <libxml/tree.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/result.h"

namespace anteroom::saml {

struct FreeDocument {
  void operator()(xmlDoc* document) const { xmlFreeDoc(document); }
};
using Document = std::unique_ptr<xmlDoc, FreeDocument>;

inline constexpr const char* kProtocol = "urn:oasis:names:tc:SAML:2.0:protocol";
inline constexpr const char* kAssertion = "urn:oasis:names:tc:SAML:2.0:assertion";
inline constexpr const char* kMetadata = "urn:oasis:names:tc:SAML:2.0:metadata";
inline constexpr const char* kDsig = "http://www.w3.org/2000/09/xmldsig#";
inline constexpr const char* kSoapEnvelope = "http://schemas.xmlsoap.org/soap/envelope/";
inline constexpr const char* kXmlEnc = "http://www.w3.org/2001/04/xmlenc#";

inline constexpr const char* kSuccess = "urn:oasis:names:tc:SAML:2.0:status:Success";

inline constexpr std::size_t kMaxElements = 20'000;
inline constexpr int kMaxDepth = 64;
/// Attributes and namespace declarations of one element: libxml2 compares each with each.
inline constexpr std::ptrdiff_t kMaxAttributes = 256;

/// Namespace declarations in scope of one element: canonicalization looks at each for each element.
inline constexpr int kMaxDeclarations = 64;

/// Bytes to a tree: UTF-8 without NUL, namespace-well-formed, no DOCTYPE, no processing
/// instruction, bounded in tags, depth and declarations; nothing is fetched, no entity is expanded.
/// `max_bytes` is the caller's bound. Nothing else parses XML (scripts/test static).
Result<Document> parse_xml(std::string_view bytes, std::size_t max_bytes);

bool is_element(const xmlNode* node, const char* ns, const char* name);
/// Element children only.
std::vector<xmlNode*> children(const xmlNode* node);
std::vector<xmlNode*> children(const xmlNode* node, const char* ns, const char* name);
/// The only such child, or nullptr where there is none or several.
xmlNode* only_child(const xmlNode* node, const char* ns, const char* name);

/// An attribute without namespace; nullopt if absent.
std::optional<std::string> attribute(const xmlNode* node, const char* name);

/// The whole value of an element that holds text and nothing else: no element, comment, CDATA
/// section, entity. nullopt otherwise. XML white space around it is trimmed.
std::optional<std::string> plain_text(const xmlNode* node);

/// Calls `visit` for each node below and including `node`, in document order, while it returns
/// true. False if a visit did.
template <class Visit>
bool walk(xmlNode* node, Visit visit) {
  xmlNode* at = node;
  while (at != nullptr) {
    if (!visit(at)) return false;
    if (at->type != XML_ENTITY_REF_NODE && at->children != nullptr) {
      at = at->children;
      continue;
    }
    while (at != node && at->next == nullptr) at = at->parent;
    if (at == node) return true;
    at = at->next;
  }
  return true;
}

/// The document's text before and behind an element, which is taken out of it.
struct Surroundings {
  std::string before;
  std::string behind;
};
std::optional<Surroundings> cut_out(xmlNode* node);

std::string escape_xml(std::string_view text);

}  // namespace anteroom::saml
