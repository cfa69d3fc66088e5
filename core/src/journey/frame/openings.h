// Companies whose messages are going to be verified for the first time.
#pragma once

#include <functional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "companies/verifier_cache.h"

namespace anteroom::journey {

/// Which of them are being opened, and who waits for it: one question to the database for each,
/// however many come. Of an event loop.
class Openings {
 public:
  using Verifier = Result<companies::VerifierCache::Verifier>;
  using Waiter = std::function<void(Verifier)>;

  /// Whoever begins tells those who come meanwhile how it has ended, at the latest when it is
  /// destroyed.
  class Opening {
   public:
    Opening(Openings& all, const IdentityProvider* company) : all_(all), company_(company) {
      all_.waiting_.try_emplace(company);
    }
    Opening(const Opening&) = delete;
    Opening& operator=(const Opening&) = delete;
    ~Opening() { end(Failure{code::kInternal, "opening the company was broken off"}); }

    void end(const Verifier& verifier) {
      const auto waiters = all_.waiting_.extract(std::exchange(company_, nullptr));
      if (waiters.empty()) return;
      for (const Waiter& tell : waiters.mapped()) tell(verifier);
    }

   private:
    Openings& all_;
    const IdentityProvider* company_;
  };

  [[nodiscard]] bool is_under_way(const IdentityProvider* company) const {
    return waiting_.count(company) == 1;
  }
  void wait(const IdentityProvider* company, Waiter waiter) {
    waiting_.at(company).push_back(std::move(waiter));
  }

 private:
  std::unordered_map<const IdentityProvider*, std::vector<Waiter>> waiting_;
};

}  // namespace anteroom::journey
