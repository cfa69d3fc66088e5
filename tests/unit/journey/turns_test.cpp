#include "journey/frame/turns.h"

#include <catch2/catch.hpp>
#include <memory>
#include <vector>

using namespace anteroom;
using journey::Turns;

namespace {

// Requests, each at work from when it has its turn until the test ends it.
struct Work {
  Turns turns{2};
  std::vector<std::string> begun;
  std::vector<std::unique_ptr<Turns::Turn>> held;
  int turned_away = 0;
  bool is_over = false;

  ~Work() {
    is_over = true;
    for (auto& one : held) one.reset();
  }

  void come(const std::string& party, const std::string& what) {
    spawn(turns.take(party),
          std::function<void(std::optional<Turns::Turn>)>([this, what](auto turn) {
            if (!turn) {
              ++turned_away;
              return;
            }
            if (is_over) return;
            begun.push_back(what);
            held.push_back(std::make_unique<Turns::Turn>(std::move(*turn)));
          }),
          std::function<void()>([] { FAIL(); }));
  }
  void end(std::size_t which) { std::exchange(held[which], nullptr).reset(); }
};

}  // namespace

TEST_CASE("a party's requests beyond its share wait in order, others' do not") {
  Work work;
  for (const char* what : {"a1", "a2", "a3", "a4"}) work.come("a", what);
  work.come("b", "b1");
  CHECK(work.begun == std::vector<std::string>{"a1", "a2", "b1"});
  work.end(1);
  CHECK(work.begun.back() == "a3");
  work.end(0);
  CHECK(work.begun.back() == "a4");
  work.come("a", "a5");
  CHECK(work.begun.back() == "a4");
  work.end(3);
  CHECK(work.begun.back() == "a5");
}

TEST_CASE("a party that is done has its whole share again") {
  Work work;
  work.come("a", "a1");
  work.come("a", "a2");
  work.end(0);
  work.end(1);
  work.come("a", "a3");
  work.come("a", "a4");
  work.come("a", "a5");
  CHECK(work.begun == std::vector<std::string>{"a1", "a2", "a3", "a4"});
}

TEST_CASE("so many wait, and one more of that party is turned away") {
  Work work;
  for (std::size_t i = 0; i < 2 + Turns::kMostWaiting; ++i) work.come("a", "a");
  CHECK(work.turned_away == 0);
  work.come("a", "a");
  CHECK(work.turned_away == 1);
  work.come("b", "b");
  CHECK(work.turned_away == 1);
  work.end(0);
  work.come("a", "a");
  CHECK(work.turned_away == 1);
}
