#include "base/event.hpp"

#include <gtest/gtest.h>

#include <optional>

#include "base/loop.hpp"
#include "base/scope.hpp"

namespace ecs::base {
namespace {

class EventTest : public ::testing::Test {
 protected:
  ~EventTest() override {
    scope_.cancel();
    loop_.poll();
  }

  /// Starts a coroutine that waits and then counts; a cancellation counts elsewhere.
  void start_waiter(Event& event) {
    scope_.spawn("waiter", waiter(event, *this));
    loop_.poll();
  }
  static Async<> waiter(Event& event, EventTest& test) {
    try {
      co_await event.wait();
      ++test.woken_;
    } catch (const Cancelled&) {
      ++test.cancelled_;
      throw;
    }
  }

  Loop loop_;
  Scope scope_{loop_.executor()};
  int woken_ = 0;
  int cancelled_ = 0;
};

TEST_F(EventTest, SetWakesAllAndLetsLaterOnesPass) {
  Event event;
  start_waiter(event);
  start_waiter(event);
  EXPECT_EQ(woken_, 0);
  event.set();
  EXPECT_EQ(woken_, 0) << "nobody runs inside set()";
  loop_.poll();
  EXPECT_EQ(woken_, 2);
  start_waiter(event);
  EXPECT_EQ(woken_, 3);
  event.reset();
  EXPECT_FALSE(event.is_set());
  start_waiter(event);
  EXPECT_EQ(woken_, 3);
  scope_.cancel();
  loop_.poll();
  EXPECT_EQ(cancelled_, 1);
}

TEST_F(EventTest, PulseWakesOnlyThoseWhoWait) {
  Event event;
  start_waiter(event);
  event.pulse();
  start_waiter(event);
  EXPECT_EQ(woken_, 1);
  EXPECT_FALSE(event.is_set());
  event.pulse();
  loop_.poll();
  EXPECT_EQ(woken_, 2);
}

TEST_F(EventTest, CancelledWaitLeavesTheOthersAlone) {
  Event event;
  Scope other(loop_.executor());
  other.spawn("waiter", waiter(event, *this));
  start_waiter(event);
  other.cancel();
  loop_.poll();
  EXPECT_EQ(cancelled_, 1);
  EXPECT_EQ(other.size(), 0U);
  event.set();
  loop_.poll();
  EXPECT_EQ(woken_, 1);
}

TEST_F(EventTest, WakeBeforeCancelCounts) {
  Event event;
  start_waiter(event);
  event.set();
  scope_.cancel();
  loop_.poll();
  EXPECT_EQ(woken_, 1);
  EXPECT_EQ(cancelled_, 0);
}

TEST_F(EventTest, WaitsOfADestroyedEventAreCancelled) {
  std::optional<Event> event(std::in_place);
  start_waiter(*event);
  event.reset();
  loop_.poll();
  EXPECT_EQ(cancelled_, 1);
  EXPECT_EQ(scope_.size(), 0U);
}

TEST(EventAlone, OutlivesALoopWithAWaiter) {
  Event event;
  {
    Loop loop;
    Scope scope(loop.executor());
    auto wait = [](Event& e) -> Async<> { co_await e.wait(); };
    scope.spawn("waiter", wait(event));
    loop.poll();
    scope.abandon();
  }
  event.set();  // the waiter is gone with its loop
}

}  // namespace
}  // namespace ecs::base
