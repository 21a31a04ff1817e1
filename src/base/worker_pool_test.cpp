#include "base/worker_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <stdexcept>
#include <thread>

#include "base/loop.hpp"
#include "base/scope.hpp"

namespace ecs::base {
namespace {

TEST(WorkerPoolTest, GivesResultsOnTheLoop) {
  Loop loop;
  WorkerPool pool(loop.executor());
  const auto work = [] { return std::this_thread::get_id(); };
  auto run = [](WorkerPool& p, auto f) -> Async<bool> {
    const std::thread::id loop_thread = std::this_thread::get_id();
    const std::thread::id worker = co_await p.run(f);
    co_return worker != loop_thread&& std::this_thread::get_id() == loop_thread;
  };
  EXPECT_TRUE(loop.run_until_done(run(pool, work)));
}

TEST(WorkerPoolTest, PassesExceptions) {
  Loop loop;
  WorkerPool pool(loop.executor());
  const auto work = [] { throw std::runtime_error("blocked"); };
  EXPECT_THROW(loop.run_until_done(pool.run(work)), std::runtime_error);
}

TEST(WorkerPoolTest, ResultsNeedNotBeCopyableOrDefaultable) {
  struct Only {
    explicit Only(int n) : number(std::make_unique<int>(n)) {}
    std::unique_ptr<int> number;
  };
  Loop loop;
  WorkerPool pool(loop.executor());
  auto work = [held = std::make_unique<int>(5)] { return Only(*held); };
  EXPECT_EQ(*loop.run_until_done(pool.run(std::move(work))).number, 5);
}

TEST(WorkerPoolTest, RunsJobsSideBySide) {
  Loop loop;
  WorkerPool pool(loop.executor(), 2);
  std::latch both(2);
  const auto meet = [&both] { both.arrive_and_wait(); };
  Scope scope(loop.executor());
  scope.spawn("one", pool.run(meet));
  scope.spawn("two", pool.run(meet));
  loop.run_until_done(scope.join());
}

TEST(WorkerPoolTest, RunsMoreJobsThanThreads) {
  Loop loop;
  WorkerPool pool(loop.executor(), 2);
  std::atomic<int> count = 0;
  const auto work = [&count] { ++count; };
  Scope scope(loop.executor());
  for (int i = 0; i < 100; ++i) scope.spawn("job", pool.run(work));
  loop.run_until_done(scope.join());
  EXPECT_EQ(count, 100);
}

/// Says which thread destroyed it.
struct Witness {
  explicit Witness(std::atomic<std::thread::id>& where) : where(where) {}
  Witness(const Witness&) = delete;
  Witness& operator=(const Witness&) = delete;
  ~Witness() { where = std::this_thread::get_id(); }
  std::atomic<std::thread::id>& where;
};

TEST(WorkerPoolTest, CancelledCallerLeavesTheWorkAlone) {
  std::atomic<std::thread::id> destroyed_by{};
  std::atomic<bool> finished = false;
  std::latch begun(1);
  std::latch go(1);
  Loop loop;
  {
    WorkerPool pool(loop.executor(), 1);
    Scope scope(loop.executor());
    auto work = [&, witness = std::make_shared<Witness>(destroyed_by)] {
      begun.count_down();
      go.wait();
      finished = true;
    };
    scope.spawn("caller", pool.run(std::move(work)));
    loop.poll();
    begun.wait();
    scope.cancel();
    loop.run_until_done(scope.join());
    EXPECT_FALSE(finished);
    go.count_down();
  }
  EXPECT_TRUE(finished) << "a job that has begun ends before the pool does";
  loop.poll();
  EXPECT_EQ(destroyed_by.load(), std::this_thread::get_id()) << "what a job owns is released on the loop";
}

TEST(WorkerPoolTest, DroppedJobsCancelTheirCallers) {
  std::latch begun(1);
  std::latch go(1);
  std::atomic<int> count = 0;
  Loop loop;
  Scope scope(loop.executor());
  auto pool = std::make_unique<WorkerPool>(loop.executor(), 1);
  const auto first = [&] {
    begun.count_down();
    go.wait();
    ++count;
  };
  const auto second = [&] { ++count; };
  scope.spawn("first", pool->run(first));
  scope.spawn("second", pool->run(second));
  loop.poll();
  begun.wait();
  std::thread later([&] { go.count_down(); });
  pool.reset();
  later.join();
  loop.run_until_done(scope.join());
  EXPECT_LE(count, 2);
  EXPECT_EQ(scope.size(), 0U);
}

TEST(WorkerPoolTest, WithoutThreadsJobsRunOnTheLoop) {
  Loop loop;
  WorkerPool pool(loop.executor(), 0);
  std::thread::id ran_on;
  const auto work = [&ran_on] { ran_on = std::this_thread::get_id(); };
  Scope scope(loop.executor());
  scope.spawn("job", pool.run(work));
  loop.poll();
  EXPECT_EQ(scope.size(), 0U);
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(WorkerPoolTest, MayEndUnused) {
  Loop loop;
  const WorkerPool pool(loop.executor());
}

}  // namespace
}  // namespace ecs::base
