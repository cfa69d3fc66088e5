// The HTTP-Artifact binding (saml-bindings 3.6), our side: what an artifact says, and the question.
#include "anteroom/saml.h"
#include "crypto/digest.h"
#include "crypto/encoding.h"
#include "saml/codes.h"
#include "saml/sign_xml.h"
#include "saml/xml.h"
#include "text/instant.h"

namespace anteroom::saml {

namespace {

// saml-bindings 3.6.4.2: type code, endpoint index, SourceID, MessageHandle.
constexpr std::size_t kTypeBytes = 2;
constexpr std::size_t kIndexBytes = 2;
constexpr std::size_t kSourceIdBytes = 20;
constexpr std::size_t kHandleBytes = 20;
constexpr std::size_t kArtifactBytes = kTypeBytes + kIndexBytes + kSourceIdBytes + kHandleBytes;
constexpr std::string_view kType4{"\x00\x04", kTypeBytes};

// What goes into an envelope has no XML declaration of its own.
std::string without_declaration(const std::string& xml) {
  const auto end = xml.find("?>");
  return xml.starts_with("<?xml") && end != std::string::npos ? xml.substr(end + 2) : xml;
}

}  // namespace

Result<Artifact> parse_artifact(std::string_view text) {
  const auto bytes = crypto::from_base64(text);
  if (!bytes || bytes->size() != kArtifactBytes || !bytes->starts_with(kType4)) {
    return Failure{code::kArtifact, "no artifact of type 4"};
  }
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>((*bytes)[at]); };
  return Artifact{std::string(text), bytes->substr(kTypeBytes + kIndexBytes, kSourceIdBytes),
                  byte(kTypeBytes) * 256 + byte(kTypeBytes + 1)};
}

bool is_issued_by(const Artifact& artifact, const IdentityProvider& idp) {
  const auto source_id = crypto::digest(crypto::Hash::sha1, idp.metadata.entity_id);
  return source_id && *source_id == artifact.source_id;
}

Result<BackChannelCall> build_artifact_resolve(const ServiceProviderSettings& sp,
                                               const IdentityProvider& idp,
                                               const Artifact& artifact, const std::string& id,
                                               Time now) {
  const auto& urls = idp.metadata.artifact_urls;
  const auto url = urls.find(artifact.endpoint_index);
  if (url == urls.end()) {
    return Failure{code::kArtifact, "the metadata has no ArtifactResolutionService with index " +
                                        std::to_string(artifact.endpoint_index)};
  }
  std::string message = "<samlp:ArtifactResolve xmlns:samlp=\"" + std::string(kProtocol) +
                        "\" xmlns:saml=\"" + kAssertion + "\" ID=\"" + escape_xml(id) +
                        "\" Version=\"2.0\" IssueInstant=\"" + text::format_instant(now) +
                        "\" Destination=\"" + escape_xml(url->second) + "\"><saml:Issuer>" +
                        escape_xml(sp.entity_id) + "</saml:Issuer><samlp:Artifact>" +
                        artifact.text + "</samlp:Artifact></samlp:ArtifactResolve>";
  if (sp.signing) {
    const auto signed_message = sign_xml(message, id, *sp.signing);
    if (!signed_message) return Failure{code::kCannotBuild, "signing failed"};
    message = without_declaration(*signed_message);
  }
  return BackChannelCall{url->second,
                         "<soap:Envelope xmlns:soap=\"" + std::string(kSoapEnvelope) +
                             "\"><soap:Body>" + message + "</soap:Body></soap:Envelope>",
                         idp.back_channel_ca_pem};
}

}  // namespace anteroom::saml
