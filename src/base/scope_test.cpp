#include "base/scope.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>

#include "base/clock.hpp"
#include "base/event.hpp"
#include "base/loop.hpp"

namespace ecs::base {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

Async<> wait_for(Event& event) { co_await event.wait(); }

Async<> note(int& count) {
  ++count;
  co_return;
}

class ScopeTest : public ::testing::Test {
 protected:
  Loop loop_;
};

using ScopeDeathTest = ScopeTest;

TEST_F(ScopeTest, NamesWhatRuns) {
  Scope scope(loop_.executor());
  Event event;
  scope.spawn("one", wait_for(event));
  spawn(scope, "two", wait_for(event));
  EXPECT_THAT(scope.names(), ElementsAre("one", "two"));
  loop_.poll();
  EXPECT_EQ(scope.size(), 2U);
  event.set();
  loop_.run_until_done(scope.join());
  EXPECT_EQ(scope.size(), 0U);
}

TEST_F(ScopeTest, SpawnDoesNotRunTheWorkInside) {
  Scope scope(loop_.executor());
  int ran = 0;
  loop_.post([&] {
    scope.spawn("work", note(ran));
    EXPECT_EQ(ran, 0);
  });
  loop_.poll();
  EXPECT_EQ(ran, 1);
  EXPECT_EQ(scope.size(), 0U);
}

TEST_F(ScopeTest, CancelEndsWaits) {
  Scope scope(loop_.executor());
  Event event;
  scope.spawn("one", wait_for(event));
  loop_.poll();
  scope.cancel();
  scope.cancel();
  EXPECT_TRUE(scope.cancelled());
  loop_.run_until_done(scope.join());
}

TEST_F(ScopeTest, CancelBeforeTheStart) {
  Scope scope(loop_.executor());
  int ran = 0;
  scope.spawn("one", note(ran));
  scope.cancel();
  loop_.run_until_done(scope.join());
  EXPECT_EQ(ran, 0);
}

TEST_F(ScopeTest, SpawnAfterCancelNeverStarts) {
  Scope scope(loop_.executor());
  scope.cancel();
  int ran = 0;
  scope.spawn("from outside", note(ran));
  loop_.post([&] { scope.spawn("from inside", note(ran)); });
  loop_.poll();
  EXPECT_EQ(scope.size(), 0U);
  EXPECT_EQ(ran, 0);
}

Async<> cancel_own(Scope& scope, Event& event, int& reached) {
  scope.cancel();
  ++reached;
  co_await event.wait();
  ++reached;
}

TEST_F(ScopeTest, CanBeCancelledFromInside) {
  Scope scope(loop_.executor());
  Event event;
  int reached = 0;
  scope.spawn("suicidal", cancel_own(scope, event, reached));
  loop_.run_until_done(scope.join());
  EXPECT_EQ(reached, 1);
}

Async<> cancel_and_return(Scope& scope) {
  scope.cancel();
  co_return;
}

TEST_F(ScopeTest, CanBeCancelledByOneThatNeverWaits) {
  Scope scope(loop_.executor());
  scope.spawn("quick", cancel_and_return(scope));
  loop_.run_until_done(scope.join());
}

TEST_F(ScopeTest, FailureIsReportedWithItsName) {
  std::vector<std::string> failures;
  Scope scope(loop_.executor(), [&](const std::string& name, const std::exception_ptr& error) {
    failures.push_back(name + ": " + describe(error));
  });
  auto fail = []() -> Async<> {
    throw std::runtime_error("bad");
    co_return;
  };
  Event event;
  scope.spawn("faulty", fail());
  scope.spawn("sound", wait_for(event));
  loop_.poll();
  EXPECT_THAT(failures, ElementsAre("faulty: bad"));
  EXPECT_THAT(scope.names(), ElementsAre("sound"));
  scope.cancel();
  loop_.run_until_done(scope.join());
  EXPECT_EQ(failures.size(), 1U) << "a cancellation is no failure";
}

TEST_F(ScopeTest, FailureWhileCancelledIsReported) {
  std::vector<std::string> failures;
  Scope scope(loop_.executor(), [&](const std::string& name, const std::exception_ptr&) { failures.push_back(name); });
  Event event;
  auto fail = [](Event& e) -> Async<> {
    bool cancelled = false;
    try {
      co_await e.wait();
    } catch (const Cancelled&) {
      cancelled = true;
    }
    if (cancelled) throw std::runtime_error("clean-up failed");
  };
  scope.spawn("faulty", fail(event));
  loop_.poll();
  scope.cancel();
  loop_.run_until_done(scope.join());
  EXPECT_THAT(failures, ElementsAre("faulty"));
}

/// Owns children, and ends them before it ends, even when it is itself cancelled.
Async<> parent(Executor executor, Event& event, bool& joined) {
  Scope children(std::move(executor));
  children.spawn("child", wait_for(event));
  std::exception_ptr error;
  try {
    co_await event.wait();
  } catch (...) {
    error = std::current_exception();
  }
  co_await forget_cancellation();
  children.cancel();
  co_await children.join();
  joined = true;
  if (error) std::rethrow_exception(error);
}

TEST_F(ScopeTest, ACancelledParentCanJoinItsChildren) {
  Scope scope(loop_.executor());
  Event event;
  bool joined = false;
  scope.spawn("parent", parent(loop_.executor(), event, joined));
  loop_.poll();
  scope.cancel();
  scope.cancel();
  loop_.run_until_done(scope.join());
  EXPECT_TRUE(joined);
}

TEST_F(ScopeTest, SecondCancelDoesNotDisturbTheCleaningUp) {
  Scope scope(loop_.executor());
  Event event;
  Event cleaned;
  bool done = false;
  auto work = [](Event& e, Event& c, bool& d) -> Async<> {
    bool cancelled = false;
    try {
      co_await e.wait();
    } catch (const Cancelled&) {
      cancelled = true;
    }
    co_await forget_cancellation();
    co_await c.wait();
    d = cancelled;
  };
  scope.spawn("work", work(event, cleaned, done));
  loop_.poll();
  scope.cancel();
  loop_.poll();
  scope.cancel();
  loop_.poll();
  EXPECT_EQ(scope.size(), 1U);
  cleaned.set();
  loop_.run_until_done(scope.join());
  EXPECT_TRUE(done);
}

TEST_F(ScopeTest, LetsGoWhenTheLoopIsGone) {
  Event event;
  auto loop = std::make_unique<Loop>();
  Scope scope(loop->executor());
  scope.spawn("waiting", wait_for(event));
  loop->poll();
  scope.spawn("not started", wait_for(event));
  loop.reset();
  EXPECT_EQ(scope.size(), 0U);
}

TEST_F(ScopeDeathTest, AbortsOnALeakedCoroutine) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        Event event;
        Scope scope(loop_.executor());
        scope.spawn("forgotten one", wait_for(event));
        loop_.poll();
      },
      "forgotten one");
}

TEST_F(ScopeDeathTest, AbortsOnAFailureThatNobodyHandles) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  EXPECT_DEATH(
      {
        auto fail = []() -> Async<> {
          throw std::runtime_error("the cause");
          co_return;
        };
        Scope scope(loop_.executor());
        scope.spawn("faulty", fail());
        loop_.poll();
      },
      "faulty: the cause");
}

TEST_F(ScopeTest, AbandonForgets) {
  Event event;
  Scope scope(loop_.executor());
  scope.spawn("one", wait_for(event));
  loop_.poll();
  scope.abandon();
  EXPECT_EQ(scope.size(), 0U);
}

}  // namespace
}  // namespace ecs::base
