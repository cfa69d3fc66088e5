#include <algorithm>

#include "anteroom/saml.h"
#include "crypto/encoding.h"
#include "saml/assertion_reader.h"
#include "saml/codes.h"
#include "saml/guard.h"
#include "saml/lasso_opinion.h"
#include "saml/signature.h"
#include "saml/signature_shape.h"
#include "saml/trust.h"
#include "text/instant.h"
#include "text/unicode.h"

namespace anteroom::saml {

namespace {

// Response/Issuer is optional (saml-core 3.2.2); where it is there, it must be right.
std::optional<std::string> issuer_of(const xmlNode* node) {
  const xmlNode* issuer = only_child(node, kAssertion, "Issuer");
  return issuer == nullptr ? std::nullopt : plain_text(issuer);
}

struct StatusText {
  std::string code;
  std::string message;
};

StatusText status_of(const xmlNode* response) {
  const xmlNode* status = only_child(response, kProtocol, "Status");
  const xmlNode* top = status == nullptr ? nullptr : only_child(status, kProtocol, "StatusCode");
  if (top == nullptr) return {"none", ""};
  const xmlNode* nested = only_child(top, kProtocol, "StatusCode");
  const xmlNode* message = only_child(status, kProtocol, "StatusMessage");
  StatusText text{attribute(top, "Value").value_or(""), ""};
  if (nested != nullptr) text.code += " > " + attribute(nested, "Value").value_or("");
  if (message != nullptr) text.message = plain_text(message).value_or("");
  return text;
}

// One verification under way.
class Run {
 public:
  Run(const Trust& trust, const LassoOpinion& lasso, const VerifyParams& params, Verdict& verdict)
      : idp_(*trust.idp),
        keys_(trust.keys),
        lasso_(lasso),
        decryptor_(trust.decryptor),
        params_(params),
        verdict_(verdict) {}

  Result<VerifiedAssertion> verify(GuardedResponse guarded) {
    guarded_ = std::move(guarded);
    note(code::kShape);
    for (const auto rule :
         {&Run::check_issuers, &Run::check_status, &Run::check_algorithms, &Run::check_signatures,
          &Run::open_assertion, &Run::ask_lasso, &Run::check_addressing}) {
      if (const Status status = (this->*rule)(); !status) return fail(status.failure());
    }
    return read_signed();
  }

  Failure fail(Failure failure) {
    verdict_.checks.push_back({std::string(failure.code.name), false, failure.detail});
    return failure;
  }

 private:
  void note(Code code, std::string detail = "") {
    verdict_.checks.push_back({std::string(code.name), true, std::move(detail)});
  }

  Status check_issuers() {
    const bool is_named = only_child(guarded_.response, kAssertion, "Issuer") != nullptr;
    if (is_named && issuer_of(guarded_.response) != idp_.metadata.entity_id) {
      return Failure{code::kIssuer, "the Response's issuer is not " + idp_.metadata.entity_id};
    }
    if (guarded_.assertion != nullptr && issuer_of(guarded_.assertion) != idp_.metadata.entity_id) {
      return Failure{code::kIssuer, "the assertion's issuer is not " + idp_.metadata.entity_id};
    }
    note(code::kIssuer);
    return Done{};
  }

  // saml-bindings 3.5.5.2 asks for a Destination where the message is signed. Where it is not,
  // whoever could take one away could write one, too: the confirmation's Recipient counts.
  Status check_destination() {
    const bool is_signed = guarded_.response_signature.node != nullptr || !signed_response_.empty();
    if (attribute(guarded_.response, "Destination").value_or(is_signed ? "" : params_.acs_url) !=
        params_.acs_url) {
      return Failure{code::kDestination, "not " + params_.acs_url};
    }
    note(code::kDestination);
    return Done{};
  }

  // saml-profiles 4.1.4.3. Asked of the Response even where only its assertion is signed: whoever
  // can change it may only make it fail.
  Status check_addressing() {
    if (Status fine = check_destination(); !fine) return fine;
    const auto answered = attribute(guarded_.response, "InResponseTo");
    if (answered.value_or("") != params_.in_response_to ||
        (params_.in_response_to.empty() && answered)) {
      return Failure{code::kInResponseTo, "the Response answers another request"};
    }
    note(code::kInResponseTo);
    const auto issued = attribute(guarded_.response, "IssueInstant");
    const auto time = issued ? text::parse_instant(*issued) : std::nullopt;
    if (!time || *time > params_.now + params_.clock_skew) {
      return Failure{code::kIssueInstant, "missing, malformed or in the future"};
    }
    return Done{};
  }

