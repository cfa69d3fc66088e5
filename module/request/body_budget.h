// How many bytes of requests' bodies one worker holds at once, and for whom.
#pragma once

#include <cstddef>
#include <functional>
#include <list>
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
    std::size_t spare = 4u << 20;  ///< beyond these, until whoever is to make room has done so
  };
  enum class Who { stranger, signed_in };

  explicit BodyBudget(const Limits& limits) : state_(std::make_shared<State>(limits)) {}

  /// Some bytes of the budget; given back when it is destroyed, whichever of the two goes first.
  using Share = std::shared_ptr<void>;

  /// nullptr: there is no room, for this one. `address`: who shares a limit. Where the worker has
  /// no room, the oldest of the address that holds most is told to give up (soon: not within the
  /// call), unless this one would hold as much; empty: this one never is.
  Share take(std::size_t bytes, const std::string& address, Who who,
             std::function<void()> give_up = {});

  [[nodiscard]] std::size_t held() const { return state_->all; }

 private:
  struct Arriving {
    std::string address;
    bool is_stranger;
    std::function<void()> give_up;
  };
  struct State {
    explicit State(const Limits& limits_) : limits(limits_) {}
    Limits limits;
    std::size_t all = 0;
    std::size_t strangers = 0;
    std::map<std::string, std::size_t> by_address;
    std::list<Arriving> arriving;  ///< oldest first; of those who were told nothing is left to do

    [[nodiscard]] std::size_t held_by(const std::string& address) const;
    [[nodiscard]] bool has_room(std::size_t bytes, bool is_stranger, std::size_t spare) const;
    bool make_room(std::size_t held_by_newcomer, bool among_strangers);
  };

  std::shared_ptr<State> state_;
};

}  // namespace anteroom::nginx
