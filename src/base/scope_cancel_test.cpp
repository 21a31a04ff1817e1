#include <gtest/gtest.h>

#include "base/event.hpp"
#include "base/loop.hpp"
#include "base/scope.hpp"

namespace ecs::base {
namespace {

TEST(ScopeCancel, FromOutsideTheLoopMeetsACoroutineThatIsJustEnding) {
  Loop loop;
  Scope scope(loop.executor());
  Event event;
  scope.spawn("waits", event.wait());
  loop.poll();
  event.set();     // Its end is queued now,
  scope.cancel();  // and the cancellation comes behind it.
  loop.run_until_done(scope.join());
  EXPECT_EQ(scope.size(), 0U);
  loop.poll();
}

TEST(ScopeCancel, FromOutsideTheLoopEndsAWait) {
  Loop loop;
  Scope scope(loop.executor());
  Event event;
  bool cancelled = false;
  auto waits = [&]() -> Async<> {
    try {
      co_await event.wait();
    } catch (const Cancelled&) {
      cancelled = true;
    }
  };
  scope.spawn("waits", waits());
  loop.poll();
  scope.cancel();
  loop.run_until_done(scope.join());
  EXPECT_TRUE(cancelled);
}

}  // namespace
}  // namespace ecs::base
