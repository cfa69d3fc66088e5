#include <cstdint>
#include <cstring>

#include "anteroom/grants.h"
#include "anteroom/session.h"

#include "crypto/encoding.h"

namespace anteroom {

namespace {

constexpr char kVersion = 4;
constexpr std::size_t kFixedBytes = 2 + 2 * sizeof(std::int64_t);
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

// Control characters would let a stored value end a header line: they do not get into a record.
void append_clean(std::string& out, std::string_view text) {
  for (const char c : text) {
    out += static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c;
  }
}

}  // namespace

SessionRecord::SessionRecord(UserStatus status, Time expires_at, Time authenticated_at,
                             const SessionFields& given) {
  SessionFields fields = given;
  // Cut off, it would let somebody in.
  if (fields.closed.size() > kMaxString) fields.closed = kAllProperties;
  bytes_ += kVersion;
  bytes_ += static_cast<char>(status);
  for (const Time time : {expires_at, authenticated_at}) {
    const std::int64_t count = time.time_since_epoch().count();
    bytes_.append(reinterpret_cast<const char*>(&count), sizeof count);
  }
  for_each_field(fields, [this](std::string_view text) {
    const auto length = static_cast<std::uint16_t>(std::min(text.size(), kMaxString));
    bytes_.append(reinterpret_cast<const char*>(&length), sizeof length);
    append_clean(bytes_, text.substr(0, length));
  });
}

std::optional<SessionView> SessionView::parse(std::string_view bytes) {
  if (bytes.size() < kFixedBytes || bytes[0] != kVersion) return std::nullopt;
  SessionView view;
  view.status_ = static_cast<UserStatus>(bytes[1]);
  std::array<std::int64_t, 2> times{};
  std::memcpy(times.data(), bytes.data() + 2, sizeof times);
  view.expires_at_ = Time(Time::duration(times[0]));
  view.authenticated_at_ = Time(Time::duration(times[1]));
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
  if (!is_whole || !bytes.empty()) return std::nullopt;
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
