#include "saml/xml.h"

#include <libxml/parser.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "saml/codes.h"
#include "text/unicode.h"

namespace anteroom::saml {

namespace {

constexpr std::array<std::string_view, 4> kMarks{"cut", "Cut-Here", "here-was-it", "--X-X--"};

struct FreeParser {
  void operator()(xmlParserCtxt* context) const { xmlFreeParserCtxt(context); }
};

const char* c_str(const xmlChar* text) {
  return reinterpret_cast<const char*>(text);
}

bool is_utf8(std::string_view bytes) {
  // xmlCheckUTF8 wants a terminator and takes over-long forms as errors, as we do.
  return xmlCheckUTF8(reinterpret_cast<const xmlChar*>(std::string(bytes).c_str())) == 1;
}

bool has_control_character(std::string_view bytes) {
  return std::any_of(bytes.begin(), bytes.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r';
  });
}

// "<!" is allowed as the start of a comment or CDATA section only, "<?" as the XML declaration
// only.
std::optional<std::string> bad_markup(std::string_view bytes) {
  std::size_t tags = 0;
  for (std::size_t at = bytes.find('<'); at != std::string_view::npos;
       at = bytes.find('<', at + 1)) {
    if (++tags > kMaxElements) return "more than 20,000 tags";
    const std::string_view rest = bytes.substr(at + 1);
    if (rest.starts_with('!') && !rest.starts_with("!--") && !rest.starts_with("![CDATA[")) {
      return "a document type declaration";
    }
    if (rest.starts_with('?') && !(at == 0 && rest.starts_with("?xml "))) {
      return "a processing instruction";
    }
    const std::string_view until_next = rest.substr(0, rest.find('<'));
    if (std::count(until_next.begin(), until_next.end(), '=') > kMaxAttributes) {
      return "an element with more than 256 attributes";
    }
  }
  return std::nullopt;
}

bool is_encoding_fine(const xmlDoc* document) {
  return document->encoding == nullptr || xmlStrcasecmp(document->encoding, BAD_CAST "UTF-8") == 0;
}

bool is_bounded(xmlNode* root) {
  return walk(root, [](const xmlNode* node) {
    int depth = 0;
    int declarations = 0;
    for (const xmlNode* up = node; up != nullptr && depth <= kMaxDepth; up = up->parent) {
      ++depth;
      if (up->type != XML_ELEMENT_NODE) continue;
      for (const xmlNs* ns = up->nsDef; ns != nullptr; ns = ns->next) ++declarations;
      if (declarations > kMaxDeclarations) return false;
    }
    return depth <= kMaxDepth;
  });
}

void ignore_error(void*, xmlError*) {}

}  // namespace

Result<Document> parse_xml(std::string_view bytes, std::size_t max_bytes) {
  if (bytes.empty() || bytes.size() > max_bytes) {
    return Failure{code::kSize, std::to_string(bytes.size()) + " bytes"};
  }
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  if (has_control_character(bytes) || !is_utf8(bytes)) {
    return Failure{code::kBytes, "control characters or no valid UTF-8"};
  }
  if (auto bad = bad_markup(bytes)) return Failure{code::kMarkup, *bad};

  const std::unique_ptr<xmlParserCtxt, FreeParser> context(xmlNewParserCtxt());
  if (context == nullptr) return Failure{code::kNotXml, "out of memory"};
  // Errors stay in the context: nothing of hostile XML is printed.
  context->sax->serror = reinterpret_cast<xmlStructuredErrorFunc>(ignore_error);
  Document document(xmlCtxtReadMemory(context.get(), bytes.data(), static_cast<int>(bytes.size()),
                                      nullptr, nullptr,
                                      XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING));
  if (document == nullptr || context->wellFormed == 0 ||
      xmlDocGetRootElement(document.get()) == nullptr) {
    return Failure{code::kNotXml, "not well-formed"};
  }
  // Namespaces in XML 1.0, sections 3 to 6. libxml2 reads on after such an error: `xmlns:p=""`, a
  // rebound "xml", an undeclared prefix, one expanded attribute twice, `a:b:c`.
  if (context->nsWellFormed == 0) return Failure{code::kNotXml, "not namespace-well-formed"};
  if (!is_encoding_fine(document.get()))
    return Failure{code::kBytes, "declared encoding is not UTF-8"};
  if (document->intSubset != nullptr || !is_bounded(xmlDocGetRootElement(document.get()))) {
    return Failure{code::kNotXml, "nested too deep, or too many namespaces"};
  }
  return document;
}

