// The rules for what a signed assertion says. Reads the canonical bytes that the signature covers,
// and nothing else (saml-core 2, saml-profiles 4.1.4.3).
#pragma once

#include <functional>
#include <string>

#include "anteroom/saml.h"
#include "saml/decryptor.h"
#include "saml/xml.h"

namespace anteroom::saml {

class AssertionReader {
 public:
  /// Notes each check by its code; false ends the reading with `failure()`.
  AssertionReader(const IdentityProvider& idp, const VerifyParams& params,
                  const Decryptor& decryptor, Verdict& verdict)
      : idp_(idp), params_(params), decryptor_(decryptor), verdict_(verdict) {}

  /// `assertion`: the only Assertion of a document made from signed bytes. `response_id` for
  /// replay.
  Result<VerifiedAssertion> read(const xmlNode* assertion, std::string response_id);

 private:
  using Rule = Status (AssertionReader::*)();

  Status check_issuer();
  Status check_issue_instant();
  Status check_conditions();
  Status check_audience();
  Status check_times();
  Status check_confirmation();
  Status check_authn_statement();
  Status read_authn_statement(const xmlNode* statement);
  Status check_authentication() const;
  Status read_name_id();
  Status read_encrypted_id(xmlNode* holder);
  Status take_name_id(const xmlNode* node);
  Status read_attributes();
  Status read_email();
  Status read_subject_identifier();
  void read_display_name();

  Status check_audience_restriction(const xmlNode* restriction) const;
  Status check_confirmation_data(const xmlNode* data);
  [[nodiscard]] Result<Time> instant(const xmlNode* node, const char* name, Code code) const;
  [[nodiscard]] Result<std::optional<Time>> optional_instant(const xmlNode* node, const char* name,
                                                             Code code) const;
  [[nodiscard]] Result<std::string> single_value(const std::string& name, Code code) const;
  [[nodiscard]] bool is_present(const std::string& name) const;
  void keep_until(Time time) { result_.replay_until_ = std::max(result_.replay_until_, time); }

  const IdentityProvider& idp_;
  const VerifyParams& params_;
  const Decryptor& decryptor_;
  Verdict& verdict_;
  const xmlNode* assertion_ = nullptr;
  const xmlNode* subject_ = nullptr;
  const xmlNode* conditions_ = nullptr;
  /// Names that cannot be used: given twice, or with a value that is not plain text.
  std::vector<std::string> unusable_names_;
  VerifiedAssertion result_;
};

}  // namespace anteroom::saml
