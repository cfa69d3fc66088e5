#include "journey/manage/draft.h"

#include <algorithm>

#include "http/cookie.h"
#include "journey/manage/property_choice.h"
#include "session/names.h"
#include "session/packing.h"
#include "text/unicode.h"

namespace anteroom::journey {

namespace {

constexpr std::string_view kPurpose = "new-user-draft";
constexpr std::size_t kFields = 8;
// All cookies of a host share one header line of 8 kB, and others need room too.
constexpr std::size_t kMaxField = 320;
constexpr std::size_t kMaxBytes = 1800;
constexpr std::size_t kMaxOwner = 36;  // a UUID

}  // namespace

void keep_draft(const Exchange& exchange, Draft draft, Response& response) {
  std::size_t left = kMaxBytes;
  draft.owner.resize(std::min(draft.owner.size(), kMaxOwner));
  for (std::string* field : {&draft.email, &draft.name, &draft.level, &draft.property,
                             &draft.looked_for, &draft.expires, &draft.note}) {
    const std::size_t most = field == &draft.note         ? left
                             : field == &draft.looked_for ? kMaxLookedFor
                                                          : kMaxField;
    *field = text::cut(*field, std::min(left, most));
    left -= field->size();
  }
  const Context& context = exchange.context;
  const auto life = context.settings.sessions.sign_on_timeout;
  const auto packed = session::pack({draft.email, draft.name, draft.level, draft.property,
                                     draft.looked_for, draft.expires, draft.note, draft.owner});
  if (!packed) return;
  const auto sealed =
      context.sealer.seal(context.ports.random, kPurpose, *packed, exchange.now() + life);
  if (!sealed) return;
  response.headers.emplace_back(
      "Set-Cookie", http::set_cookie(session::kDraftCookie, *sealed, http::SameSite::lax, life));
}

std::optional<Draft> kept_draft(const Exchange& exchange, std::string_view user) {
  std::string_view sealed;
  http::for_each_cookie(exchange.head().headers.cookie,
                        [&](std::string_view name, std::string_view value) {
                          if (name == session::kDraftCookie) sealed = value;
                        });
  if (sealed.empty()) return std::nullopt;
  const auto packed = exchange.context.sealer.open(kPurpose, sealed, exchange.now());
  const auto fields = packed ? session::unpack(*packed, kFields) : std::nullopt;
  if (!fields || fields->back() != user) return std::nullopt;
  return Draft{(*fields)[0], (*fields)[1], (*fields)[2], (*fields)[3],
               (*fields)[4], (*fields)[5], (*fields)[6], (*fields)[7]};
}

void forget_draft(Response& response) {
  response.headers.emplace_back(
      "Set-Cookie",
      http::set_cookie(session::kDraftCookie, "", http::SameSite::lax, std::chrono::seconds(0)));
}

std::string last_moment(std::string_view day) {
  return day.empty() ? "" : std::string(day.substr(0, 40)) + "T23:59:59Z";
}

}  // namespace anteroom::journey
