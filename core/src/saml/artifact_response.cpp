// The IdP's answer to an ArtifactResolve (saml-core 3.5.2, saml-bindings 3.2 and 3.6).
#include <memory>

#include "anteroom/saml.h"
#include "crypto/encoding.h"
#include "saml/codes.h"
#include "saml/guard.h"
#include "saml/xml.h"

namespace anteroom::saml {

namespace {

constexpr std::size_t kMaxSoapBytes = kMaxResponseBytes + (64u << 10);

Failure unusable(std::string detail) {
  return {code::kArtifactResponse, std::move(detail)};
}

// Envelope, Body, ArtifactResponse: one within the other, and nothing beside them but a Header.
Result<xmlNode*> find_artifact_response(xmlNode* envelope) {
  if (!is_element(envelope, kSoapEnvelope, "Envelope")) return unusable("no SOAP 1.1 envelope");
  xmlNode* body = only_child(envelope, kSoapEnvelope, "Body");
  for (const xmlNode* part : children(envelope)) {
    if (part != body && !is_element(part, kSoapEnvelope, "Header")) {
      return unusable("something beside the SOAP body");
    }
  }
  if (body == nullptr || children(body).size() != 1) return unusable("not one message in it");
  xmlNode* message = children(body).front();
  if (is_element(message, kSoapEnvelope, "Fault")) return unusable("a SOAP fault");
  if (!is_element(message, kProtocol, "ArtifactResponse")) return unusable("no ArtifactResponse");
  return message;
}

Status check_envelope(const xmlNode* answer, std::string_view request_id,
                      const std::string& entity_id) {
  if (attribute(answer, "Version") != "2.0") return Failure{code::kVersion, "ArtifactResponse"};
  if (!is_id(attribute(answer, "ID"))) return unusable("ArtifactResponse/@ID");
  if (attribute(answer, "InResponseTo") != request_id)
    return unusable("it answers another request");
  const auto issuers = children(answer, kAssertion, "Issuer");
  if (issuers.size() > 1 || (issuers.size() == 1 && plain_text(issuers.front()) != entity_id)) {
    return Failure{code::kIssuer, "the ArtifactResponse's issuer is not " + entity_id};
  }
  return Done{};
}

Result<xmlNode*> find_message(const xmlNode* answer) {
  if (!status_is_success(answer)) return unusable("the identity provider refuses to resolve it");
  xmlNode* found = nullptr;
  for (xmlNode* child : children(answer)) {
    if (is_element(child, kAssertion, "Issuer") || is_element(child, kDsig, "Signature") ||
        is_element(child, kProtocol, "Extensions") || is_element(child, kProtocol, "Status")) {
      continue;
    }
    if (found != nullptr || !is_element(child, kProtocol, "Response")) {
      return unusable("not one Response in it");
    }
    found = child;
  }
  // saml-core 3.5.3: an empty Success is how an unknown, used or foreign artifact is answered.
  if (found == nullptr) return Failure{code::kArtifactUnknown, "used before, expired or not ours"};
  return found;
}

// Its text with the namespaces that were declared around it: signatures may cover them.
std::optional<std::string> text_of(xmlNode* node) {
  const std::unique_ptr<xmlNs*, decltype(xmlFree)> scope(xmlGetNsList(node->doc, node), xmlFree);
  for (xmlNs** ns = scope.get(); ns != nullptr && *ns != nullptr; ++ns) {
    xmlNewNs(node, (*ns)->href, (*ns)->prefix);  // nothing where the node declares that prefix
  }
  const std::unique_ptr<xmlBuffer, decltype(&xmlBufferFree)> buffer(xmlBufferCreate(),
                                                                    &xmlBufferFree);
  if (buffer == nullptr || xmlNodeDump(buffer.get(), node->doc, node, 0, 0) < 0)
    return std::nullopt;
  return std::string(reinterpret_cast<const char*>(xmlBufferContent(buffer.get())),
                     static_cast<std::size_t>(xmlBufferLength(buffer.get())));
}

}  // namespace

Result<std::string> open_artifact_response(std::string_view soap, std::string_view request_id,
                                           const IdentityProvider& idp) {
  const auto document = parse_xml(soap, kMaxSoapBytes);
  if (!document) return document.failure();
  if (Status plain = check_plain_document(document->get()); !plain) return plain.failure();
  const auto answer = find_artifact_response(xmlDocGetRootElement(document->get()));
  if (!answer) return answer.failure();
  if (Status fine = check_envelope(*answer, request_id, idp.metadata.entity_id); !fine)
    return fine.failure();
  const auto message = find_message(*answer);
  if (!message) return message.failure();
  const auto text = text_of(*message);
  if (!text) return unusable("out of memory");
  return crypto::base64(*text);
}

}  // namespace anteroom::saml
