// A message in a query string, as bytes from anywhere.
// Oracle: what is read stands in the query (its octets, its escapes) and is within its limits; what
// verifies is the one message that the IdP signed.

#include "fuzz/genuine.h"
#include "fuzz/target.h"
#include "saml/redirect_message.h"

using namespace anteroom;
using namespace anteroom::fuzz;

namespace {

void check_message(const saml::RedirectMessage& message, std::string_view query) {
  require(message.xml.size() <= 64u << 10, "inflated beyond the limit");
  require(message.signature_algorithm.empty() == message.signature.empty(), "half a signature");
  if (message.signature.empty()) return;
  std::string_view left = message.signed_octets;
  require(!left.empty(), "a signature of nothing");
  // Each signed parameter is a piece of the query, byte for byte.
  while (!left.empty()) {
    const auto end = left.find('&');
    require(query.find(left.substr(0, end)) != std::string_view::npos, "octets nobody sent");
    left = end == std::string_view::npos ? std::string_view{} : left.substr(end + 1);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const World& w = world();
  const auto query = view(data, size);
  const auto message = saml::read_redirect(query);
  if (message) check_message(*message, query);

  saml::EncodedLogout incoming;
  incoming.query = query;
  const auto verified = w.logout_verifier->verify(incoming, w.params.now, w.params.clock_skew);
  if (!verified) return 0;
  require(message.ok(), "verified what cannot be read");
  require(verified->facts().id == kLogoutId && verified->facts().name_id == "ann@corp.test",
          "a message nobody signed was accepted");
  return 0;
}
