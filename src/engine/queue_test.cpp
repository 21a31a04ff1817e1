// The queue for host resources as the control plane and the container engine see it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/testing/rig.hpp"

namespace ecs::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::payload_container;
using testing::payload_task;
using testing::Rig;
using ::testing::StartsWith;

acs::Task task_with(const std::string& id, std::int64_t memory, std::int64_t host_port = 0) {
  auto c = payload_container("c");
  c.memory = memory;
  if (host_port != 0) c.port_mappings = {{.container_port = 80, .host_port = host_port}};
  return payload_task({c}, id);
}

TEST(Engine, Engine09_ATaskBiggerThanTheHostIsStoppedAtOnce) {
  Rig rig({.memory = 100});
  rig.boot();
  const auto big = task_with("big", 101);
  const auto small = task_with("small", 100);
  EXPECT_TRUE(rig.accept({big, small}));
  ASSERT_TRUE(rig.wait_status(*big.arn, "STOPPED", std::chrono::seconds(1)));
  EXPECT_EQ(rig.submitter.accepted.front().reason,
            "HostResourcesError: the task needs 101 MiB of memory, this host has 100 MiB for tasks");
  EXPECT_TRUE(rig.wait_status(*small.arn, "RUNNING"));
  EXPECT_EQ(rig.daemon.calls_of("create"), 1U);
}

TEST(Engine, Engine11_AReservedPortStopsTheTask) {
  Rig rig;
  rig.boot();
  const auto task = task_with("ssh", 10, 22);
  EXPECT_TRUE(rig.accept({task}));
  ASSERT_TRUE(rig.wait_status(*task.arn, "STOPPED", std::chrono::seconds(1)));
  EXPECT_EQ(rig.submitter.accepted.front().reason,
            "HostResourcesError: the task needs port 22/tcp, which is reserved on this host");
  EXPECT_EQ(rig.daemon.calls_of("create"), 0U);
}

TEST(Engine, Engine10_ThePortGoesOverWhenItsHolderReportsStopped) {
  Rig rig;
  rig.boot();
  const auto old = task_with("old", 10, 8080);
  const auto next = task_with("next", 10, 8080);
  const auto other = task_with("other", 10);
  rig.accept({old});
  ASSERT_TRUE(rig.wait_status(*old.arn, "RUNNING"));
  rig.accept({next, other});
  // One that wants nothing of what the first lacks does not wait for it.
  ASSERT_TRUE(rig.wait_status(*other.arn, "RUNNING", std::chrono::seconds(1)));
  EXPECT_THAT(rig.submitter.statuses(*next.arn), IsEmpty());
  ASSERT_FALSE(rig.engine->task(*next.arn)->waiting.empty());
  EXPECT_THAT(rig.engine->task(*next.arn)->waiting[0].why, StartsWith("waits for port 8080/tcp, held by task old"));
  rig.stop(old);
  ASSERT_TRUE(rig.wait_status(*old.arn, "STOPPED"));
  EXPECT_TRUE(rig.wait_status(*next.arn, "RUNNING", std::chrono::seconds(1)));
}

TEST(Engine, Engine07_AStopOfAnUnknownTaskHoldsNothing) {
  Rig rig({.memory = 100});
  rig.boot();
  const auto there = task_with("there", 100);
  rig.accept({there});
  ASSERT_TRUE(rig.wait_status(*there.arn, "RUNNING"));
  const auto unknown = task_with("unknown", 100);
  rig.stop(unknown);
  EXPECT_TRUE(rig.wait_status(*unknown.arn, "STOPPED", std::chrono::seconds(1)));
  EXPECT_EQ(rig.daemon.calls_of("create"), 1U);
}

TEST(Queue, IsKeptOverARestart) {
  Rig rig({.memory = 100});
  rig.boot();
  const auto a = task_with("a", 100);
  const auto b = task_with("b", 100);
  rig.accept({a, b});
  ASSERT_TRUE(rig.wait_status(*a.arn, "RUNNING"));
  rig.die();
  rig.boot();
  rig.clock.advance(std::chrono::minutes(2));
  EXPECT_THAT(rig.submitter.statuses(*b.arn), IsEmpty());
  rig.stop(a);
  EXPECT_TRUE(rig.wait_status(*b.arn, "RUNNING"));
}

TEST(Queue, ATaskThatNoLongerFitsAfterARestartIsStopped) {
  Rig rig({.memory = 100});
  rig.boot();
  const auto a = task_with("a", 60);
  const auto b = task_with("b", 90);
  rig.accept({a, b});
  ASSERT_TRUE(rig.wait_status(*a.arn, "RUNNING"));
  rig.die();
  rig.settings.memory = 80;
  rig.boot();
  ASSERT_TRUE(rig.wait_status(*b.arn, "STOPPED", std::chrono::seconds(1)));
  EXPECT_THAT(*rig.submitter.accepted.back().reason, StartsWith("HostResourcesError: the task needs 90 MiB"));
  EXPECT_THAT(rig.submitter.statuses(*a.arn), ElementsAre("PENDING", "RUNNING"));
}

}  // namespace
}  // namespace ecs::engine
