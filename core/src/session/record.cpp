#include <cstdint>
#include <cstring>

#include "anteroom/grants.h"
#include "anteroom/session.h"

#include "crypto/encoding.h"

namespace anteroom {

namespace {

constexpr char kVersion = 5;
constexpr std::size_t kFixedBytes = 2 + 3 * sizeof(std::int64_t);
constexpr std::size_t kIdleBytes = sizeof(std::int64_t);
constexpr std::size_t kMaxString = 0xffff;

template <class Fields, class Visit>
void for_each_field(Fields& fields, Visit visit) {
  visit(fields.reference);
  visit(fields.user);
  visit(fields.email);
  visit(fields.name);
  visit(fields.idp);
  visit(fields.origin);
  visit(fields.access_level);
  visit(fields.properties);
  visit(fields.authn_context);
  visit(fields.news);
  visit(fields.closed);
}

void append(std::string& out, Time time) {
  const std::int64_t count = time.time_since_epoch().count();
  out.append(reinterpret_cast<const char*>(&count), sizeof count);
}

Time time_at(std::string_view bytes) {
  std::int64_t count = 0;
  std::memcpy(&count, bytes.data(), sizeof count);
  return Time(Time::duration(count));
}

// Control characters would let a stored value end a header line: they do not get into a record.
void append_clean(std::string& out, std::string_view text) {
  for (const char c : text) {
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
}

}  // namespace

SessionRecord::SessionRecord(UserStatus status, const SessionTimes& times,
                             const SessionFields& given) {
  SessionFields fields = given;
  // Cut off, it would let somebody in.
  if (fields.closed.size() > kMaxString) fields.closed = kAllProperties;
  bytes_ += kVersion;
  bytes_ += static_cast<char>(status);
  for (const Time time : {times.expires_at, times.authenticated_at, times.ends_at}) {
    append(bytes_, time);
  }
  for_each_field(fields, [this](std::string_view text) {
    const auto length = static_cast<std::uint16_t>(std::min(text.size(), kMaxString));
    bytes_.append(reinterpret_cast<const char*>(&length), sizeof length);
    append_clean(bytes_, text.substr(0, length));
  });
  append(bytes_, times.idle_until);
}

std::string_view SessionRecord::without_use(std::string_view bytes) {
  return bytes.substr(0, bytes.size() - std::min(bytes.size(), kIdleBytes));
}

std::optional<SessionView> SessionView::parse(std::string_view bytes) {
  if (bytes.size() < kFixedBytes || bytes[0] != kVersion) return std::nullopt;
  SessionView view;
  view.status_ = static_cast<UserStatus>(bytes[1]);
  view.times_.expires_at = time_at(bytes.substr(2));
  view.times_.authenticated_at = time_at(bytes.substr(2 + sizeof(std::int64_t)));
  view.times_.ends_at = time_at(bytes.substr(2 + 2 * sizeof(std::int64_t)));
  bytes.remove_prefix(kFixedBytes);
  bool is_whole = true;
  for_each_field(view.fields_, [&](std::string_view& text) {
    std::uint16_t length = 0;
    if (bytes.size() < sizeof length) {
      is_whole = false;
      return;
    }
    std::memcpy(&length, bytes.data(), sizeof length);
    bytes.remove_prefix(sizeof length);
    is_whole = is_whole && bytes.size() >= length;
    text = bytes.substr(0, length);
    bytes.remove_prefix(text.size());
  });
  if (!is_whole || bytes.size() != kIdleBytes) return std::nullopt;
  view.times_.idle_until = time_at(bytes);
  return view;
}

std::optional<TokenHash> hash_from_hex(std::string_view hex) {
  const auto bytes = crypto::from_hex(hex);
  TokenHash hash;
  if (!bytes || bytes->size() != hash.size()) return std::nullopt;
  std::copy(bytes->begin(), bytes->end(), hash.begin());
  return hash;
}

}  // namespace anteroom
