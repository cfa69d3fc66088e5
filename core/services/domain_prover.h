// Domains of companies are looked up in the DNS, and what came of it is written down.
#pragma once

#include <optional>
#include <string>

#include "anteroom/domain_proofs.h"

namespace anteroom::services {

/// What came of one look.
struct Look {
  std::string company, domain;
  std::string outcome;  ///< of look_outcome
  std::string found;    ///< as in store::DomainProof
  std::string detail;   ///< likewise; empty: it is proven
};

/// Those that are due, a few at once. How many there were.
Result<std::size_t> prove_domains_due(Database& database, const Settings& settings);

/// This one, due or not; nothing where nobody asked for a proof of it, or somebody looks already.
Result<std::optional<Look>> prove_domain(Database& database, const Settings& settings,
                                         const std::string& company, const std::string& domain);

/// Until the next look. Whoever has just made the record waits for it; nothing: nobody does any
/// more. `outcome`: of this one. `spread`: 0 to 1, moves it by up to a tenth.
std::optional<std::chrono::seconds> pause_before_look(const store::DueLook& due,
                                                      std::string_view outcome, double spread);

}  // namespace anteroom::services
