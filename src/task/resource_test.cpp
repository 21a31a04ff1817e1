// The rules of resources: before the pulls, once, a failure ends the task.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "task/dependencies.hpp"
#include "task/testing.hpp"

namespace ecs::task {
namespace {

using testing::container;
using testing::Play;

Resource cgroup() {
  Resource r;
  r.kind = ResourceKind::kCgroup;
  r.name = "cgroup";
  r.cgroup = CgroupSpec{.root = "/ecs/0af3"};
  return r;
}

Resource volume(std::string name, bool task_scope) {
  Resource r;
  r.kind = ResourceKind::kVolume;
  r.name = std::move(name);
  r.volume =
      VolumeSpec{.docker_name = "ecs-f-1-" + r.name + "-00", .task_scope = task_scope, .autoprovision = !task_scope};
  return r;
}

Container mounting(std::string name, std::string volume) {
  Container c = container(std::move(name));
  c.mount_points.push_back({std::move(volume), "/data", false});
  return c;
}

/// A task that wants to run but for which the host has no room yet.
Play waiting(std::vector<Container> containers, std::vector<Resource> resources) {
  Play play;
  play.task.arn = "arn:aws:ecs:us-west-2:123456789012:task/c/0af3";
  play.task.containers = std::move(containers);
  play.task.resources = std::move(resources);
  play.see(Wanted{TaskStatus::kRunning});
  return play;
}

Play admitted(std::vector<Container> containers, std::vector<Resource> resources) {
  Play play = waiting(std::move(containers), std::move(resources));
  play.see(Admitted{});
  return play;
}

TEST(Resource, IsCreatedOnceTheHostHasRoom) {
  Play play = waiting({container("a")}, {cgroup()});
  EXPECT_FALSE(play.wants(StepKind::kCreateResource));
  play.see(Admitted{});
  EXPECT_TRUE(play.wants(StepKind::kCreateResource));
  play.start_step(StepKind::kCreateResource, 0);
  EXPECT_FALSE(play.wants(StepKind::kCreateResource));
  play.see(ResourceCreated{0});
  EXPECT_FALSE(play.wants(StepKind::kCreateResource));
  EXPECT_EQ(play.task.resources[0].known, ResourceStatus::kCreated);
}

TEST(Resource, ComesBeforeThePullAndNotBeforeTheDigest) {
  Play play = admitted({container("a")}, {cgroup()});
  EXPECT_TRUE(play.wants(StepKind::kResolve));
  play.pass(StepKind::kResolve);
  EXPECT_FALSE(play.wants(StepKind::kPull));
  play.pass(StepKind::kCreateResource);
  EXPECT_TRUE(play.wants(StepKind::kPull));
}

TEST(Resource, HoldsUpOnlyTheContainersThatNeedIt) {
  Play play = admitted({mounting("a", "v"), container("b")}, {volume("v", true)});
  play.pass(StepKind::kResolve, 0);
  play.pass(StepKind::kResolve, 1);
  EXPECT_FALSE(play.wants(StepKind::kPull, 0));
  EXPECT_TRUE(play.wants(StepKind::kPull, 1));
  EXPECT_FALSE(has_resources(play.task, 0));
  EXPECT_TRUE(has_resources(play.task, 1));
}

TEST(Resource, WaitsForItsCreateEvenWhenPullsDoNotWait) {
  Play play = admitted({mounting("a", "v")}, {volume("v", true)});
  play.task.policy.pull_upfront = true;
  play.pass(StepKind::kResolve);
  EXPECT_FALSE(play.wants(StepKind::kPull));
}

TEST(Resource, AFailureStopsTheTaskWithItsReason) {
  Play play = admitted({container("a")}, {cgroup(), volume("v", true)});
  play.start_step(StepKind::kCreateResource, 0);
  play.start_step(StepKind::kCreateResource, 1);
  play.see(ResourceFailed{1, "error  response\n from daemon: no   driver "});
  play.see(ResourceFailed{0, "CgroupError: second"});
  const auto reports = play.reports();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].status, TaskStatus::kStopped);
  EXPECT_EQ(reports[0].reason, "Error response from daemon: no driver");
  EXPECT_EQ(play.task.resources[0].terminal_reason, "CgroupError: second");
  EXPECT_EQ(play.task.resources[0].desired, ResourceStatus::kRemoved);
  EXPECT_EQ(play.task.resources[1].known, ResourceStatus::kNone);
  EXPECT_THAT(play.steps(), ::testing::IsEmpty());
}

