// Restart policies on an engine that runs, dies and is slow.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/testing/rig.hpp"
#include "json/decode.hpp"

namespace ecs::engine {
namespace {

using store::testing::FakeStore;
using ::testing::Contains;
using ::testing::ElementsAre;
using testing::kArn;
using ::testing::Not;
using testing::payload_container;
using testing::payload_task;
using testing::Rig;
using ::testing::SizeIs;

acs::Container restarting(const std::string& name) {
  acs::Container c = payload_container(name);
  c.restart_policy = acs::RestartPolicy{true, {3}, 60};
  return c;
}

/// A task that runs and whose container ran for longer than its period.
void run_for_long(Rig& rig) {
  rig.boot();
  ASSERT_TRUE(rig.accept({payload_task({restarting("c1")})}));
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.clock.advance(std::chrono::seconds(61));
}

int starts(const Rig& rig) { return rig.daemon.starts.begin()->second; }

TEST(Engine, Engine33_ARestartIsAStartOfTheSameContainer) {
  Rig rig;
  run_for_long(rig);
  const std::size_t reports = rig.submitter.attempts.size();
  rig.daemon.exit(*rig.daemon.of("c1"), 1);
  rig.clock.advance(std::chrono::seconds(2));
  EXPECT_EQ(starts(rig), 2);
  EXPECT_THAT(rig.daemon.containers, SizeIs(1));
  EXPECT_TRUE(rig.daemon.of("c1")->running);
  EXPECT_EQ(rig.submitter.attempts.size(), reports);
  EXPECT_EQ(rig.daemon.calls_of("create"), 1U);
  EXPECT_EQ(rig.engine->task(kArn)->task->containers[0].restart_count, 1);
  // The next one comes within the period.
  rig.daemon.exit(*rig.daemon.of("c1"), 1);
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(rig.submitter.accepted.back().containers->at(0).exit_code, 1);
  EXPECT_EQ(starts(rig), 2);
}

TEST(Engine, CountAndMomentAreDurableBeforeTheRestart) {
  Rig rig;
  run_for_long(rig);
  rig.store.delay_each(rig.clock, std::chrono::milliseconds(20));
  bool durable = false;
  rig.client->on_call = [&](const std::string& call, bool done) {
    if (!call.starts_with("start") || done) return;
    durable = rig.store.find(store::Table::kContainers, "1-c1")->find("\"restartCount\":1") != std::string::npos;
  };
  rig.daemon.exit(*rig.daemon.of("c1"), 1);
  rig.clock.advance(std::chrono::seconds(2));
  EXPECT_EQ(starts(rig), 2);
  EXPECT_TRUE(durable);
}

TEST(Engine, ADeathBeforeOrAfterTheRestartCallMakesItOnce) {
  for (const bool done : {false, true}) {
    Rig rig;
    run_for_long(rig);
    bool reached = false;
    rig.client->on_call = [&](const std::string& call, bool after) {
      if (reached || after != done || !call.starts_with("start")) return;
      reached = true;
      rig.client->dead = rig.submitter.dead = true;
      rig.store.crash(FakeStore::AfterCrash::kHang);
    };
    rig.daemon.exit(*rig.daemon.of("c1"), 1);
    ASSERT_TRUE(rig.clock.advance_until([&] { return reached; }, std::chrono::minutes(1)));
    rig.die();
    rig.clock.advance(std::chrono::seconds(5));
    rig.boot();
    rig.clock.advance(std::chrono::seconds(5));
    EXPECT_EQ(starts(rig), 2);
    EXPECT_TRUE(rig.daemon.of("c1")->running);
    EXPECT_EQ(rig.engine->task(kArn)->task->containers[0].restart_count, 1);
    EXPECT_THAT(rig.submitter.statuses(kArn), Not(Contains("STOPPED")));
  }
}

TEST(Engine, ASlowRestartBlocksNoIntake) {
  Rig rig;
  run_for_long(rig);
  rig.client->delays["start"] = std::chrono::minutes(2);
  rig.daemon.exit(*rig.daemon.of("c1"), 1);
  rig.clock.advance(std::chrono::seconds(1));
  EXPECT_FALSE(rig.daemon.of("c1")->running);
  rig.client->delays.clear();
  const auto begin = rig.clock.now();
  const auto second = payload_task({payload_container("c1")}, "2");
  ASSERT_TRUE(rig.accept({second}));
  ASSERT_TRUE(rig.stop(payload_task({restarting("c1")})));
  ASSERT_TRUE(rig.wait_status(*second.arn, "RUNNING"));
  EXPECT_LT(rig.clock.now() - begin, std::chrono::seconds(20));
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
}

TEST(Engine, AnOperatorsStopCountsAgainstThePolicy) {
  for (const int seed : {1, 2, 3, 4, 5, 6, 7, 8}) {
    Rig rig({}, static_cast<std::uint64_t>(seed));
    run_for_long(rig);
    rig.client->slowest = std::chrono::milliseconds(20);
    auto& c = *rig.daemon.of("c1");
    rig.daemon.exit(c, 143);
    // The word that it was a stop comes at any moment around the restart.
    rig.clock.advance(std::chrono::milliseconds(5 * seed));
    rig.daemon.tell(c, "stop");
    ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
    EXPECT_EQ(rig.submitter.accepted.back().containers->at(0).exit_code, 143);
    rig.clock.advance(std::chrono::seconds(5));
    EXPECT_FALSE(rig.daemon.of("c1")->running);
  }
}

TEST(Engine, ARemovedContainerWithAPolicyEndsWithItsExitCode) {
  Rig rig;
  run_for_long(rig);
  rig.daemon.remove(rig.daemon.of("c1")->id);
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(rig.submitter.accepted.back().containers->at(0).exit_code, 137);
  EXPECT_EQ(rig.submitter.accepted.back().containers->at(0).reason, std::nullopt);
}

TEST(Engine, AContainerRestartedByHandEndsAndIsStopped) {
  Rig rig;
  rig.boot();
  ASSERT_TRUE(rig.accept({payload_task({payload_container("c1")})}));
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.clock.advance(std::chrono::seconds(10));
  // Too quick to be seen in between.
  rig.daemon.stop_by_hand(*rig.daemon.of("c1"));
  rig.daemon.start(*rig.daemon.of("c1"));
  rig.daemon.tell(*rig.daemon.of("c1"), "restart");
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(rig.submitter.accepted.back().containers->at(0).exit_code, 143);
  rig.clock.advance(std::chrono::seconds(5));
  EXPECT_FALSE(rig.daemon.of("c1")->running);
}

}  // namespace
}  // namespace ecs::engine
