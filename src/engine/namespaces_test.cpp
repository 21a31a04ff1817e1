// Tasks whose containers share namespaces.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/testing/rig.hpp"

namespace ecs::engine {
namespace {

using ::testing::ElementsAre;
using testing::kArn;
using testing::payload_container;
using testing::payload_task;
using testing::Rig;
using ::testing::StartsWith;

const std::string kPause = "~internal~ecs~pause~namespace";

acs::Task shared(const std::string& id = "1") {
  auto task = payload_task({payload_container("a"), payload_container("b")}, id);
  task.pid_mode = "task";
  task.ipc_mode = "task";
  return task;
}

std::vector<std::string> in_order(const testing::FakeDaemon& daemon, const std::string& verb) {
  std::vector<std::string> all;
  for (const std::string& call : daemon.calls) {
    if (!call.starts_with(verb + " ecs-fam-3-")) continue;
    const std::string rest = call.substr(verb.size() + 11);
    all.push_back(rest.substr(0, rest.find('-')));
  }
  return all;
}

TEST(Namespaces, ThePauseContainerStartsFirstAndStopsLast) {
  Rig rig;
  rig.boot();
  const auto task = shared();
  rig.accept({task});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  EXPECT_EQ(rig.daemon.calls_of("load"), 1U);
  EXPECT_EQ(in_order(rig.daemon, "start").front(), "internalecspausenamespace");
  rig.stop(task);
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(in_order(rig.daemon, "stop").back(), "internalecspausenamespace");
  for (const auto& request : rig.submitter.accepted) {
    for (const auto& c : request.containers.value_or(std::vector<aws::ContainerStateChange>{})) {
      EXPECT_NE(c.container_name, kPause);
    }
  }
}

TEST(Namespaces, TheImageIsLoadedOnceForAll) {
  Rig rig;
  rig.boot();
  const auto a = shared("a");
  const auto b = shared("b");
  rig.accept({a, b});
  ASSERT_TRUE(rig.wait_status(*a.arn, "RUNNING"));
  ASSERT_TRUE(rig.wait_status(*b.arn, "RUNNING"));
  EXPECT_EQ(rig.daemon.calls_of("load"), 1U);
  EXPECT_EQ(rig.daemon.calls_of("pull"), 4U);
}

TEST(Namespaces, TheTaskEndsWithItsPauseContainer) {
  Rig rig;
  rig.boot();
  rig.accept({shared()});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.daemon.exit(*rig.daemon.of(kPause), 1);
  EXPECT_TRUE(rig.wait_status(kArn, "STOPPED"));
}

TEST(Namespaces, TheyOutliveARestartOfTheAgent) {
  Rig rig;
  rig.boot();
  const auto task = shared();
  rig.accept({task});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.die();
  rig.boot();
  rig.clock.advance(std::chrono::minutes(1));
  EXPECT_THAT(rig.submitter.statuses(kArn), ElementsAre("PENDING", "RUNNING"));
  EXPECT_EQ(in_order(rig.daemon, "create").size(), 3U);
  rig.stop(task);
  EXPECT_TRUE(rig.wait_status(kArn, "STOPPED"));
}

}  // namespace
}  // namespace ecs::engine
