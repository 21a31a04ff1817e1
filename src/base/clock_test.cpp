#include "base/clock.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

#include "base/loop.hpp"
#include "base/scope.hpp"
#include "base/time_text.hpp"

namespace ecs::base {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class VirtualClockTest : public ::testing::Test {
 protected:
  Loop loop_;
  VirtualClock clock_{loop_};
  std::vector<int> fired_;
};

TEST_F(VirtualClockTest, FiresInOrderOfTimeAndThenOfCall) {
  const auto a = clock_.call_after(2s, [this] { fired_.push_back(2); });
  const auto b = clock_.call_after(1s, [this] { fired_.push_back(10); });
  const auto c = clock_.call_after(1s, [this] { fired_.push_back(11); });
  const auto d = clock_.call_after(3s, [this] { fired_.push_back(3); });
  clock_.advance(2s);
  EXPECT_THAT(fired_, ElementsAre(10, 11, 2));
  EXPECT_EQ(clock_.pending(), 1U);
}

TEST_F(VirtualClockTest, ReadsTheTimeOfTheTimerThatFires) {
  const Instant start = clock_.now();
  Duration seen{};
  const auto a = clock_.call_after(1500ms, [&] { seen = clock_.now() - start; });
  clock_.advance(10s);
  EXPECT_EQ(seen, 1500ms);
  EXPECT_EQ(clock_.now() - start, 10s);
  EXPECT_EQ(rfc3339(clock_.wall()), "2026-01-01T00:00:10Z");
}

TEST_F(VirtualClockTest, TimersMadeByTimersFireInTheSameAdvance) {
  std::unique_ptr<Timer> next;
  const auto a = clock_.call_after(1s, [&] { next = clock_.call_after(1s, [this] { fired_.push_back(1); }); });
  clock_.advance(2s);
  EXPECT_THAT(fired_, ElementsAre(1));
}

TEST_F(VirtualClockTest, DestroyedTimerDoesNotFire) {
  auto a = clock_.call_after(1s, [this] { fired_.push_back(1); });
  a.reset();
  EXPECT_EQ(clock_.pending(), 0U);
  std::unique_ptr<Timer> second = clock_.call_after(2s, [this] { fired_.push_back(2); });
  const auto first = clock_.call_after(1s, [&] { second.reset(); });
  clock_.advance(3s);
  EXPECT_TRUE(fired_.empty());
}

TEST_F(VirtualClockTest, TimerMayDestroyItself) {
  std::unique_ptr<Timer> self;
  auto owned = std::make_unique<int>(7);
  self = clock_.call_after(1s, [&self, this, owned = std::move(owned)] {
    self.reset();
    fired_.push_back(*owned);
  });
  clock_.advance(1s);
  EXPECT_THAT(fired_, ElementsAre(7));
}

TEST_F(VirtualClockTest, AdvanceUntilStopsAtTheCondition) {
  const Instant start = clock_.now();
  const auto a = clock_.call_after(1s, [this] { fired_.push_back(1); });
  const auto b = clock_.call_after(2s, [this] { fired_.push_back(2); });
  EXPECT_TRUE(clock_.advance_until([this] { return !fired_.empty(); }, 10s));
  EXPECT_EQ(clock_.now() - start, 1s);
  EXPECT_FALSE(clock_.advance_until([] { return false; }, 5s));
  EXPECT_EQ(clock_.now() - start, 6s);
  EXPECT_THAT(fired_, ElementsAre(1, 2));
}

Async<> sleep_twice(Clock& clock, std::vector<int>& out) {
  co_await clock.sleep_for(1s);
  out.push_back(1);
  co_await clock.sleep_for(0s);
  co_await clock.sleep_for(-5s);
  out.push_back(2);
  co_await clock.sleep_for(1s);
  out.push_back(3);
}

TEST_F(VirtualClockTest, SleepsAndCancelledSleepsLeaveNoTimer) {
  Scope scope(loop_.executor());
  scope.spawn("sleeper", sleep_twice(clock_, fired_));
  clock_.advance(1s);
  EXPECT_THAT(fired_, ElementsAre(1, 2));
  EXPECT_EQ(clock_.pending(), 1U);
  scope.cancel();
  clock_.advance(0s);
  EXPECT_EQ(clock_.pending(), 0U);
  EXPECT_EQ(scope.size(), 0U);
  clock_.advance(10s);
  EXPECT_THAT(fired_, ElementsAre(1, 2));
}

TEST(RealClockTest, FiresOnTheLoop) {
  Loop loop;
  RealClock clock(loop.executor());
  std::vector<int> order;
  auto work = [](RealClock& c, std::vector<int>& out) -> Async<> {
    const Instant start = c.now();
    co_await c.sleep_for(2ms);
    if (c.now() - start >= 2ms) out.push_back(1);
  };
  loop.run_until_done(work(clock, order));
  EXPECT_THAT(order, ElementsAre(1));
}

TEST(RealClockTest, TimerMayDestroyItself) {
  Loop loop;
  RealClock clock(loop.executor());
  std::unique_ptr<Timer> self;
  int seen = 0;
  self = clock.call_after(0s, [&, owned = std::make_unique<int>(7)] {
    self.reset();
    seen = *owned;
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(seen, 7);
}

TEST(RealClockTest, DestroyedTimerDoesNotFireThoughItIsDue) {
  Loop loop;
  RealClock clock(loop.executor());
  bool fired = false;
  std::unique_ptr<Timer> second;
  const auto first = clock.call_after(-1s, [&] { second.reset(); });
  second = clock.call_after(-1s, [&] { fired = true; });
  loop.poll();
  loop.poll();
  EXPECT_FALSE(fired);
}

}  // namespace
}  // namespace ecs::base