  Status check_status() {
    if (guarded_.is_success()) {
      note(code::kStatus);
      return Done{};
    }
    // Only a text to show comes of it, so no signature is asked for: Entra sends none here.
    if (Status fine = check_addressing(); !fine) return fine;
    const StatusText text = status_of(guarded_.response);
    verdict_.status_code = text.code;
    verdict_.status_message = text.message;
    return Failure{code::kStatus, text::printable(text.code + " " + text.message, 400)};
  }

  Status check_algorithms() {
    bool is_signed = !signed_response_.empty() || guarded_.encrypted_assertion;
    for (const SignatureParts* parts :
         {&guarded_.response_signature, &guarded_.assertion_signature}) {
      if (parts->node == nullptr) continue;
      is_signed = true;
      if (!is_allowed_signature_method(parts->signature_method, idp_.allow_sha1) ||
          !is_allowed_digest_method(parts->digest_method, idp_.allow_sha1)) {
        return Failure{code::kAlgorithm, text::printable(parts->signature_method, 100) + " with " +
                                             text::printable(parts->digest_method, 100)};
      }
    }
    if (!is_signed) return Failure{code::kUnsigned, "neither the Response nor the assertion"};
    note(code::kAlgorithm);
    return Done{};
  }

  // Every signature that is there must be good.
  Status check_signatures() {
    for (const SignatureParts* parts :
         {&guarded_.response_signature, &guarded_.assertion_signature}) {
      if (parts->node == nullptr) continue;
      auto checked = check_signature(*parts, keys_);
      if (!checked) return checked.failure();
      if (params_.now >= checked->key->not_after) {
        if (idp_.expired_certificate == ExpiredCertificate::reject) {
          return Failure{code::kCertificate, checked->key->fingerprint};
        }
        note(code::kCertificate, "expired, tolerated by configuration");
      }
      (parts == &guarded_.response_signature ? signed_response_ : signed_assertion_) =
          std::move(checked->canonical);
    }
    note(code::kSignature);
    return Done{};
  }

  // The signature over the Response covers the encrypted form and was checked; from here on there
  // is only what those bytes, or else the message, hold when decrypted, and it passes the guard
  // again.
  Status open_assertion() {
    if (!guarded_.encrypted_assertion) return Done{};
    was_response_signed_ = !signed_response_.empty();
    if (was_response_signed_) {
      auto verified = guard_document(signed_response_, kMaxResponseBytes * 2);
      if (!verified) return verified.failure();
      guarded_ = std::move(*verified);
      if (!guarded_.encrypted_assertion) return Failure{code::kShape, "the signed bytes differ"};
    }
    const EncryptedElement element = std::move(*guarded_.encrypted_assertion);
    const auto around = cut_out(element.node);
    if (!around) return Failure{code::kDecryption, "out of memory"};
    std::string opened;
    Status status = decryptor_.decrypt(element, [&](const std::string& plain) {
      opened = around->before + plain + around->behind;
      const auto document = parse_xml(opened, kMaxResponseBytes * 2);
      return document &&
             only_child(xmlDocGetRootElement(document->get()), kAssertion, "Assertion") != nullptr;
    });
    if (!status) return status;
    auto guarded = guard_document(opened, kMaxResponseBytes * 2);
    if (!guarded) return guarded.failure();
    guarded_ = std::move(*guarded);
    guarded_.base64 = crypto::base64(opened);
    if (guarded_.assertion == nullptr) return Failure{code::kDecryption, "encrypted twice"};
    if (was_response_signed_) signed_response_ = std::move(opened);
    is_opened_ = true;
    note(code::kDecryption);
    for (const auto rule : {&Run::check_issuers, &Run::check_algorithms, &Run::check_signatures}) {
      if (Status again = (this->*rule)(); !again) return again;
    }
    return Done{};
  }

  // Lasso knows neither ECDSA nor canonicalization with comments (saml-core 5.4.4).
  static bool is_beyond_lasso(const SignatureParts& parts) {
    return is_ecdsa(parts.signature_method) || parts.transform == kExclusiveWithComments;
  }

