// Logout messages of an IdP: signed ones only, read from what was signed.
#include <algorithm>

#include "anteroom/saml.h"
#include "crypto/encoding.h"
#include "crypto/pem.h"
#include "saml/codes.h"
#include "saml/guard.h"
#include "saml/redirect_message.h"
#include "saml/signature.h"
#include "saml/signature_shape.h"
#include "saml/trust.h"
#include "text/instant.h"
#include "text/unicode.h"

namespace anteroom::saml {

namespace {

constexpr std::size_t kMaxXml = 64u << 10;
constexpr std::size_t kMaxIndexes = 16;
constexpr std::size_t kMaxText = 1024;
/// How old a message may be that says no NotOnOrAfter.
constexpr auto kLife = std::chrono::minutes(5);

// The message as it came, before anything is believed.
struct Envelope {
  bool is_request = false;
  std::string xml;
  std::string relay_state;
  std::optional<RedirectMessage> redirect;  ///< absent: posted
};

Result<Envelope> open(const EncodedLogout& incoming) {
  if (!incoming.is_post) {
    auto message = read_redirect(incoming.query);
    if (!message) return message.failure();
    Envelope envelope{message->is_request, message->xml, message->relay_state, {}};
    envelope.redirect = std::move(*message);
    return envelope;
  }
  auto bytes = decode_form_value(incoming.encoded);
  if (!bytes) return bytes.failure();
  return Envelope{incoming.is_request, std::move(*bytes), incoming.relay_state, {}};
}

Result<Document> parse(const Envelope& envelope) {
  auto document = parse_xml(envelope.xml, kMaxXml);
  if (!document) return document.failure();
  if (Status plain = check_plain_document(document->get()); !plain) return plain.failure();
  const xmlNode* root = xmlDocGetRootElement(document->get());
  const char* name = envelope.is_request ? "LogoutRequest" : "LogoutResponse";
  if (!is_element(root, kProtocol, name)) {
    return Failure{code::kShape, std::string("the root element is not ") + name};
  }
  return document;
}

std::string issuer_of(const xmlNode* root) {
  const xmlNode* issuer = only_child(root, kAssertion, "Issuer");
  return issuer == nullptr ? "" : plain_text(issuer).value_or("");
}

Result<std::vector<std::string>> session_indexes(const xmlNode* root) {
  std::vector<std::string> indexes;
  for (const xmlNode* child : children(root, kProtocol, "SessionIndex")) {
    const auto text = plain_text(child);
    if (!text || text->empty() || text->size() > kMaxText || indexes.size() == kMaxIndexes) {
      return Failure{code::kText, "SessionIndex"};
    }
    indexes.push_back(*text);
  }
  return indexes;
}

}  // namespace

class LogoutVerifier::Implementation {
 public:
  explicit Implementation(std::shared_ptr<const Trust> company)
      : trust(std::move(company)),
        sp(trust->sp),
        idp(*trust->idp),
        keys(trust->keys),
        decryptor(trust->decryptor) {}

  // The document that the signature covers.
  Result<Document> signed_document(const Envelope& envelope, Time now) const {
    auto document = parse(envelope);
    if (!document) return document.failure();
    xmlNode* root = xmlDocGetRootElement(document->get());
    if (attribute(root, "Version") != "2.0") return Failure{code::kVersion, "logout"};
    if (!is_id(attribute(root, "ID"))) return Failure{code::kShape, "ID"};
    // Before any signature work: another issuer than this provider is refused.
    if (Status fine = check_issuer(root); !fine) return fine.failure();
    std::size_t signatures = 0;
    walk(root, [&](const xmlNode* node) {
      if (is_element(node, kDsig, "Signature")) ++signatures;
      return true;
    });
    if (envelope.redirect) {
      if (signatures != 0) return Failure{code::kSignatureShape, "a Signature in a redirect"};
      if (Status fine = check_redirect(*envelope.redirect, now); !fine) return fine.failure();
      return document;
    }
    const auto own = children(root, kDsig, "Signature");
    if (signatures == 0) return Failure{code::kUnsigned, "logout"};
    if (signatures != 1 || own.size() != 1) return Failure{code::kSignatureShape, "place"};
    auto parts = read_signature(own.front(), *attribute(root, "ID"));
    if (!parts) return parts.failure();
    if (!is_allowed_signature_method(parts->signature_method, idp.allow_sha1) ||
        !is_allowed_digest_method(parts->digest_method, idp.allow_sha1)) {
      return Failure{code::kAlgorithm, text::printable(parts->signature_method, 100)};
    }
    register_id(root);
    auto checked = check_signature(*parts, keys);
    if (!checked) return checked.failure();
    if (Status fine = check_age(checked->key->not_after, now); !fine) return fine.failure();
    return parse_xml(checked->canonical, kMaxXml * 2);
  }

  Status check_issuer(const xmlNode* root) const {
    const std::string issuer = issuer_of(root);
    const auto& aliases = idp.logout.issuers;
    if (issuer == idp.metadata.entity_id ||
        (!issuer.empty() && std::find(aliases.begin(), aliases.end(), issuer) != aliases.end())) {
      return Done{};
    }
    return Failure{code::kIssuer, "not " + idp.metadata.entity_id};
  }

  Status check_age(Time not_after, Time now) const {
    if (now >= not_after && idp.expired_certificate == ExpiredCertificate::reject) {
      return Failure{code::kCertificate, "logout"};
    }
    return Done{};
  }

