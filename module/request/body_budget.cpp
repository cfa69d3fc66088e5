#include "request/body_budget.h"

#include <algorithm>
#include <utility>

namespace anteroom::nginx {

std::size_t BodyBudget::State::held_by(const std::string& address) const {
  const auto found = by_address.find(address);
  return found == by_address.end() ? 0 : found->second;
}

bool BodyBudget::State::has_room(std::size_t bytes, bool is_stranger, std::size_t spare) const {
  return all + bytes <= limits.all + spare &&
         (!is_stranger || strangers + bytes <= limits.strangers + spare);
}

// Of the address that holds most, unless the newcomer's would hold as much.
bool BodyBudget::State::make_room(std::size_t held_by_newcomer, bool among_strangers) {
  const auto weight = [&](const Arriving& one) {
    return among_strangers && !one.is_stranger ? 0 : held_by(one.address);
  };
  const auto oldest =
      std::max_element(arriving.begin(), arriving.end(),
                       [&](const Arriving& a, const Arriving& b) { return weight(a) < weight(b); });
  if (oldest == arriving.end() || weight(*oldest) <= held_by_newcomer) return false;
  const auto give_up = std::exchange(oldest->give_up, nullptr);
  oldest->address.clear();  // it holds nothing that it could be told to give up again
  give_up();
  return true;
}

BodyBudget::Share BodyBudget::take(std::size_t bytes, const std::string& address, Who who,
                                   std::function<void()> give_up) {
  State& state = *state_;
  const bool is_stranger = who == Who::stranger;
  const std::size_t of_address = state.held_by(address) + bytes;
  if (of_address > state.limits.one_address) return nullptr;
  if (!state.has_room(bytes, is_stranger, 0) &&
      (!state.has_room(bytes, is_stranger, state.limits.spare) ||
       !state.make_room(of_address, is_stranger))) {
    return nullptr;
  }
  state.all += bytes;
  if (is_stranger) state.strangers += bytes;
  if (bytes != 0) state.by_address[address] = of_address;
  auto place = state.arriving.end();
  if (give_up) place = state.arriving.insert(place, {address, is_stranger, std::move(give_up)});
  return {&state, [owner = state_, bytes, address, is_stranger, place](void*) {
            owner->all -= bytes;
            if (is_stranger) owner->strangers -= bytes;
            if (place != owner->arriving.end()) owner->arriving.erase(place);
            const auto held = owner->by_address.find(address);
            if (held != owner->by_address.end() && (held->second -= bytes) == 0) {
              owner->by_address.erase(held);
            }
          }};
}

}  // namespace anteroom::nginx
