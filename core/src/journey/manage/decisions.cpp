#include "journey/manage/decisions.h"

#include <charconv>
#include <utility>

#include "anteroom/requests.h"
#include "journey/manage/choices.h"

namespace anteroom::journey {

using store::Deciding;

Words why_not(const store::DecidingResult& result) {
  switch (result.outcome) {
    case Deciding::decided_already:
      return result.decided_by.empty()
                 ? Words("gone_already"_words)
                 : Words("decided_already"_words, {{"who", result.decided_by}});
    case Deciding::own_request:
      return "own_request"_words;
    case Deciding::above_own_level:
      return "decide_above_own_level"_words;
    case Deciding::no_property:
      return "no_such_property"_words;
    case Deciding::no_level:
      return "no_such_level"_words;
    case Deciding::user_disabled:
      return "account_disabled"_words;
    case Deciding::expired:
      return "request_expired"_words;
    case Deciding::look_first:
      return "look_first"_words;
    case Deciding::not_found:
      return "gone_already"_words;
    case Deciding::done:
    case Deciding::not_allowed:
      break;
  }
  return "decide_not_allowed"_words;
}

Words lost_reach_words(const store::RequestRow& request) {
  if (!request.requester_lost_reach) return {};
  return {"requester_lost_reach"_words, {{"requested_by", request.requested_by}}};
}

Words held_words(const store::RequestRow& request) {
  if (request.held_level.empty()) return {};
  Words::Arguments held{{"held_level", request.held_level}};
  if (request.held_until.empty()) return {"held_now"_words, std::move(held)};
  held.emplace("held_until", readable_day(request.held_until));
  return {"held_now_until"_words, std::move(held)};
}

Words decided_words(bool is_approval, std::size_t count) {
  const Words::Arguments how_many{{"count", std::to_string(count)}};
  if (count == 1) return is_approval ? "approved_one"_words : "declined_one"_words;
  return is_approval ? Words("approved_many"_words, how_many)
                     : Words("declined_many"_words, how_many);
}

std::string decided_query(bool is_approval, std::size_t count) {
  return std::string("notice=") + (is_approval ? "approved" : "declined") +
         "&count=" + std::to_string(count);
}

Words decided_words(std::string_view notice, std::string_view count) {
  const auto decided = static_cast<std::size_t>(number_in(count));
  if (notice == "approved") return decided_words(true, decided);
  if (notice == "declined") return decided_words(false, decided);
  return {};
}

int number_in(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  const bool is_number = error == std::errc() && end == text.data() + text.size() && value > 0;
  return is_number ? value : 0;
}

}  // namespace anteroom::journey