  // saml-bindings 3.4.4.1
  Status check_redirect(const RedirectMessage& message, Time now) const {
    if (message.signature_algorithm.empty() || message.signature.empty()) {
      return Failure{code::kUnsigned, "logout"};
    }
    if (!is_allowed_signature_method(message.signature_algorithm, idp.allow_sha1) ||
        is_ecdsa(message.signature_algorithm)) {
      return Failure{code::kAlgorithm, text::printable(message.signature_algorithm, 100)};
    }
    for (const SigningKey& key : keys) {
      if (key.alone.verifies(message.signature_algorithm, message.signed_octets,
                             message.signature)) {
        return check_age(key.not_after, now);
      }
    }
    return Failure{code::kSignature, "made by none of the registered keys"};
  }

  // What was signed says where, when and by whom.
  Result<LogoutFacts> read(const xmlNode* root, const Envelope& envelope, Time now,
                           std::chrono::seconds skew) const {
    LogoutFacts facts;
    facts.is_request = envelope.is_request;
    facts.relay_state = envelope.relay_state;
    facts.idp = idp.name;
    facts.id = attribute(root, "ID").value_or("");
    facts.issuer = issuer_of(root);
    if (Status fine = check_issuer(root); !fine) return fine.failure();
    const auto destination = attribute(root, "Destination");
    // saml-bindings 3.5.5.2: required where it is posted and signed.
    if (destination.value_or(envelope.redirect ? sp.slo_url : "") != sp.slo_url) {
      return Failure{code::kDestination, "not " + sp.slo_url};
    }
    const auto issued = text::parse_instant(attribute(root, "IssueInstant").value_or(""));
    if (!issued || *issued > now + skew) {
      return Failure{code::kIssueInstant, "missing, malformed or in the future"};
    }
    const auto end_text = attribute(root, "NotOnOrAfter");
    const auto end =
        end_text ? text::parse_instant(*end_text) : std::optional<Time>(*issued + kLife);
    if (!end || now - skew >= *end || now - skew >= *issued + kMaxLife) {
      return Failure{code::kNotOnOrAfter, "too old"};
    }
    facts.keep_until = std::min(*end, *issued + kMaxLife) + skew;
    return envelope.is_request ? read_request(root, std::move(facts))
                               : read_response(root, std::move(facts));
  }

  // saml-core 3.7.1
  Result<LogoutFacts> read_request(const xmlNode* root, LogoutFacts facts) const {
    auto indexes = session_indexes(root);
    if (!indexes) return indexes.failure();
    facts.session_indexes = std::move(*indexes);
    const auto names = children(root, kAssertion, "NameID");
    const auto encrypted = children(root, kAssertion, "EncryptedID");
    if (names.size() + encrypted.size() != 1) return Failure{code::kText, "not one NameID"};
    const auto text = names.empty() ? open_name(encrypted.front()) : name_of(names.front());
    if (!text) return text.failure();
    facts.name_id = *text;
    return facts;
  }

  static Result<std::string> name_of(const xmlNode* node) {
    const auto text = plain_text(node);
    if (!text || text->empty() || text->size() > kMaxText) return Failure{code::kText, "NameID"};
    return *text;
  }

  Result<std::string> open_name(xmlNode* holder) const {
    const auto element = read_encrypted(holder);
    if (!element) return element.failure();
    const auto around = cut_out(holder);
    if (!around) return Failure{code::kDecryption, "out of memory"};
    Document opened;
    const xmlNode* name = nullptr;
    const Status status = decryptor.decrypt(*element, [&](const std::string& plain) {
      auto document = parse_xml(around->before + plain + around->behind, kMaxXml * 2);
      if (!document) return false;
      opened = std::move(*document);
      name = only_child(xmlDocGetRootElement(opened.get()), kAssertion, "NameID");
      return name != nullptr;
    });
    if (!status) return status.failure();
    return name_of(name);
  }

  // saml-core 3.7.2
  static Result<LogoutFacts> read_response(const xmlNode* root, LogoutFacts facts) {
    facts.in_response_to = attribute(root, "InResponseTo").value_or("");
    if (facts.in_response_to.empty()) return Failure{code::kInResponseTo, "answers no request"};
    facts.is_success = status_is_success(root);
    return facts;
  }

  /// No message lives longer, whatever it says.
  static constexpr auto kMaxLife = std::chrono::hours(1);

  std::shared_ptr<const Trust> trust;
  const ServiceProviderSettings& sp;
  const IdentityProvider& idp;
  const std::vector<SigningKey>& keys;
  const Decryptor& decryptor;
};

LogoutVerifier::LogoutVerifier(const ServiceProviderSettings& sp, const IdentityProvider& idp)
    : LogoutVerifier(trust_of(sp, idp)) {}

LogoutVerifier::LogoutVerifier(std::shared_ptr<const Trust> trust)
    : implementation_(std::make_unique<Implementation>(std::move(trust))) {}

LogoutVerifier::~LogoutVerifier() = default;

Result<VerifiedLogout> LogoutVerifier::verify(const EncodedLogout& incoming, Time now,
                                              std::chrono::seconds clock_skew) const {
  auto envelope = open(incoming);
  if (!envelope) return envelope.failure();
  const auto document = implementation_->signed_document(*envelope, now);
  if (!document) return document.failure();
  auto facts =
      implementation_->read(xmlDocGetRootElement(document->get()), *envelope, now, clock_skew);
  if (!facts) return facts.failure();
  return VerifiedLogout(std::move(*facts));
}

Result<std::string> peek_logout_issuer(const EncodedLogout& incoming) {
  const auto envelope = open(incoming);
  if (!envelope) return envelope.failure();
  const auto document = parse(*envelope);
  if (!document) return document.failure();
  return issuer_of(xmlDocGetRootElement(document->get()));
}

}  // namespace anteroom::saml
