#include "base/loop.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <thread>

#include "base/event.hpp"

namespace ecs::base {
namespace {

Async<std::string> answer() { co_return "42"; }
Async<int> fail() {
  throw std::runtime_error("no");
  co_return 0;
}
Async<int> wait_for(Event& event) {
  co_await event.wait();
  co_return 1;
}

TEST(LoopTest, RunsUntilTheWorkIsDone) {
  Loop loop;
  EXPECT_EQ(loop.run_until_done(answer()), "42");
  EXPECT_THROW(loop.run_until_done(fail()), std::runtime_error);
}

TEST(LoopTest, PostsFromAnotherThread) {
  Loop loop;
  Event event;
  std::thread thread([&] { loop.post([&] { event.set(); }); });
  EXPECT_EQ(loop.run_until_done(wait_for(event)), 1);
  thread.join();
}

TEST(LoopTest, StoppedLoopDoesNotPretendAResult) {
  Loop loop;
  Event event;
  loop.post([&] { loop.stop(); });
  EXPECT_THROW(loop.run_until_done(wait_for(event)), std::logic_error);
  event.set();
  loop.poll();  // the work ends now, and its result goes nowhere
}

TEST(LoopTest, ExceptionOfAPostedFunctionPassesThrough) {
  Loop loop;
  Event event;
  loop.post([] { throw std::runtime_error("posted"); });
  EXPECT_THROW(loop.run_until_done(wait_for(event)), std::runtime_error);
  event.set();
  loop.poll();
}

TEST(LoopTest, RunEndsWithStop) {
  Loop loop;
  int ran = 0;
  loop.post([&] {
    ++ran;
    loop.stop();
  });
  loop.run();
  EXPECT_EQ(ran, 1);
  loop.post([&] { ++ran; });
  EXPECT_EQ(loop.poll(), 1U);
}

}  // namespace
}  // namespace ecs::base
