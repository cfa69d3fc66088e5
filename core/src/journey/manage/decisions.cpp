#include "journey/manage/decisions.h"

#include <charconv>
#include <utility>

#include "anteroom/requests.h"
#include "journey/manage/choices.h"

namespace anteroom::journey {

using store::Deciding;

Message why_not(const store::DecidingResult& result) {
  switch (result.outcome) {
    case Deciding::decided_already:
      return result.decided_by.empty()
                 ? Message("gone_already"_message)
                 : Message("decided_already"_message, {{"who", result.decided_by}});
    case Deciding::own_request:
      return "own_request"_message;
    case Deciding::above_own_level:
      return "decide_above_own_level"_message;
    case Deciding::no_property:
      return "no_such_property"_message;
    case Deciding::no_level:
      return "no_such_level"_message;
    case Deciding::user_disabled:
      return "account_disabled"_message;
    case Deciding::expired:
      return "request_expired"_message;
    case Deciding::look_first:
      return "look_first"_message;
    case Deciding::not_found:
      return "gone_already"_message;
    case Deciding::done:
    case Deciding::not_allowed:
      break;
  }
  return "decide_not_allowed"_message;
}

Message lost_reach_message(const store::RequestRow& request) {
  if (!request.requester_lost_reach || request.is_closed) return {};
  return {"requester_lost_reach"_message, {{"requested_by", request.requested_by}}};
}

Message held_message(const store::RequestRow& request) {
  if (request.held_level.empty()) return {};
  Message::Arguments held{{"held_level", request.held_level}};
  if (request.held_until.empty()) return {"held_now"_message, std::move(held)};
  held.emplace("held_until", readable_day(request.held_until));
  return {"held_now_until"_message, std::move(held)};
}

Message decided_message(bool is_approval, std::size_t count) {
  const Message::Arguments how_many{{"count", std::to_string(count)}};
  if (count == 1) return is_approval ? "approved_one"_message : "declined_one"_message;
  return is_approval ? Message("approved_many"_message, how_many)
                     : Message("declined_many"_message, how_many);
}

std::string decided_query(bool is_approval, std::size_t count) {
  return std::string("notice=") + (is_approval ? "approved" : "declined") +
         "&count=" + std::to_string(count);
}

Message decided_message(std::string_view notice, std::string_view count) {
  const auto decided = static_cast<std::size_t>(number_in(count));
  if (notice == "approved") return decided_message(true, decided);
  if (notice == "declined") return decided_message(false, decided);
  return {};
}

int number_in(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc() && end == text.data() + text.size() && value > 0;
  return is_number ? value : 0;
}

}  // namespace anteroom::journey
