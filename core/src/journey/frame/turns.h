// Nobody takes more than a share of a worker.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "anteroom/task.h"

namespace anteroom::journey {

/// Of each party (a person in Manage, a company's directory) so many requests are worked on at
/// once; the others wait in the order in which they came. One worker's, on its own thread.
class Turns {
 public:
  /// A party's requests that wait; one more is turned away.
  static constexpr std::size_t kMostWaiting = 16;

  explicit Turns(int at_once) : at_once_(at_once) {}

  /// Whose end lets the next one of the same party go on.
  class Turn {
   public:
    Turn(Turns& turns, std::string party) : turns_(&turns), party_(std::move(party)) {}
    Turn(Turn&& other) noexcept
        : turns_(std::exchange(other.turns_, nullptr)), party_(std::move(other.party_)) {}
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (turns_ != nullptr) turns_->end(party_);
    }

   private:
    Turns* turns_;
    std::string party_;
  };

  /// nullopt: too many of that party wait.
  Task<std::optional<Turn>> take(std::string party);

 private:
  struct Party {
    int at_work = 0;
    std::deque<std::function<void(Done)>> waiting;
  };
  void end(const std::string& name);

  int at_once_;
  std::map<std::string, Party> parties_;  ///< that have a request at work
};

inline Task<std::optional<Turns::Turn>> Turns::take(std::string name) {
  Party& party = parties_[name];
  if (party.at_work < at_once_) {
    ++party.at_work;
  } else if (party.waiting.size() < kMostWaiting) {
    Callback<Done> wait(
        [&party](std::function<void(Done)> go_on) { party.waiting.push_back(std::move(go_on)); });
    co_await wait;  // whoever ends leaves their place to it
  } else {
    co_return std::nullopt;
  }
  co_return std::optional<Turn>(std::in_place, *this, std::move(name));
}

inline void Turns::end(const std::string& name) {
  const auto found = parties_.find(name);
  Party& party = found->second;
  if (party.waiting.empty()) {
    if (--party.at_work == 0) parties_.erase(found);
    return;
  }
  const auto go_on = std::move(party.waiting.front());
  party.waiting.pop_front();
  go_on(Done{});
}

}  // namespace anteroom::journey
