// Links by which a company's administrator hands in a connection (anteroom/company_links.h).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "anteroom/ports.h"
#include "anteroom/settings.h"
#include "crypto/seal.h"
#include "session/mint.h"

namespace anteroom::session {

/// "https://login.example.com/auth/set-up#TOKEN". What is behind '#' stays in the browser: it is in
/// no request, so that no log and no Referer has it.
[[nodiscard]] std::string set_up_address(const ServiceProviderSettings& sp, std::string_view token);

/// A new one: what it ends in, what the database knows it by, and the token for the outbox.
struct MadeLink {
  std::string token;
  TokenHash hash{};
  std::string sealed;
};
/// nullopt if randomness or the library fails.
[[nodiscard]] std::optional<MadeLink> make_link(Mint& links, const crypto::Sealer& sealer,
                                                Random& random, Time now);

/// The token of a link that was sealed, whose letter alone opens it. `written_at`: of the letter.
[[nodiscard]] std::optional<std::string> open_in_letter(const crypto::Sealer& sealer,
                                                        std::string_view sealed, Time written_at);

}  // namespace anteroom::session
