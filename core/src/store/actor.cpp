#include "store/actor.h"

#include "anteroom/store.h"

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
  return is_uuid(actor.user) ? actor.user : kNobody;
}

}  // namespace

std::string actor_literal(const Actor& actor, const AccessSettings& access,
                          const std::string& needed) {
  return "(" + user_field(actor) + "," + field(actor.name) + "," + field(actor.client_address) +
         "," + field(array_literal(access.levels)) + "," + field(needed) + ")";
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool is_hyphen_place = i == 8 || i == 13 || i == 18 || i == 23;
    const char c = text[i];
    const bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (is_hyphen_place ? c != '-' : !is_hex) return false;
  }
  return true;
}

std::string uuid_or_nobody(std::string text) {
  return is_uuid(text) ? std::move(text) : kNobody;
}

}  // namespace anteroom::store
