#include "store/actor.h"

#include "anteroom/store.h"
#include "text/uuid.h"

namespace anteroom::store {

namespace {

constexpr const char* kNobody = "00000000-0000-0000-0000-000000000000";

// A field of a composite value (PostgreSQL manual, 8.16.6).
std::string field(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

// Empty reads as NULL.
std::string user_field(const Actor& actor) {
  if (actor.is_operator) return "";
  return text::is_uuid(actor.user) ? actor.user : kNobody;
}

}  // namespace

std::string actor_literal(const Actor& actor, const AccessSettings& access,
                          const std::string& needed) {
  return "(" + user_field(actor) + "," + field(actor.name) + "," + field(actor.client_address) +
         "," + field(array_literal(access.levels)) + "," + field(needed) + ")";
}

std::string uuid_or_nobody(std::string text) {
  return text::is_uuid(text) ? std::move(text) : kNobody;
}

}  // namespace anteroom::store
