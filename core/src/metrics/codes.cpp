#include <algorithm>

#include "anteroom/metrics.h"

namespace anteroom::metrics {

namespace {

// A test holds this list against the sources. nginx-conf/manual/refusals.md says what each means.
constexpr std::string_view kCodes[] = {
    "other",
    // How a sign-on ends well, or goes on.
    "signed_in", "waiting", "passive_attempt",
    // Everywhere.
    "access_level", "ambiguous_host", "ambiguous_path", "back_channel", "body_too_large",
    "database_refused", "database_unavailable", "foreign_form", "handoff_refused", "internal_error",
    "malformed_csv", "malformed_form", "method_not_allowed", "no_such_company", "no_such_page",
    "no_such_person", "no_such_property", "overloaded", "target_not_kept", "too_many_rows",
    "ungated_path", "unknown_host",
    // Leaving for the identity provider.
    "metadata_expired", "company_closed", "test_link", "too_many_tests", "set_up_link",
    "too_many_steps", "outgoing_message", "too_many_sign_ons",
    // What came back.
    "artifact_malformed", "artifact_response", "artifact_unknown", "assertion_count", "attributes",
    "audience", "authn_context", "authn_not_fresh", "authn_statement", "certificate_expired",
    "conditions", "confirmation_expired", "decryption_failed", "decryption_key_missing",
    "destination", "email", "email_domain_not_registered", "encryption_algorithm",
    "encryption_shape", "in_response_to", "issue_instant", "issuer", "no_login_state", "not_before",
    "not_on_or_after", "recipient", "redirect_encoding", "response_base64", "response_shape",
    "response_size", "session_expired", "signature_algorithm", "signature_invalid",
    "signature_missing", "signature_second_opinion", "signature_shape", "status",
    "subject_confirmation", "subject_missing", "text_not_plain", "unsolicited_response", "version",
    "xml_bytes", "xml_duplicate_id", "xml_malformed", "xml_markup",
    // The record and the session.
    "identity_pinned", "replayed", "request_answered", "user_disabled",
    // Signing out.
    "logout_not_asked_for",
    // A directory's requests.
    "scim_content_type", "scim_invalid_filter", "scim_invalid_path", "scim_invalid_syntax",
    "scim_invalid_value", "scim_method", "scim_mutability", "scim_no_target", "scim_not_found",
    "scim_token", "scim_too_large", "scim_uniqueness"};

}  // namespace

std::span<const std::string_view> codes() {
  return kCodes;
}

std::size_t index_of(Code code) {
  const auto* found = std::find(std::begin(kCodes), std::end(kCodes), code.name);
  return found == std::end(kCodes) ? 0 : static_cast<std::size_t>(found - std::begin(kCodes));
}

Series series_of(Stage stage) {
  switch (stage) {
    case Stage::start:
      return Series::ended_at_start;
    case Stage::response:
      return Series::ended_at_response;
    case Stage::session:
      break;
  }
  return Series::ended_at_session;
}

}  // namespace anteroom::metrics
