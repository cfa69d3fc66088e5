#include "session/set_up_link.h"

#include "crypto/digest.h"

namespace anteroom::session {

namespace {

constexpr std::string_view kPurpose = "anteroom link in a letter";
// The letter's own time is what it is opened by: clocks of two machines may differ by so much.
constexpr auto kClocks = std::chrono::hours(1);

}  // namespace

std::string set_up_address(const ServiceProviderSettings& sp, std::string_view token) {
  std::string address = sp.origin.text + sp.pages_prefix + "/set-up#";
  address += token;
  return address;
}

std::optional<MadeLink> make_link(Mint& links, const crypto::Sealer& sealer, Random& random,
                                  Time now) {
  auto token = links.make(random);
  if (!token) return std::nullopt;
  const auto hash = crypto::sha256(*token);
  auto sealed = sealer.seal(random, kPurpose, *token, now + kClocks);
  if (!hash || !sealed) return std::nullopt;
  return MadeLink{std::move(*token), *hash, std::move(*sealed)};
}

std::optional<std::string> open_in_letter(const crypto::Sealer& sealer, std::string_view sealed,
                                          Time written_at) {
  return sealer.open(kPurpose, sealed, written_at);
}

}  // namespace anteroom::session
