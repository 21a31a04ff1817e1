// Ten thousand random tasks through one engine: none is lost, told of twice or stuck, and nothing of them stays.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <malloc.h>

#include <map>
#include <set>
#include <string>
#include <vector>

#include "engine/testing/random_task.hpp"

namespace ecs::engine {
namespace {

using ::testing::IsEmpty;
using testing::Rig;

#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
constexpr int kTasks = 1000;
#else
constexpr int kTasks = 10000;
#endif
constexpr int kAtOnce = 50;

class Crowd {
 public:
  Crowd()
      : rig_({.pull_behavior = task::PullBehavior::kPreferCached, .cleanup_wait = std::chrono::seconds(30)}, 7),
        random_(7) {
    rig_.daemon.images["127.0.0.1:5000/busybox:1"].id = "sha256:image";
    rig_.boot();
  }

  /// From the arrival of some tasks to the removal of the last trace of them.
  void wave() {
    std::vector<acs::Task> tasks;
    for (int i = 0; i < kAtOnce; ++i) {
      tasks.push_back(testing::random_task(random_, std::to_string(++made_), 3));
    }
    ASSERT_TRUE(rig_.accept(tasks));
    rig_.client->slowest = std::chrono::milliseconds(chance(50) ? 30 : 0);
    for (int second = 0; second < 10; ++second) {
      rig_.clock.advance(std::chrono::seconds(1));
      world_moves();
      for (int i = 0; i < 2; ++i) rig_.stop(tasks[random_.below(tasks.size())]);
    }
    for (acs::Task& task : tasks) task.desired_status = "STOPPED";
    ASSERT_TRUE(rig_.accept(tasks));
    rig_.clock.advance(std::chrono::minutes(3));
    check(tasks);
  }

  /// Bytes in use once all that the fakes remember is gone.
  std::size_t bytes() {
    rig_.daemon.forget();
    rig_.submitter.accepted.clear();
    rig_.submitter.attempts.clear();
    rig_.events.all.clear();
    rig_.log.clear();
    rig_.store.forget_history();
    return mallinfo2().uordblks;
  }

  [[nodiscard]] int made() const { return made_; }

 private:
  bool chance(std::uint64_t percent) { return random_.below(100) < percent; }

  void world_moves() {
    std::vector<std::string> removed;
    for (auto& [id, c] : rig_.daemon.containers) {
      const auto what = random_.below(100);
      if (!c.running) continue;
      if (what < 15) {
        rig_.daemon.exit(c, static_cast<int>(random_.below(3)));
      } else if (what < 18) {
        rig_.daemon.stop_by_hand(c);
      } else if (what < 20) {
        removed.push_back(id);
      } else if (what < 50) {
        rig_.daemon.set_health(c, chance(70) ? "healthy" : "unhealthy");
      }
    }
    for (const std::string& id : removed) rig_.daemon.remove(id);
    if (chance(3)) rig_.client->cut_events();
  }

  void check(const std::vector<acs::Task>& tasks) {
    std::map<std::string, std::vector<std::string>> told;
    for (const auto& request : rig_.submitter.accepted) told[request.task].push_back(*request.status);
    EXPECT_EQ(told.size(), tasks.size());
    for (const auto& [arn, statuses] : told) {
      EXPECT_EQ(std::ranges::count(statuses, "STOPPED"), 1) << arn;
      EXPECT_EQ(statuses.back(), "STOPPED") << arn;
      EXPECT_TRUE(std::ranges::is_sorted(statuses)) << arn;  // PENDING, RUNNING, STOPPED
    }
    for (const auto& [name, count] : rig_.daemon.creates) EXPECT_EQ(count, 1) << name;
    EXPECT_THAT(rig_.engine->tasks(), IsEmpty());
    EXPECT_THAT(rig_.daemon.containers, IsEmpty());
    EXPECT_THAT(rig_.store.rows(store::Table::kTasks), IsEmpty());
    EXPECT_THAT(rig_.store.rows(store::Table::kContainers), IsEmpty());
  }

  Rig rig_;
  base::Random random_;
  int made_ = 0;
};

TEST(EngineProperty, TenThousandTasksLeaveNothingBehind) {
  Crowd crowd;
  std::size_t early = 0;
  while (crowd.made() < kTasks) {
    crowd.wave();
    if (::testing::Test::HasFailure()) FAIL() << "after " << crowd.made() << " tasks";
    const std::size_t bytes = crowd.bytes();
    if (crowd.made() <= kTasks / 10) early = bytes;
    if (crowd.made() == kTasks) EXPECT_LE(bytes, early + 256 * 1024) << "bytes in use grow with the tasks";
  }
}

}  // namespace
}  // namespace ecs::engine
