#include "saml/assertion_reader.h"

#include <algorithm>
#include <array>

#include "http/url.h"
#include "saml/codes.h"
#include "text/instant.h"

namespace anteroom::saml {

namespace {

constexpr std::size_t kMaxPlain = 512u << 10;
constexpr std::size_t kMaxClass = 1024;
constexpr const char* kBearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

// saml-core 2.5.1: what we do not understand must not be ignored.
bool is_known_condition(const xmlNode* node) {
  return is_element(node, kAssertion, "AudienceRestriction") ||
         is_element(node, kAssertion, "OneTimeUse") ||
         is_element(node, kAssertion, "ProxyRestriction");
}

// RFC 3986 section 3.1: a scheme in front. Entra puts "spn:" before what has none.
bool is_uri(const std::string& text) {
  const auto colon = text.find(':');
  return colon != std::string::npos && colon > 0;
}

// saml-core 2.7.2.2; empty where there is none.
std::string context_class(const xmlNode* statement) {
  const xmlNode* context = only_child(statement, kAssertion, "AuthnContext");
  const xmlNode* name =
      context == nullptr ? nullptr : only_child(context, kAssertion, "AuthnContextClassRef");
  const std::string text = name == nullptr ? "" : plain_text(name).value_or("");
  return text.size() <= kMaxClass ? text : "";
}

}  // namespace

Result<VerifiedAssertion> AssertionReader::read(const xmlNode* assertion, std::string response_id) {
  assertion_ = assertion;
  result_.idp_ = idp_.name;
  result_.response_id_ = std::move(response_id);
  result_.assertion_id_ = attribute(assertion, "ID").value_or("");
  struct Step {
    Code code;
    Rule rule;
  };
  constexpr std::array<Step, 11> kSteps{
      {{code::kIssuer, &AssertionReader::check_issuer},
       {code::kIssueInstant, &AssertionReader::check_issue_instant},
       {code::kConditions, &AssertionReader::check_conditions},
       {code::kAudience, &AssertionReader::check_audience},
       {code::kNotOnOrAfter, &AssertionReader::check_times},
       {code::kText, &AssertionReader::read_name_id},
       {code::kConfirmation, &AssertionReader::check_confirmation},
       {code::kAuthnStatement, &AssertionReader::check_authn_statement},
       {code::kAttributes, &AssertionReader::read_attributes},
       {code::kEmail, &AssertionReader::read_email},
       {code::kSubject, &AssertionReader::read_subject_identifier}}};
  for (const Step& step : kSteps) {
    const Status status = (this->*step.rule)();
    if (!status) {
      verdict_.checks.push_back(
          {std::string(status.failure().code.name), false, status.failure().detail});
      return status.failure();
    }
    verdict_.checks.push_back({std::string(step.code.name), true, ""});
  }
  read_display_name();
  return result_;
}

Result<Time> AssertionReader::instant(const xmlNode* node, const char* name, Code code) const {
  const auto text = attribute(node, name);
  const auto time = text ? text::parse_instant(*text) : std::nullopt;
  if (!time)
    return Failure{code, std::string(name) + (text ? " is not a UTC time" : " is missing")};
  return *time;
}

Result<std::optional<Time>> AssertionReader::optional_instant(const xmlNode* node, const char* name,
                                                              Code code) const {
  if (!attribute(node, name)) return std::optional<Time>();
  const Result<Time> time = instant(node, name, code);
  if (!time) return time.failure();
  return std::optional<Time>(*time);
}

Status AssertionReader::check_issuer() {
  const xmlNode* issuer = only_child(assertion_, kAssertion, "Issuer");
  const auto text = issuer == nullptr ? std::nullopt : plain_text(issuer);
  if (text != idp_.metadata.entity_id) {
    return Failure{code::kIssuer, "the assertion's issuer is not " + idp_.metadata.entity_id};
  }
  result_.issuer_ = *text;
  return Done{};
}

Status AssertionReader::check_issue_instant() {
  const Result<Time> issued = instant(assertion_, "IssueInstant", code::kIssueInstant);
  if (!issued) return issued.failure();
  if (*issued > params_.now + params_.clock_skew) {
    return Failure{code::kIssueInstant, "in the future: " + text::format_instant(*issued)};
  }
  result_.issue_instant_ = *issued;
  return Done{};
}

Status AssertionReader::check_conditions() {
  conditions_ = only_child(assertion_, kAssertion, "Conditions");
  if (conditions_ == nullptr) return Failure{code::kConditions, "not exactly one Conditions"};
  const auto all = children(conditions_);
  if (!std::all_of(all.begin(), all.end(), is_known_condition)) {
    return Failure{code::kConditions, "a condition that is not understood"};
  }
  return Done{};
}

Status AssertionReader::check_audience_restriction(const xmlNode* restriction) const {
  const std::string& us = params_.sp_entity_id;
  bool is_us = false;
  for (const xmlNode* child : children(restriction)) {
    const auto text = is_element(child, kAssertion, "Audience") ? plain_text(child) : std::nullopt;
    if (!text) return Failure{code::kAudience, "an Audience that is not plain text"};
    is_us = is_us || *text == us || (!is_uri(us) && *text == "spn:" + us);
  }
  if (!is_us) return Failure{code::kAudience, "not for " + us};
  return Done{};
}

Status AssertionReader::check_audience() {
  const auto restrictions = children(conditions_, kAssertion, "AudienceRestriction");
  if (restrictions.empty()) return Failure{code::kAudience, "no AudienceRestriction"};
  for (const xmlNode* restriction : restrictions) {
    if (Status fine = check_audience_restriction(restriction); !fine) return fine;
  }
  return Done{};
}

// saml-core 2.5.1.2: either may be missing. The confirmation has an end of its own.
Status AssertionReader::check_times() {
  const auto not_before = optional_instant(conditions_, "NotBefore", code::kNotBefore);
  if (!not_before) return not_before.failure();
  const auto end = optional_instant(conditions_, "NotOnOrAfter", code::kNotOnOrAfter);
  if (!end) return end.failure();
  if (*not_before && *end && **not_before >= **end) {
    return Failure{code::kNotBefore, "NotBefore is not before NotOnOrAfter"};
  }
  if (*not_before && params_.now + params_.clock_skew < **not_before) {
    return Failure{code::kNotBefore, "not valid before " + text::format_instant(**not_before)};
  }
  if (!*end) return Done{};
  if (params_.now - params_.clock_skew >= **end) {
    return Failure{code::kNotOnOrAfter, "expired at " + text::format_instant(**end)};
  }
  keep_until(**end + params_.clock_skew);
  return Done{};
}

Status AssertionReader::check_confirmation_data(const xmlNode* data) {
  if (attribute(data, "NotBefore")) {
    return Failure{code::kConfirmation, "a bearer confirmation must have no NotBefore"};
  }
  if (attribute(data, "Recipient") != params_.acs_url) {
    return Failure{code::kRecipient, "not for " + params_.acs_url};
  }
  if (attribute(data, "InResponseTo").value_or("") != params_.in_response_to ||
      (params_.in_response_to.empty() && attribute(data, "InResponseTo"))) {
    return Failure{code::kInResponseTo, "the confirmation answers another request"};
  }
  const Result<Time> end = instant(data, "NotOnOrAfter", code::kConfirmationTime);
  if (!end) return end.failure();
  if (params_.now - params_.clock_skew >= *end) {
    return Failure{code::kConfirmationTime, "expired at " + text::format_instant(*end)};
  }
  return Done{};
}

// saml-profiles 4.1.4.2: one bearer confirmation that alone has everything right. The message is
// remembered for as long as any of them might let it in.
Status AssertionReader::check_confirmation() {
  Failure why{code::kConfirmation, "no bearer confirmation"};
  bool is_confirmed = false;
  for (const xmlNode* confirmation : children(subject_, kAssertion, "SubjectConfirmation")) {
    if (attribute(confirmation, "Method") != kBearer) continue;
    const xmlNode* data = only_child(confirmation, kAssertion, "SubjectConfirmationData");
    if (data == nullptr) continue;
    if (const auto end = instant(data, "NotOnOrAfter", code::kConfirmationTime)) {
      keep_until(*end + params_.clock_skew);
    }
    const Status status = check_confirmation_data(data);
    is_confirmed = is_confirmed || status.ok();
    if (!status) why = status.failure();
  }
  return is_confirmed ? Status(Done{}) : why;
}

Status AssertionReader::check_authn_statement() {
  const auto statements = children(assertion_, kAssertion, "AuthnStatement");
  if (statements.empty()) return Failure{code::kAuthnStatement, "no AuthnStatement"};
  result_.authn_instant_ = Time::max();
  result_.authn_context_ = context_class(statements.front());
  for (const xmlNode* statement : statements) {
    if (Status fine = read_authn_statement(statement); !fine) return fine;
  }
  result_.session_index_ = attribute(statements.front(), "SessionIndex").value_or("");
  return check_authentication();
}

Status AssertionReader::read_authn_statement(const xmlNode* statement) {
  const auto authn = instant(statement, "AuthnInstant", code::kAuthnStatement);
  if (!authn) return authn.failure();
  if (*authn > params_.now + params_.clock_skew) {
    return Failure{code::kAuthnStatement, "AuthnInstant is in the future"};
  }
  result_.authn_instant_ = std::min(result_.authn_instant_, *authn);
  if (context_class(statement) != result_.authn_context_) result_.authn_context_.clear();
  const auto end = optional_instant(statement, "SessionNotOnOrAfter", code::kSessionExpired);
  if (!end) return end.failure();
  if (!*end) return Done{};
  if (params_.now - params_.clock_skew >= **end) {
    return Failure{code::kSessionExpired, "ended at " + text::format_instant(**end)};
  }
  const auto& known = result_.session_not_on_or_after_;
  if (!known || **end < *known) result_.session_not_on_or_after_ = *end;
  return Done{};
}

// saml-core 3.4.1: what we asked for is not always what an IdP does.
Status AssertionReader::check_authentication() const {
  if (params_.authenticated_since &&
      result_.authn_instant_ + params_.clock_skew < *params_.authenticated_since) {
    return Failure{code::kNotFresh, "a fresh sign-on was asked for, but AuthnInstant is " +
                                        text::format_instant(result_.authn_instant_)};
  }
  const auto& asked = params_.authn_contexts;
  if (!asked.empty() &&
      std::find(asked.begin(), asked.end(), result_.authn_context_) == asked.end()) {
    return Failure{code::kAuthnContext,
                   "signed on by '" + result_.authn_context_ + "', which was not asked for"};
  }
  return Done{};
}

Status AssertionReader::read_name_id() {
  subject_ = only_child(assertion_, kAssertion, "Subject");
  if (subject_ == nullptr) return Failure{code::kConfirmation, "not exactly one Subject"};
  const auto name_ids = children(subject_, kAssertion, "NameID");
  const auto encrypted = children(subject_, kAssertion, "EncryptedID");
  if (name_ids.size() + encrypted.size() > 1) return Failure{code::kText, "several NameIDs"};
  if (!name_ids.empty()) return take_name_id(name_ids.front());
  return encrypted.empty() ? Status(Done{}) : read_encrypted_id(encrypted.front());
}

Status AssertionReader::take_name_id(const xmlNode* node) {
  const auto text = plain_text(node);
  if (!text || text->empty() || text->size() > 1024) {
    return Failure{code::kText, "NameID is not plain text, or empty"};
  }
  result_.name_id_ = *text;
  result_.name_id_format_ = attribute(node, "Format").value_or("");
  return Done{};
}

// saml-core 2.2.4. Its cipher text is among the signed bytes.
Status AssertionReader::read_encrypted_id(xmlNode* holder) {
  const auto element = read_encrypted(holder);
  if (!element) return element.failure();
  const auto around = cut_out(holder);
  if (!around) return Failure{code::kDecryption, "out of memory"};
  Document opened;
  const xmlNode* name_id = nullptr;
  const Status status = decryptor_.decrypt(*element, [&](const std::string& plain) {
    // In place, for the prefixes that it may take from its surroundings.
    auto document = parse_xml(around->before + plain + around->behind, kMaxPlain);
    if (!document) return false;
    opened = std::move(*document);
    const xmlNode* root = xmlDocGetRootElement(opened.get());
    const xmlNode* assertion = is_element(root, kAssertion, "Assertion")
                                   ? root
                                   : only_child(root, kAssertion, "Assertion");
    const xmlNode* subject =
        assertion == nullptr ? nullptr : only_child(assertion, kAssertion, "Subject");
    name_id = subject == nullptr ? nullptr : only_child(subject, kAssertion, "NameID");
    return name_id != nullptr;
  });
  return status ? take_name_id(name_id) : status;
}

}  // namespace anteroom::saml
