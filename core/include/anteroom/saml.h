// SAML 2.0, service provider side: pure functions of bytes, configuration and a time.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "anteroom/email.h"
#include "anteroom/ports.h"
#include "anteroom/result.h"
#include "anteroom/settings.h"

namespace anteroom::saml {

/// Once per process, before any other thread exists and before anything below is called: Lasso,
/// xmlsec and libxml2 made safe (no file or URL can be opened by a message; LASSO_FLAG has no
/// effect). Throws std::runtime_error if that can't be achieved.
void initialize();

/// Reads IdP metadata (an EntityDescriptor with exactly one IDPSSODescriptor for SAML 2.0; other
/// roles ignored). saml-metadata 2.3.2, 2.4.3. Works without initialize(). The failure's detail is
/// written for an operator. `now` decides about validUntil. With a pinned certificate (DER) the
/// metadata must be signed by its key, and only what is signed is read.
Result<IdpMetadata> parse_idp_metadata(std::string_view xml, Time now,
                                       std::string_view pinned_certificate_der = {});

/// Whether `next` may take the place of `current` without anybody looking at it: the same identity
/// provider, keys that are strong and not all past their end, and nothing lost that sign-on or
/// logout may be using. Where it is signed, one that holds less long is an older one, which
/// somebody else gives out again. The failure's detail is written for an operator.
Status check_successor(const IdpMetadata& current, const IdpMetadata& next, Time now,
                       bool is_signed);

/// Our own metadata (saml-metadata 2.4.4) for these identity providers, signed if the settings say
/// so. Needs initialize() to sign. `product_name` is the name of the service.
Result<std::string> build_sp_metadata(const ServiceProviderSettings& sp,
                                      const std::vector<const IdentityProvider*>& idps,
                                      const std::string& product_name);

struct AuthnRequestParams {
  std::string id;  ///< "id" + 32 hex digits: never starts with a digit (saml-core 1.3.4)
  Time issue_instant;
  std::string login_hint;   ///< email, or empty
  std::string relay_state;  ///< at most 80 bytes (saml-bindings 3.4.3)
  bool force_authn = false;
  bool is_passive = false;
  /// RequestedAuthnContext, Comparison exact; may be none.
  std::vector<std::string> authn_contexts = {};
};

/// What the browser must be sent to the IdP with.
struct OutgoingMessage {
  std::string url;          ///< redirect binding: complete; post binding: the form's action
  std::string parameter;    ///< "SAMLRequest" or "SAMLResponse"
  std::string message;      ///< post binding only: base64
  std::string relay_state;  ///< post binding only
};

/// saml-core 3.4.1, saml-bindings 3.4 and 3.5.
Result<OutgoingMessage> build_authn_request(const ServiceProviderSettings& sp,
                                            const IdentityProvider& idp,
                                            const AuthnRequestParams& params);

struct LogoutRequestParams {
  std::string id;
  Time now;
  std::string name_id, name_id_format, session_index;  ///< as the IdP gave them
  std::string relay_state;
};
struct LogoutResponseParams {
  std::string id;
  Time now;
  std::string in_response_to;
  std::string relay_state;  ///< as it came
};
/// saml-core 3.7; signed where we have a key; sent by idp.logout.binding, which must not be off.
Result<OutgoingMessage> build_logout_request(const ServiceProviderSettings& sp,
                                             const IdentityProvider& idp,
                                             const LogoutRequestParams& params);
Result<OutgoingMessage> build_logout_response(const ServiceProviderSettings& sp,
                                              const IdentityProvider& idp,
                                              const LogoutResponseParams& params);

/// A Response that is to be fetched (saml-bindings 3.6.4, type 4).
struct Artifact {
  std::string text;       ///< as it came, base64
  std::string source_id;  ///< 20 bytes: SHA-1 of its issuer's entity ID
  int endpoint_index = 0;
};
Result<Artifact> parse_artifact(std::string_view text);
bool is_issued_by(const Artifact& artifact, const IdentityProvider& idp);

/// The SOAP call that fetches it (saml-core 3.5.1, saml-bindings 3.6.5.2), signed where we have a
/// key. Fails where the IdP has no service of that index.
Result<BackChannelCall> build_artifact_resolve(const ServiceProviderSettings& sp,
                                               const IdentityProvider& idp,
                                               const Artifact& artifact, const std::string& id,
                                               Time now);

/// The Response that its answer carries, as ResponseVerifier takes it, with every namespace that it
/// stood in. Nothing of it is verified yet: TLS says who answered, and a signature of the
/// ArtifactResponse is not looked at (SimpleSAMLphp 1.19 makes it over other bytes than it sends).
/// `request_id`: of the ArtifactResolve.
Result<std::string> open_artifact_response(std::string_view soap, std::string_view request_id,
                                           const IdentityProvider& idp);

/// A logout message of an IdP as it arrived, by Redirect or POST.
struct EncodedLogout {
  bool is_post = false;
  std::string query;        ///< redirect: the raw query, escapes as received
  bool is_request = false;  ///< post: which field it was in
  std::string encoded;      ///< post: that field
  std::string relay_state;  ///< post
};

/// What a verified logout message says.
struct LogoutFacts {
  bool is_request = false;
  std::string idp, id, issuer, relay_state;
  Time keep_until{};  ///< until when its ID must be remembered
  // Requests:
  std::string name_id;
  std::vector<std::string> session_indexes;  ///< none: all of that NameID's sessions
  // Responses:
  std::string in_response_to;
  bool is_success = false;
};

/// Only the verifier can make one.
class VerifiedLogout {
 public:
  [[nodiscard]] const LogoutFacts& facts() const { return facts_; }

