#include "session/shared_sessions.h"

#include <algorithm>
#include <cstring>
#include <new>

namespace anteroom::nginx {

namespace {

constexpr std::size_t kMaxNegative = 1024;
constexpr int kMaxEvictions = 64;
// Of each table: a live session takes two units and more.
constexpr std::size_t kUnitsPerBucket = 2;

SharedEntry* entry_of_use(RingLink* link) {
  return reinterpret_cast<SharedEntry*>(reinterpret_cast<char*>(link) - offsetof(SharedEntry, use));
}

void push(SharedEntry*& bucket, SharedEntry* entry, ChainLink SharedEntry::*chain) {
  ChainLink& link = entry->*chain;
  link = {bucket, &bucket};
  if (bucket != nullptr) (bucket->*chain).back = &link.next;
  bucket = entry;
}

void unlink(SharedEntry* entry, ChainLink SharedEntry::*chain) {
  const ChainLink& link = entry->*chain;
  *link.back = link.next;
  if (link.next != nullptr) (link.next->*chain).back = link.back;
}

}  // namespace

void RingLink::insert_behind(RingLink& other) {
  next = other.next;
  previous = &other;
  next->previous = this;
  other.next = this;
}

void RingLink::unlink() {
  next->previous = previous;
  previous->next = next;
}

UserId user_id(std::string_view text) {
  UserId id{};
  std::copy_n(text.begin(), std::min(text.size(), id.size()), id.begin());
  return id;
}

void SharedSessions::construct(std::span<std::byte> memory) {
  constexpr std::size_t kEach = sizeof(SharedUnit) + 2 * sizeof(SharedEntry*) / kUnitsPerBucket;
  const std::size_t count = memory.size() / kEach;
  const std::size_t buckets = count / kUnitsPerBucket;
  units_ = {reinterpret_cast<SharedUnit*>(memory.data()), count};
  auto* rest = reinterpret_cast<SharedEntry**>(memory.data() + units_.size_bytes());
  by_hash_ = {rest, buckets};
  by_user_ = {rest + buckets, buckets};
  clear();
}

void SharedSessions::clear() {
  std::ranges::fill(by_hash_, nullptr);
  std::ranges::fill(by_user_, nullptr);
  live_.clear();
  negative_.clear();
  negative_count_ = 0;
  used_count_ = 0;
  returned_ = nullptr;
  returned_count_ = 0;
}

void SharedSessions::rebuild() {
  clear();
  epoch += changes.size() + 1;
}

// The hash is a SHA-256: its first bytes are spread evenly already.
SharedEntry*& SharedSessions::bucket_of(const TokenHash& hash) {
  std::size_t number = 0;
  std::memcpy(&number, hash.data(), sizeof number);
  return by_hash_[number % by_hash_.size()];
}

SharedEntry*& SharedSessions::bucket_of(const UserId& user) {
  std::uint64_t number = 14695981039346656037u;  // FNV-1a
  for (const char c : user) number = (number ^ static_cast<unsigned char>(c)) * 1099511628211u;
  return by_user_[number % by_user_.size()];
}

SharedEntry* SharedSessions::find(const TokenHash& hash) {
  SharedEntry* entry = bucket_of(hash);
  while (entry != nullptr && entry->hash != hash) entry = entry->by_hash.next;
  return entry;
}

SharedEntry* SharedSessions::find_user(const UserId& user) {
  SharedEntry* entry = bucket_of(user);
  while (entry != nullptr && entry->user != user) entry = entry->by_user.next;
  return entry;
}

void SharedEntry::read(std::string& record) const {
  record.resize(length);
  std::size_t done = std::min<std::size_t>(length, bytes.size());
  std::memcpy(record.data(), bytes.data(), done);
  for (const SharedUnit* unit = next; unit != nullptr; unit = unit->next) {
    const std::size_t more = std::min(length - done, unit->bytes.size());
    std::memcpy(record.data() + done, unit->bytes.data(), more);
    done += more;
  }
}

std::size_t SharedSessions::free_count() const {
  return returned_count_ + (units_.size() - used_count_);
}

void SharedSessions::give_back(SharedUnit* unit) {
  unit->next = returned_;
  returned_ = unit;
  ++returned_count_;
}

SharedUnit* SharedSessions::take_unit() {
  if (returned_ == nullptr) return new (&units_[used_count_++]) SharedUnit;
  SharedUnit* unit = returned_;
  returned_ = unit->next;
  --returned_count_;
  return unit;
}

void SharedSessions::remove(SharedEntry* entry) {
  unlink(entry, &SharedEntry::by_hash);
  entry->use.unlink();
  if (entry->is_negative) {
    --negative_count_;
  } else {
    unlink(entry, &SharedEntry::by_user);
  }
  for (SharedUnit* unit = entry->next; unit != nullptr;) {
    SharedUnit* next = unit->next;
    give_back(unit);
    unit = next;
  }
  give_back(new (entry) SharedUnit);
}

// An answer of "no such session" never costs a live one its place.
bool SharedSessions::make_room(std::size_t units, bool is_negative) {
  for (int evictions = 0; free_count() < units;) {
    RingLink& victims = negative_.is_empty() ? live_ : negative_;
    const bool is_worth_more = is_negative && &victims == &live_;
    if (victims.is_empty() || is_worth_more || ++evictions > kMaxEvictions) return false;
    remove(entry_of_use(victims.previous));
  }
  return true;
}

// nullptr without room.
SharedEntry* SharedSessions::write(std::string_view record) {
  constexpr std::size_t kFirst = sizeof(SharedEntry::bytes);
  constexpr std::size_t kEach = sizeof(SharedUnit::bytes);
  const std::size_t more =
      record.size() > kFirst ? (record.size() - kFirst + kEach - 1) / kEach : 0;
  if (!make_room(1 + more, record.empty())) return nullptr;
  auto* entry = new (take_unit()) SharedEntry{};
  entry->length = static_cast<std::uint16_t>(record.size());
  std::size_t done = std::min(record.size(), kFirst);
  std::memcpy(entry->bytes.data(), record.data(), done);
  for (SharedUnit** link = &entry->next; done < record.size(); link = &(*link)->next) {
    *link = take_unit();
    (*link)->next = nullptr;
    const std::size_t part = std::min(record.size() - done, kEach);
    std::memcpy((*link)->bytes.data(), record.data() + done, part);
    done += part;
  }
  return entry;
}

SharedEntry* SharedSessions::insert(const TokenHash& hash, const UserId& user,
                                    std::string_view record) {
  const bool is_negative = record.empty();
  if (is_negative && negative_count_ >= kMaxNegative) remove(entry_of_use(negative_.previous));
  SharedEntry* entry = write(record);
  if (entry == nullptr) return nullptr;
  entry->hash = hash;
  entry->user = user;
  entry->is_negative = is_negative;
  push(bucket_of(hash), entry, &SharedEntry::by_hash);
  entry->use.insert_behind(is_negative ? negative_ : live_);
  if (is_negative) {
    ++negative_count_;
  } else {
    push(bucket_of(user), entry, &SharedEntry::by_user);
  }
  return entry;
}

void SharedSessions::note(const SessionChange& change) {
  const std::uint64_t next = epoch + 1;
  changes[next % changes.size()] = change;
  epoch = next;
}

void SharedSessions::touch(SharedEntry* entry) {
  entry->use.unlink();
  entry->use.insert_behind(entry->is_negative ? negative_ : live_);
}

}  // namespace anteroom::nginx
