// Who the assertion is about: attributes, email, stable identifier, name.

#include <algorithm>

#include "saml/assertion_reader.h"
#include "saml/codes.h"
#include "text/person_text.h"
#include "text/unicode.h"

namespace anteroom::saml {

namespace {

constexpr const char* kNameId = "NameID";
constexpr const char* kPersistent = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
constexpr std::size_t kMaxIdentifier = 512;

bool is_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// Nothing that is not seen, or makes the text around it read otherwise: it is shown in pages, in
// the log and on terminals.
bool is_plain(std::string_view text) {
  return text::is_plain_text(text, text::Lines::one);
}

}  // namespace

Status AssertionReader::read_attributes() {
  for (const xmlNode* statement : children(assertion_, kAssertion, "AttributeStatement")) {
    for (const xmlNode* node : children(statement)) {
      const auto name = attribute(node, "Name");
      if (!is_element(node, kAssertion, "Attribute") || !name || name->empty()) {
        return Failure{code::kAttributes, "an attribute without a name"};
      }
      std::vector<std::string>& values = result_.attributes_[*name];
      bool is_usable = values.empty() && *name != kNameId;
      for (const xmlNode* value : children(node, kAssertion, "AttributeValue")) {
        const auto text = plain_text(value);
        if (text) values.push_back(*text);
        is_usable = is_usable && text.has_value();
      }
      if (!is_usable) unusable_names_.push_back(*name);
    }
  }
  return Done{};
}

bool AssertionReader::is_present(const std::string& name) const {
  if (name == kNameId) return !result_.name_id_.empty();
  const auto found = result_.attributes_.find(name);
  return std::find(unusable_names_.begin(), unusable_names_.end(), name) != unusable_names_.end() ||
         (found != result_.attributes_.end() &&
          std::any_of(found->second.begin(), found->second.end(),
                      [](const std::string& value) { return !value.empty(); }));
}

Result<std::string> AssertionReader::single_value(const std::string& name, Code code) const {
  if (name == kNameId) return result_.name_id_;
  if (std::find(unusable_names_.begin(), unusable_names_.end(), name) != unusable_names_.end()) {
    return Failure{code, "'" + name + "' is there twice or is not plain text"};
  }
  const auto found = result_.attributes_.find(name);
  if (found == result_.attributes_.end() || found->second.size() != 1 || found->second[0].empty()) {
    return Failure{code, "'" + name + "' has not exactly one value"};
  }
  return found->second[0];
}

Status AssertionReader::read_email() {
  for (const std::string& name : idp_.email_attributes) {
    if (!is_present(name)) continue;
    const Result<std::string> value = single_value(name, code::kEmail);
    if (!value) return value.failure();
    const auto email = canonical_email(*value);
    if (!email) return Failure{code::kEmail, "'" + name + "' is not a valid email address"};
    const std::string domain(email_domain(*email));
    if (std::find(idp_.domains.begin(), idp_.domains.end(), domain) == idp_.domains.end()) {
      // What is not written in ASCII is the name of a registered domain, or looks like one.
      if (!is_ascii(*value)) {
        return Failure{code::kEmail, "'" + name + "' is not a valid email address"};
      }
      verdict_.unregistered_domain = domain;
      return Failure{code::kEmailDomain, domain + " is not registered to " + idp_.name};
    }
    result_.email_ = *email;
    return Done{};
  }
  std::string names;
  for (const std::string& name : idp_.email_attributes) names += " " + name;
  return Failure{code::kEmail, "none of these is there:" + names};
}

Status AssertionReader::read_subject_identifier() {
  std::string subject;
  for (const std::string& name : idp_.subject_attributes) {
    const Result<std::string> value = single_value(name, code::kSubject);
    if (!value) return value.failure();
    if (value->empty() || value->size() > kMaxIdentifier || !is_plain(*value)) {
      return Failure{code::kSubject, "'" + name + "' is not an identifier"};
    }
    subject += (subject.empty() ? "" : "/") + *value;
  }
  if (subject.empty() && result_.name_id_format_ == kPersistent && !result_.name_id_.empty() &&
      result_.name_id_.size() <= kMaxIdentifier && is_plain(result_.name_id_)) {
    subject = "nameid:" + result_.name_id_;
  }
  result_.subject_ = std::move(subject);
  return Done{};
}

// A nicety: what is odd is left out, never refused.
void AssertionReader::read_display_name() {
  const auto& names = idp_.name_attributes;
  std::string shown;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const Result<std::string> value = single_value(names[i], code::kAttributes);
    if (!value) continue;
    shown += (shown.empty() ? "" : " ") + *value;
    if (i == 0) break;
  }
  if (text::is_directory_name(shown)) result_.display_name_ = std::move(shown);
}

}  // namespace anteroom::saml