 private:
  friend class LogoutVerifier;
  explicit VerifiedLogout(LogoutFacts facts) : facts_(std::move(facts)) {}
  LogoutFacts facts_;
};

/// Our own decryption keys, read once for all companies.
class OwnKeys {
 public:
  /// `sp` must outlive this and what is made of it.
  explicit OwnKeys(const ServiceProviderSettings& sp);

  struct State;
  [[nodiscard]] const State& state() const { return *state_; }

 private:
  std::shared_ptr<const State> state_;
};

struct Trust;

/// Verifies logout messages of one IdP; as ResponseVerifier, const and safe from many threads.
class LogoutVerifier {
 public:
  /// For this one use; `idp` must outlive it. Where a company's Responses are verified as well:
  /// CompanyVerifier.
  LogoutVerifier(const ServiceProviderSettings& sp, const IdentityProvider& idp);
  explicit LogoutVerifier(std::shared_ptr<const Trust> trust);
  ~LogoutVerifier();
  LogoutVerifier(const LogoutVerifier&) = delete;
  LogoutVerifier& operator=(const LogoutVerifier&) = delete;

  [[nodiscard]] Result<VerifiedLogout> verify(const EncodedLogout& incoming, Time now,
                                              std::chrono::seconds clock_skew) const;

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// Whom an unverified logout message says to be from, for choosing the IdP only.
Result<std::string> peek_logout_issuer(const EncodedLogout& incoming);

/// What an unverified Response says of itself, for choosing the login state and the IdP only.
struct ResponsePeek {
  std::string in_response_to;  ///< Response/@InResponseTo; empty: none
  std::string issuer;          ///< Response/Issuer, or the assertion's where the Response has none
};

/// Everything the verdict depends on besides the message.
struct VerifyParams {
  std::string sp_entity_id;
  std::string acs_url;
  std::string
      in_response_to;  ///< the login state's request ID; empty: unsolicited (none may be present)
  Time now;
  std::chrono::seconds clock_skew{120};
  /// ForceAuthn was asked at this time: an AuthnInstant before it is refused.
  std::optional<Time> authenticated_since = std::nullopt;
  /// One of these was asked for: any other class reference is refused. None: whatever it is.
  std::vector<std::string> authn_contexts = {};
};

struct Check {
  std::string name;  ///< the rule's stable code
  bool passed = false;
  std::string detail;
};

/// The facts of one verified assertion. Only the verifier can make one: having it is the proof.
class VerifiedAssertion {
 public:
  using Attributes = std::map<std::string, std::vector<std::string>, std::less<>>;

  [[nodiscard]] const std::string& idp() const { return idp_; }  ///< configured name of the IdP
  [[nodiscard]] const std::string& issuer() const { return issuer_; }
  [[nodiscard]] const std::string& response_id() const { return response_id_; }
  [[nodiscard]] const std::string& assertion_id() const { return assertion_id_; }
  [[nodiscard]] const std::string& name_id() const { return name_id_; }
  [[nodiscard]] const std::string& name_id_format() const { return name_id_format_; }
  [[nodiscard]] const std::string& session_index() const { return session_index_; }
  [[nodiscard]] const std::string& email() const {
    return email_;
  }  ///< lower case, domain registered to the IdP
  [[nodiscard]] const std::string& display_name() const { return display_name_; }
  [[nodiscard]] const std::string& subject() const {
    return subject_;
  }  ///< stable identifier at the IdP
  [[nodiscard]] const Attributes& attributes() const { return attributes_; }
  /// AuthnInstant, the earliest where there are several; may be days old.
  [[nodiscard]] Time authn_instant() const { return authn_instant_; }
  /// AuthnContextClassRef; empty: none, or several that differ.
  [[nodiscard]] const std::string& authn_context() const { return authn_context_; }
  [[nodiscard]] Time issue_instant() const { return issue_instant_; }
  /// Until when its IDs must be remembered.
  [[nodiscard]] Time replay_until() const { return replay_until_; }
  [[nodiscard]] std::optional<Time> session_not_on_or_after() const {
    return session_not_on_or_after_;
  }

