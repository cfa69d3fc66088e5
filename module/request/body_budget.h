// How many bytes of requests' bodies one worker holds at once, and for whom.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <string>

namespace anteroom::nginx {

class BodyBudget {
 public:
  struct Limits {
    std::size_t all = 32u << 20;
    std::size_t strangers = 16u << 20;  ///< together: the rest is for people who are signed in
    std::size_t one_address = 4u << 20;
  };
  enum class Who { stranger, signed_in };

  explicit BodyBudget(const Limits& limits) : state_(std::make_shared<State>(limits)) {}

  /// Some bytes of the budget; given back when it is destroyed, whichever of the two goes first.
  using Share = std::shared_ptr<void>;

  /// nullptr: there is no room, for this one. `address`: who shares a limit.
  Share take(std::size_t bytes, const std::string& address, Who who);

  [[nodiscard]] std::size_t held() const { return state_->all; }

 private:
  struct State {
    explicit State(const Limits& limits_) : limits(limits_) {}
    Limits limits;
    std::size_t all = 0;
    std::size_t strangers = 0;
    std::map<std::string, std::size_t> by_address;
  };

  std::shared_ptr<State> state_;
};

}  // namespace anteroom::nginx
