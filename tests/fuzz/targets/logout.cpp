// Logout messages as XML: as they come by POST, and signed here by the registered key for Redirect.
// Oracle: by POST only the genuine request is accepted; what a signed message is understood to say
// stands in it.

#include "fuzz/genuine.h"
#include "fuzz/target.h"
#include "fuzz/xml_hooks.h"

using namespace anteroom;
using namespace anteroom::fuzz;

namespace {

void check_said(const saml::LogoutFacts& facts, const std::string& xml) {
  const World& w = world();
  const auto has = [&](const std::string& text) { return xml.find(text) != std::string::npos; };
  require(facts.idp == "corp" && facts.issuer == w.idp.metadata.entity_id, "issuer");
  require(has(facts.is_request ? "LogoutRequest" : "LogoutResponse"), "kind");
  require(facts.keep_until > w.params.now, "forgotten at once");
  require(!facts.is_request || !facts.name_id.empty(), "a request for nobody");
  // A reference such as &amp; is another spelling.
  if (has("&")) return;
  require(has(facts.id) && has(facts.name_id) && has(facts.in_response_to), "not said");
  for (const std::string& index : facts.session_indexes) require(has(index), "session not said");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const World& w = world();
  const std::string xml(view(data, size));
  saml::EncodedLogout posted;
  posted.is_post = true;
  posted.is_request = true;
  posted.encoded = forge::to_base64(xml);
  const auto by_post = w.logout_verifier->verify(posted, w.params.now, w.params.clock_skew);
  if (by_post) {
    const saml::LogoutFacts& facts = by_post->facts();
    require(facts.id == kLogoutId && facts.name_id == "ann@corp.test" &&
                facts.session_indexes == std::vector<std::string>{"_a-ann"},
            "a message nobody signed was accepted");
  }
  forge::Redirect redirect;
  redirect.xml = xml;
  if (xml.find("Response") != std::string::npos) redirect.parameter = "SAMLResponse";
  saml::EncodedLogout incoming;
  incoming.query = forge::signed_query(redirect, rsa_authority());
  const auto by_query = w.logout_verifier->verify(incoming, w.params.now, w.params.clock_skew);
  if (by_query) check_said(by_query->facts(), xml);
  return 0;
}
