// The Response verifier against an attacker who holds genuine Responses and no key. The input is
// the XML of a Response.
// Oracle: what is accepted are the facts of one genuine Response, all of them; the guard's verdict
// is the same alone and within; no message makes a library open anything.

#include <libxml/parser.h>
#include <xmlsec/xmlsec.h>
//
#include <xmlsec/io.h>

#include "fuzz/genuine.h"
#include "fuzz/target.h"
#include "fuzz/xml_hooks.h"

using namespace anteroom;
using namespace anteroom::fuzz;

namespace {

xmlParserInput* forbid_entity(const char*, const char*, xmlParserCtxt*) {
  require(false, "libxml2 wanted to open an entity");
  return nullptr;
}

int forbid_uri(const char*) {
  require(false, "xmlsec wanted to open a URI");
  return 0;
}

const World& guarded_world() {
  static const World& kWorld = [&]() -> const World& {
    const World& made = world();
    xmlSetExternalEntityLoader(forbid_entity);
    require(xmlSecIORegisterCallbacks(forbid_uri, nullptr, nullptr, nullptr) == 0, "set-up");
    return made;
  }();
  return kWorld;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const World& w = guarded_world();
  const std::string encoded = forge::to_base64(std::string(view(data, size)));
  const saml::Verdict verdict = w.verifier->verify(encoded, w.params);
  const auto peek = saml::ParsedResponse::parse(encoded);
  require(!verdict.checks.empty(), "no check at all");
  const saml::Check& first = verdict.checks.front();
  require(peek.ok() == first.passed, "the guard says one thing alone and another within");
  if (!peek) require(peek.failure().code.name == first.name, "the guard gives two reasons");
  const saml::Check& last = verdict.checks.back();
  require(verdict.assertion.ok() == last.passed, "the last check is not the verdict");
  if (verdict.assertion) {
    require_genuine(*verdict.assertion);
  } else {
    require(last.name == verdict.assertion.failure().code.name, "another reason in the checks");
  }
  return 0;
}