TEST(Resource, IsNotCreatedForATaskThatIsToStop) {
  Play play = waiting({container("a")}, {cgroup(), volume("s", false)});
  play.see(Wanted{TaskStatus::kStopped});
  play.see(Admitted{});
  EXPECT_FALSE(play.wants(StepKind::kCreateResource, 0));
  EXPECT_FALSE(play.wants(StepKind::kCheckResource, 1));
}

TEST(Resource, WhatMayExistIsCheckedBeforeAnythingIsDone) {
  Play play = waiting({container("a")}, {cgroup(), volume("s", false)});
  EXPECT_THAT(play.steps(), ::testing::ElementsAre(Step{StepKind::kCheckResource, 1}));
  play.see(Admitted{});
  EXPECT_THAT(play.steps(), ::testing::ElementsAre(Step{StepKind::kCheckResource, 1}));
  play.start_step(StepKind::kCheckResource, 1);
  EXPECT_THAT(play.steps(), ::testing::IsEmpty());
  play.see(ResourceChecked{.resource = 1, .exists = false, .refused = {}});
  EXPECT_THAT(play.steps(),
              ::testing::UnorderedElementsAre(Step{StepKind::kResolve, 0}, Step{StepKind::kCreateResource, 0}));
}

TEST(Resource, AVolumeWaitsForTheDigestsOfAllImages) {
  Play play = admitted({mounting("a", "v"), container("b")}, {volume("v", true)});
  play.pass(StepKind::kResolve, 0);
  EXPECT_FALSE(play.wants(StepKind::kCreateResource));
  play.pass(StepKind::kResolve, 1);
  EXPECT_TRUE(play.wants(StepKind::kCreateResource, 0));
}

TEST(Resource, WhatExistsIsNotCreated) {
  Play play = admitted({mounting("a", "s")}, {volume("s", false)});
  play.start_step(StepKind::kCheckResource, 0);
  play.see(ResourceChecked{.resource = 0, .exists = true, .refused = {}});
  EXPECT_FALSE(play.wants(StepKind::kCreateResource));
  play.pass(StepKind::kResolve);
  EXPECT_TRUE(play.wants(StepKind::kPull));
}

TEST(Resource, ARefusalEndsTheTaskWithoutAWordOfItsContainers) {
  Play play = waiting({container("a"), container("b")}, {volume("s", false)});
  play.start_step(StepKind::kCheckResource, 0);
  play.see(ResourceChecked{.resource = 0, .exists = false, .refused = "resource cannot be  initialized"});
  const auto reports = play.reports();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].status, TaskStatus::kStopped);
  EXPECT_EQ(reports[0].reason, "resource cannot be  initialized");
  EXPECT_THAT(reports[0].containers, ::testing::IsEmpty());
  EXPECT_EQ(reports[0].execution_stopped_at, 0);
}

TEST(Resource, ARefusalAfterARestartStopsWhatRuns) {
  Play play = admitted({container("a")}, {volume("s", false)});
  play.task.resources[0].checked = true;
  play.bring(0, ContainerStatus::kRunning);
  play.task.resources[0].checked = false;
  play.reports();
  play.start_step(StepKind::kCheckResource, 0);
  play.see(ResourceChecked{.resource = 0, .exists = false, .refused = "no"});
  EXPECT_TRUE(play.wants(StepKind::kStop));
  EXPECT_EQ(play.task.reason, "No");
}

TEST(Resource, AnInterruptedCreateRunsAgain) {
  Play play = admitted({container("a")}, {cgroup()});
  play.start_step(StepKind::kCreateResource, 0);
  play.task.resources[0].doing.reset();  // As the row has it.
  resume(play.task, play.now);
  EXPECT_TRUE(play.wants(StepKind::kCreateResource));
}

TEST(Resource, WordsAreThoseOfTheOriginal) {
  EXPECT_EQ(to_string(ResourceStatus::kNone), "NONE");
  EXPECT_EQ(to_string(ResourceStatus::kCreated), "CREATED");
  EXPECT_EQ(to_string(ResourceStatus::kRemoved), "REMOVED");
  EXPECT_EQ(to_string(ResourceKind::kCgroup), "cgroup");
  EXPECT_EQ(to_string(ResourceKind::kVolume), "dockerVolume");
}

}  // namespace
}  // namespace ecs::task
