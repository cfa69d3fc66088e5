#include "request/body_budget.h"

namespace anteroom::nginx {

BodyBudget::Share BodyBudget::take(std::size_t bytes, const std::string& address, Who who) {
  State& state = *state_;
  const bool is_stranger = who == Who::stranger;
  const auto found = state.by_address.find(address);
  const std::size_t of_address = found == state.by_address.end() ? 0 : found->second;
  if (state.all + bytes > state.limits.all || of_address + bytes > state.limits.one_address ||
      (is_stranger && state.strangers + bytes > state.limits.strangers)) {
    return nullptr;
  }
  state.all += bytes;
  if (is_stranger) state.strangers += bytes;
  if (bytes != 0) state.by_address[address] = of_address + bytes;
  return {&state, [owner = state_, bytes, address, is_stranger](void*) {
            owner->all -= bytes;
            if (is_stranger) owner->strangers -= bytes;
            const auto place = owner->by_address.find(address);
            if (place != owner->by_address.end() && (place->second -= bytes) == 0) {
              owner->by_address.erase(place);
            }
          }};
}

}  // namespace anteroom::nginx
