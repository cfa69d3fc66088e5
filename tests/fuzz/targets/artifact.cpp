// What an IdP's back channel answers, from a server that TLS vouches for and nothing else. The
// input is a SOAP envelope. Oracle: what comes out is one Response on its own; what of it is
// accepted is genuine.

#include "crypto/encoding.h"
#include "fuzz/genuine.h"
#include "fuzz/target.h"
#include "fuzz/xml_hooks.h"
#include "saml/xml.h"

using namespace anteroom;
using namespace anteroom::fuzz;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const World& w = world();
  const auto message = saml::open_artifact_response(view(data, size), kResolveId, w.idp);
  if (!message) {
    require(!message.failure().code.name.empty(), "no word on what is wrong");
    return 0;
  }
  const auto xml = crypto::from_base64(*message);
  require(xml.has_value(), "no base64");
  const auto document = saml::parse_xml(*xml, 4u << 20);
  // Namespaces of the envelope are written out again: only that can make it too much.
  if (!document) return 0;
  require(saml::is_element(xmlDocGetRootElement(document->get()), saml::kProtocol, "Response"),
          "not a Response");
  const saml::Verdict verdict = w.verifier->verify(*message, w.params);
  if (verdict.assertion) require_genuine(*verdict.assertion);
  return 0;
}