bool is_element(const xmlNode* node, const char* ns, const char* name) {
  return node != nullptr && node->type == XML_ELEMENT_NODE && node->ns != nullptr &&
         std::strcmp(c_str(node->ns->href), ns) == 0 && std::strcmp(c_str(node->name), name) == 0;
}

std::vector<xmlNode*> children(const xmlNode* node) {
  std::vector<xmlNode*> found;
  for (xmlNode* child = node->children; child != nullptr; child = child->next) {
    if (child->type == XML_ELEMENT_NODE) found.push_back(child);
  }
  return found;
}

std::vector<xmlNode*> children(const xmlNode* node, const char* ns, const char* name) {
  std::vector<xmlNode*> found = children(node);
  std::erase_if(found, [&](const xmlNode* child) { return !is_element(child, ns, name); });
  return found;
}

xmlNode* only_child(const xmlNode* node, const char* ns, const char* name) {
  const auto found = children(node, ns, name);
  return found.size() == 1 ? found.front() : nullptr;
}

std::optional<std::string> attribute(const xmlNode* node, const char* name) {
  for (const xmlAttr* attr = node->properties; attr != nullptr; attr = attr->next) {
    if (attr->ns != nullptr || std::strcmp(c_str(attr->name), name) != 0) continue;
    const std::unique_ptr<xmlChar, decltype(xmlFree)> value(
        xmlNodeListGetString(node->doc, attr->children, 1), xmlFree);
    return value == nullptr ? std::string() : std::string(c_str(value.get()));
  }
  return std::nullopt;
}

std::optional<std::string> plain_text(const xmlNode* node) {
  std::string text;
  for (const xmlNode* child = node->children; child != nullptr; child = child->next) {
    if (child->type != XML_TEXT_NODE) return std::nullopt;
    if (child->content != nullptr) text += c_str(child->content);
  }
  return std::string(text::trimmed(text));
}

std::optional<Surroundings> cut_out(xmlNode* node) {
  xmlDoc* document = node->doc;
  const auto dump = [document] {
    xmlChar* text = nullptr;
    int size = 0;
    xmlDocDumpMemoryEnc(document, &text, &size, "UTF-8");
    const std::unique_ptr<xmlChar, decltype(xmlFree)> owner(text, xmlFree);
    return text == nullptr ? std::string()
                           : std::string(c_str(text), static_cast<std::size_t>(size));
  };
  const std::string whole = dump();
  // One that is nowhere else in the text. Only an attacker would write all of these into it.
  const auto mark = std::find_if(kMarks.begin(), kMarks.end(), [&](std::string_view one) {
    return whole.find(one) == std::string::npos;
  });
  if (mark == kMarks.end()) return std::nullopt;
  xmlNode* placeholder = xmlNewDocText(document, reinterpret_cast<const xmlChar*>(mark->data()));
  if (placeholder == nullptr) return std::nullopt;
  xmlReplaceNode(node, placeholder);
  xmlFreeNode(node);
  const std::string text = dump();
  const auto at = text.find(*mark);
  if (at == std::string::npos) return std::nullopt;
  return Surroundings{text.substr(0, at), text.substr(at + mark->size())};
}

std::string escape_xml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&apos;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

}  // namespace anteroom::saml