  // Where Lasso cannot judge what is legal, our own check stands alone.
  Status ask_lasso() {
    const bool is_beyond = is_beyond_lasso(guarded_.response_signature) ||
                           is_beyond_lasso(guarded_.assertion_signature) || guarded_.encrypted_id ||
                           (is_opened_ && was_response_signed_);
    const LassoAnswer answer = is_beyond ? LassoAnswer{} : lasso_.ask(guarded_);
    if (answer.opinion == Opinion::bad) {
      return Failure{code::kSecondOpinion, "Lasso answers " + std::to_string(answer.code)};
    }
    const std::string said =
        answer.code == 0 ? "" : ", which answers " + std::to_string(answer.code);
    note(code::kSecondOpinion, answer.opinion == Opinion::good ? "" : "none: beyond Lasso" + said);
    return Done{};
  }

  // Everything that is used afterwards comes from the bytes that were signed.
  Result<VerifiedAssertion> read_signed() {
    const bool is_own = !signed_assertion_.empty();
    auto document = parse_xml(is_own ? signed_assertion_ : signed_response_, kMaxResponseBytes * 2);
    if (!document) return fail(document.failure());
    const xmlNode* root = xmlDocGetRootElement(document->get());
    const xmlNode* assertion = is_own ? root : only_child(root, kAssertion, "Assertion");
    if (assertion == nullptr || !is_element(assertion, kAssertion, "Assertion") ||
        attribute(assertion, "Version") != "2.0" ||
        attribute(assertion, "ID") != attribute(guarded_.assertion, "ID")) {
      return fail({code::kShape, "the signed bytes hold another assertion"});
    }
    AssertionReader reader(idp_, params_, decryptor_, verdict_);
    return reader.read(assertion, attribute(guarded_.response, "ID").value_or(""));
  }

  const IdentityProvider& idp_;
  const std::vector<SigningKey>& keys_;
  const LassoOpinion& lasso_;
  const Decryptor& decryptor_;
  const VerifyParams& params_;
  Verdict& verdict_;
  GuardedResponse guarded_;
  std::string signed_response_;
  std::string signed_assertion_;
  bool was_response_signed_ = false;
  bool is_opened_ = false;
};

}  // namespace

class ResponseVerifier::Implementation {
 public:
  explicit Implementation(std::shared_ptr<const Trust> company)
      : trust(std::move(company)), lasso(trust->sp, *trust->idp, trust->keys) {}

  std::shared_ptr<const Trust> trust;
  LassoOpinion lasso;
};

ResponseVerifier::ResponseVerifier(const ServiceProviderSettings& sp, const IdentityProvider& idp)
    : ResponseVerifier(trust_of(sp, idp)) {}

ResponseVerifier::ResponseVerifier(std::shared_ptr<const Trust> trust)
    : implementation_(std::make_unique<Implementation>(std::move(trust))) {}

ResponseVerifier::~ResponseVerifier() = default;

Verdict ResponseVerifier::verify(Result<ParsedResponse> response,
                                 const VerifyParams& params) const {
  Verdict verdict{Failure{code::kShape, "not looked at"}, {}, "", "", ""};
  Run run(*implementation_->trust, implementation_->lasso, params, verdict);
  verdict.assertion = response ? run.verify(std::move(*response->guarded_))
                               : Result<VerifiedAssertion>(run.fail(response.failure()));
  return verdict;
}

ParsedResponse::ParsedResponse(GuardedResponse guarded)
    : guarded_(std::make_unique<GuardedResponse>(std::move(guarded))) {
  auto issuer = issuer_of(guarded_->response);
  if (!issuer && guarded_->assertion != nullptr) issuer = issuer_of(guarded_->assertion);
  peek_ = {attribute(guarded_->response, "InResponseTo").value_or(""), issuer.value_or("")};
}

ParsedResponse::ParsedResponse(ParsedResponse&&) noexcept = default;
ParsedResponse& ParsedResponse::operator=(ParsedResponse&&) noexcept = default;
ParsedResponse::~ParsedResponse() = default;

Result<ParsedResponse> ParsedResponse::parse(std::string_view encoded) {
  auto guarded = guard_response(encoded);
  if (!guarded) return guarded.failure();
  return ParsedResponse(std::move(*guarded));
}

}  // namespace anteroom::saml
