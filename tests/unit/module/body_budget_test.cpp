#include "request/body_budget.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace anteroom::nginx;
using Who = BodyBudget::Who;

namespace {

constexpr BodyBudget::Limits kLimits{100, 60, 40};

}  // namespace

TEST_CASE("a worker holds no more of bodies than its budget") {
  BodyBudget budget(kLimits);
  std::vector<BodyBudget::Share> shares;
  for (const char* address : {"a", "b", "c", "d", "e"}) {
    shares.push_back(budget.take(20, address, Who::signed_in));
    CHECK(shares.back() != nullptr);
  }
  CHECK(budget.held() == 100);
  CHECK(budget.take(1, "f", Who::signed_in) == nullptr);
  CHECK(budget.take(0, "f", Who::signed_in) != nullptr);
  shares.pop_back();
  CHECK(budget.held() == 80);
  CHECK(budget.take(20, "f", Who::signed_in) != nullptr);
}

TEST_CASE("strangers leave room for people who are signed in") {
  BodyBudget budget(kLimits);
  const auto first = budget.take(40, "a", Who::stranger);
  const auto second = budget.take(20, "b", Who::stranger);
  CHECK(budget.take(1, "c", Who::stranger) == nullptr);
  CHECK(budget.take(40, "c", Who::signed_in) != nullptr);
}

TEST_CASE("one address leaves room for others") {
  BodyBudget budget(kLimits);
  auto first = budget.take(30, "a", Who::signed_in);
  const auto second = budget.take(10, "a", Who::stranger);
  CHECK(budget.take(1, "a", Who::signed_in) == nullptr);
  CHECK(budget.take(40, "b", Who::signed_in) != nullptr);
  first.reset();
  CHECK(budget.take(30, "a", Who::signed_in) != nullptr);
}

TEST_CASE("where there is no room, the oldest of the address that holds most makes it") {
  BodyBudget budget({100, 60, 40, 20});
  std::vector<int> told;
  const auto body = [&](int number, std::size_t bytes, const char* address) {
    return budget.take(bytes, address, Who::stranger, [&told, number] { told.push_back(number); });
  };
  const auto small = body(1, 10, "a");
  auto first = body(2, 20, "b");
  const auto second = body(3, 20, "b");
  const auto third = body(4, 10, "c");
  CHECK(told.empty());
  const auto newcomer = body(5, 1, "d");
  CHECK(newcomer != nullptr);
  CHECK(told == std::vector<int>{2});
  CHECK(body(6, 30, "e") == nullptr);  // beyond what is spare
  first.reset();
  CHECK(budget.held() == 41);
  CHECK(body(7, 19, "e") != nullptr);
  CHECK(told == std::vector<int>{2});
}

TEST_CASE("a stranger is made room for by strangers alone") {
  BodyBudget budget({100, 60, 40, 20});
  bool is_told = false;
  const auto body = [&](std::size_t bytes, const char* address, Who who) {
    return budget.take(bytes, address, who, [&is_told] { is_told = true; });
  };
  const auto ann = body(40, "ann", Who::signed_in);
  std::vector<BodyBudget::Share> strangers;
  for (const char* address : {"a", "b", "c", "d", "e", "f"}) {
    strangers.push_back(body(10, address, Who::stranger));
  }
  CHECK(body(10, "g", Who::stranger) == nullptr);
  CHECK_FALSE(is_told);
}

TEST_CASE("nobody makes room for who would hold as much") {
  BodyBudget budget({100, 60, 40, 20});
  bool is_told = false;
  const auto body = [&](std::size_t bytes, const char* address) {
    return budget.take(bytes, address, Who::stranger, [&is_told] { is_told = true; });
  };
  const auto first = body(30, "a");
  const auto second = body(30, "b");
  CHECK(body(30, "c") == nullptr);
  CHECK_FALSE(is_told);
  CHECK(body(10, "c") != nullptr);
  CHECK(is_told);
}

TEST_CASE("what is given back leaves nothing behind, in whatever order") {
  BodyBudget::Share last;
  {
    BodyBudget budget(kLimits);
    auto nothing = budget.take(0, "a", Who::stranger);
    auto some = budget.take(10, "a", Who::stranger);
    some.reset();
    nothing.reset();
    CHECK(budget.held() == 0);
    last = budget.take(10, "a", Who::stranger);
  }
  last.reset();  // a worker's end
}