 private:
  friend class AssertionReader;
  VerifiedAssertion() = default;
  std::string idp_, issuer_, response_id_, assertion_id_, name_id_, name_id_format_, session_index_,
      email_, display_name_, subject_, authn_context_;
  Time issue_instant_{};
  Time authn_instant_{};
  Attributes attributes_;
  Time replay_until_{};
  std::optional<Time> session_not_on_or_after_;
};

struct Verdict {
  /// The assertion, or the first rule that failed.
  Result<VerifiedAssertion> assertion;
  std::vector<Check> checks;  ///< in order, the failed one last
  /// Set when the IdP answered with a Status other than Success: untrusted text to show as such.
  std::string status_code;
  std::string status_message;
  /// Set when the email's domain is why it failed: that domain.
  std::string unregistered_domain;
};

/// What a message says of itself, and nothing of whom it is about: no NameID, no attribute values,
/// no signature values. Unverified: to be read by people, never to decide by.
struct Fact {
  std::string name;   ///< "Response/@Destination", "Assertion/Conditions/@NotBefore" …
  std::string value;  ///< printable, at most 200 characters; of attributes the names
};

/// Of a Response as the form value of SAMLResponse, in document order, at most 40. Empty if it
/// holds no XML.
std::vector<Fact> outline(std::string_view encoded);

struct GuardedResponse;

/// A Response that has passed the cheap guard (verification.md, 2 to 5) and waits for its verdict.
class ParsedResponse {
 public:
  /// `encoded` is the form value of SAMLResponse (base64, line breaks allowed). Fails with the same
  /// codes as ResponseVerifier::verify().
  static Result<ParsedResponse> parse(std::string_view encoded);
  ParsedResponse(ParsedResponse&&) noexcept;
  ParsedResponse& operator=(ParsedResponse&&) noexcept;
  ~ParsedResponse();

  [[nodiscard]] const ResponsePeek& peek() const { return peek_; }

 private:
  friend class ResponseVerifier;
  explicit ParsedResponse(GuardedResponse guarded);
  std::unique_ptr<GuardedResponse> guarded_;
  ResponsePeek peek_;
};

/// Verifies Responses of one IdP. Construction loads keys; verify() is const and safe from many
/// threads at once.
class ResponseVerifier {
 public:
  /// For this one use; `idp` must outlive it. Throws std::runtime_error with an operator's message
  /// if Lasso or xmlsec refuses the keys.
  ResponseVerifier(const ServiceProviderSettings& sp, const IdentityProvider& idp);
  explicit ResponseVerifier(std::shared_ptr<const Trust> trust);
  ~ResponseVerifier();
  ResponseVerifier(const ResponseVerifier&) = delete;
  ResponseVerifier& operator=(const ResponseVerifier&) = delete;

  /// Runs verification.md's steps 2 to 10 and 12; the first failure ends it.
  [[nodiscard]] Verdict verify(Result<ParsedResponse> response, const VerifyParams& params) const;
  /// The same from the form value.
  [[nodiscard]] Verdict verify(std::string_view encoded, const VerifyParams& params) const {
    return verify(ParsedResponse::parse(encoded), params);
  }

 private:
  class Implementation;
  std::unique_ptr<Implementation> implementation_;
};

/// Verifies whatever one company sends; its keys are read once. Made when its first message comes,
/// on any thread: some milliseconds of work, some 20 kB.
class CompanyVerifier {
 public:
  /// Throws as ResponseVerifier.
  CompanyVerifier(const OwnKeys& ours, std::shared_ptr<const IdentityProvider> company);

  [[nodiscard]] const ResponseVerifier& responses() const { return responses_; }
  [[nodiscard]] const LogoutVerifier& logout() const { return logout_; }

 private:
  explicit CompanyVerifier(const std::shared_ptr<const Trust>& trust);

  ResponseVerifier responses_;
  LogoutVerifier logout_;
};

using anteroom::canonical_email;
using anteroom::email_domain;

}  // namespace anteroom::saml
