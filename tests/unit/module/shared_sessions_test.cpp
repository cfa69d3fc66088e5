#include "session/shared_sessions.h"

#include <catch2/catch.hpp>
#include <new>

#include "dying_process.h"
#include "shared/zone_guard.h"

using namespace anteroom;
using namespace anteroom::nginx;
using anteroom::test::SharedMemory;
using anteroom::test::states_during;

namespace {

/// nginx opens the lock of a dead process, as if it had left it.
struct NoMutex {
  void lock() const {}
  void unlock() const {}
};

using Guard = ZoneGuard<SharedSessions, NoMutex>;

TokenHash hash(int number) {
  TokenHash made{};
  made[0] = static_cast<std::uint8_t>(number);
  made[1] = static_cast<std::uint8_t>(number >> 8);
  return made;
}

UserId user(int number) {
  return user_id("user " + std::to_string(number));
}

std::string record(int number) {
  return std::string(300, static_cast<char>('a' + number % 26));
}

/// A small zone with three people of three sessions each, and two tokens of nobody.
class SmallZone {
 public:
  explicit SmallZone(std::size_t bytes = 8192) : memory_(sizeof(ZoneRoot<SharedSessions>) + bytes) {
    root_ = new (memory_.data()) ZoneRoot<SharedSessions>{};
    auto all = std::span(static_cast<std::byte*>(memory_.data()), memory_.size());
    root_->shared.construct(all.subspan(sizeof(ZoneRoot<SharedSessions>)));
    for (int i = 0; i < 9; ++i) lock()->insert(hash(i), user(i % 3), record(i));
    for (int i = 100; i < 102; ++i) lock()->insert(hash(i), UserId{}, "");
  }

  [[nodiscard]] Guard lock() const { return {*root_, NoMutex{}}; }
  [[nodiscard]] bool is_marked() const { return root_->is_changing; }
  SharedMemory& memory() { return memory_; }

 private:
  SharedMemory memory_;
  ZoneRoot<SharedSessions>* root_;
};

int count_found(const SmallZone& zone) {
  int found = 0;
  for (int i = 0; i < 9; ++i) found += zone.lock()->find(hash(i)) != nullptr ? 1 : 0;
  return found;
}

/// Uses all that a zone has, twice over; what it finds is what was put in.
void use_up(const SmallZone& zone) {
  std::string read;
  int kept = 0;
  for (int i = 1000; i < 1100; ++i) {
    const auto sessions = zone.lock();
    SharedEntry* entry = sessions->insert(hash(i), user(i % 7), record(i));
    REQUIRE(entry != nullptr);
    REQUIRE(sessions->find(hash(i)) == entry);
    entry->read(read);
    REQUIRE(read == record(i));
  }
  for (int i = 1000; i < 1100; ++i) kept += zone.lock()->find(hash(i)) != nullptr ? 1 : 0;
  for (int i = 0; i < 7; ++i) {
    while (SharedEntry* entry = zone.lock()->find_user(user(i))) {
      zone.lock()->remove(entry);
      --kept;
    }
  }
  REQUIRE(kept == 0);
}

// Whoever dies within `change`: the next one finds a zone that is whole.
void survives(const std::function<void(SmallZone&)>& change) {
  SmallZone zone;
  const std::uint64_t before = zone.lock()->epoch;
  const auto states = states_during(zone.memory(), [&] { change(zone); });
  REQUIRE(states.size() > 5);
  int rebuilt = 0;
  for (const auto& state : states) {
    zone.memory().restore(state);
    const bool is_half_done = zone.is_marked();
    const std::uint64_t epoch = zone.lock()->epoch;
    CHECK_FALSE(zone.is_marked());
    if (is_half_done) {
      ++rebuilt;
      CHECK(count_found(zone) == 0);
      CHECK(epoch > before + zone.lock()->changes.size());
    } else {
      CHECK(count_found(zone) > 0);
    }
    use_up(zone);
  }
  CHECK(rebuilt == static_cast<int>(states.size()) - 2);  // all but the first and the last
}

}  // namespace

TEST_CASE("a process may die anywhere while it forgets a session") {
  survives([](SmallZone& zone) {
    const auto sessions = zone.lock();
    sessions->note({SessionChange::Kind::session, hash(4), {}});
    sessions->remove(sessions->find(hash(4)));
  });
}

TEST_CASE("a process may die anywhere while it forgets a person") {
  survives([](SmallZone& zone) {
    const auto sessions = zone.lock();
    while (SharedEntry* entry = sessions->find_user(user(1))) sessions->remove(entry);
  });
}

TEST_CASE("a process may die anywhere while it remembers a session") {
  survives([](SmallZone& zone) { zone.lock()->insert(hash(50), user(1), record(50)); });
}

TEST_CASE("a process may die anywhere while it remembers that there is no session") {
  survives([](SmallZone& zone) { zone.lock()->insert(hash(50), UserId{}, ""); });
}

TEST_CASE("a process may die anywhere while one session makes room for another") {
  survives([](SmallZone& zone) {
    const auto sessions = zone.lock();
    for (int i = 200; sessions->find(hash(0)) != nullptr; ++i) {
      sessions->insert(hash(i), user(2), record(i));
    }
    sessions->insert(hash(3), user(2), record(3));
  });
}

TEST_CASE("a process may die anywhere while it uses a session") {
  survives([](SmallZone& zone) {
    const auto sessions = zone.lock();
    sessions->touch(sessions->find(hash(2)));
  });
}

TEST_CASE("a process may die anywhere while another's half-done change is mended") {
  SmallZone zone;
  const auto first = states_during(zone.memory(), [&] {
    const auto sessions = zone.lock();
    sessions->remove(sessions->find(hash(4)));
  });
  zone.memory().restore(first[first.size() / 2]);
  REQUIRE(zone.is_marked());
  for (const auto& state : states_during(zone.memory(), [&] { (void)zone.lock(); })) {
    zone.memory().restore(state);
    CHECK(count_found(zone) == 0);
    use_up(zone);
  }
}

TEST_CASE("tokens of nobody cost no session its place") {
  SmallZone zone;
  for (int i = 2000; i < 6000; ++i) zone.lock()->insert(hash(i), UserId{}, "");
  CHECK(count_found(zone) == 9);
}

TEST_CASE("a record of any length is read as it was written") {
  SmallZone zone(1 << 20);
  std::string read;
  for (std::size_t length = 1; length < 1000; ++length) {
    const std::string written(length, static_cast<char>('a' + length % 26));
    const auto sessions = zone.lock();
    sessions->insert(hash(3000), user(5), written)->read(read);
    REQUIRE(read == written);
    sessions->remove(sessions->find(hash(3000)));
  }
}
