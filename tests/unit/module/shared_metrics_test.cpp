#include "monitoring/shared_metrics.h"

#include <catch2/catch.hpp>
#include <new>

#include "dying_process.h"
#include "shared/zone_guard.h"

using namespace anteroom;
using namespace anteroom::nginx;

namespace {

struct NoMutex {
  void lock() const {}
  void unlock() const {}
};

using Guard = ZoneGuard<SharedMetrics, NoMutex>;

}  // namespace

TEST_CASE("a process may die anywhere while it writes an identity provider's name") {
  test::SharedMemory memory(sizeof(ZoneRoot<SharedMetrics>) + 4096);
  auto* root = new (memory.data()) ZoneRoot<SharedMetrics>{};
  root->shared.construct({});
  const auto intern = [&](std::string_view name) {
    Guard guard(*root, NoMutex{});
    return guard->intern(name, guard->names());
  };
  intern("northwind");
  const auto states = test::states_during(memory, [&] { intern("contoso-of-the-north"); });
  REQUIRE(states.size() > 3);
  for (const auto& state : states) {
    memory.restore(state);
    const std::size_t index = intern("adatum");
    CHECK(root->shared.idps[index].text() == "adatum");
    CHECK(intern("adatum") == index);
    CHECK(intern("northwind") == SharedMetrics::kOtherIdps + 1);
  }
}
