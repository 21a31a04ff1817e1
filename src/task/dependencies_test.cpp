#include "task/dependencies.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "task/testing.hpp"

namespace ecs::task {
namespace {

using testing::container;
using testing::facts;
using testing::play;
using testing::Play;
using enum ContainerStatus;

Container healthy(std::string name) {
  Container c = container(std::move(name));
  c.health_check_type = "docker";
  return c;
}

/// `b` depends on `a` by the condition; both have their digests.
Play pair_of(Condition condition, bool a_essential = false) {
  Container a = healthy("a");
  a.essential = a_essential;
  Play p = play({a, container("b", false, {{"a", condition}})});
  p.pass(StepKind::kResolve, 0);
  p.pass(StepKind::kResolve, 1);
  return p;
}

TEST(Dependencies, DigestsAreLookedUpAtOnce) {
  const Play p = play({container("a"), container("b", true, {{"a", Condition::kSuccess}})});
  EXPECT_TRUE(p.wants(StepKind::kResolve, 1));
}

TEST(Engine, Engine20_PullsWaitUnlessToldOtherwise) {
  Play p = pair_of(Condition::kStart);
  EXPECT_FALSE(p.wants(StepKind::kPull, 1));
  p.task.policy.pull_upfront = true;
  EXPECT_TRUE(p.wants(StepKind::kPull, 1));
  p.pass(StepKind::kPull, 1);
  EXPECT_FALSE(p.wants(StepKind::kCreate, 1));
}

TEST(Dependencies, CreateNeedsCreated) {
  Play p = pair_of(Condition::kCreate);
  p.bring(0, kPulled);
  EXPECT_FALSE(p.wants(StepKind::kPull, 1));
  p.bring(0, kCreated);
  EXPECT_TRUE(p.wants(StepKind::kPull, 1));
}

TEST(Engine, Engine23_StartAcceptsAnExitedDependency) {
  Play p = pair_of(Condition::kStart);
  p.bring(0, kCreated);
  EXPECT_FALSE(p.wants(StepKind::kPull, 1));
  p.bring(0, kRunning);
  EXPECT_TRUE(p.wants(StepKind::kPull, 1));
  p.exits(0, 1);
  EXPECT_TRUE(p.wants(StepKind::kPull, 1));
}

TEST(Engine, Engine23_CompleteAcceptsAnyExitCode) {
  Play p = pair_of(Condition::kComplete);
  p.bring(0, kRunning);
  EXPECT_FALSE(p.wants(StepKind::kPull, 1));
  p.exits(0, 7);
  EXPECT_TRUE(p.wants(StepKind::kPull, 1));
}

TEST(Dependencies, CompleteNeedsAKnownExitCode) {
  Play p = pair_of(Condition::kComplete);
  p.bring(0, kRunning);
  p.see(Vanished{0});
  EXPECT_FALSE(p.wants(StepKind::kPull, 1));
  EXPECT_EQ(p.at(1).known, kStopped);
  EXPECT_TRUE(p.at(1).error->text.ends_with("because dependency stopped without an exit code")) << p.at(1).error->text;
}

TEST(Dependencies, AnEndedDependencyWillNeverBeHealthy) {
  Play p = pair_of(Condition::kHealthy);
  p.bring(0, kRunning);
  p.exits(0, 0);
  EXPECT_EQ(p.at(1).known, kStopped);
  EXPECT_EQ(p.at(1).exit_code, 143);
  EXPECT_EQ(
      p.at(1).error->full(),
      "CannotStartContainerError: dependency graph: failed to resolve container ordering dependency [a(busybox:1) "
      "(STOPPED->RUNNING) - Exit: 0] for target [b(busybox:1) (MANIFEST_PULLED->RUNNING)] because dependency "
      "stopped and will never be healthy");
}

TEST(Dependencies, AStartTimeoutBeyondAllTimeIsNone) {
  Play p = pair_of(Condition::kHealthy);
  p.at(0).start_timeout = std::numeric_limits<std::int64_t>::max();
  p.bring(0, kRunning);
  p.now += std::chrono::hours(24);
  p.see(Tick{});
  EXPECT_NE(p.at(1).known, kStopped);
}

TEST(Dependencies, AnUnknownNameIsToldAsTheOriginalDoes) {
  Play p = pair_of(Condition::kStart);
  p.at(1).depends_on = {{"zz", Condition::kStart}};
  p.see(Tick{});
  EXPECT_EQ(
      p.at(1).error->full(),
      "CannotStartContainerError: dependency graph: container ordering dependency [<nil>] for target [b(busybox:1) "
      "(MANIFEST_PULLED->RUNNING)] does not exist.");
}

TEST(Engine, Engine29_SuccessOfAnInitContainer) {
  Play p = pair_of(Condition::kSuccess);
  p.bring(0, kRunning);
  p.exits(0, 0);
  p.bring(1, kRunning);
  EXPECT_EQ(p.task.known, TaskStatus::kRunning);
}

TEST(Engine, Engine22_AFailedSuccessGivesTheDependentUp) {
  Play p = pair_of(Condition::kSuccess);
  p.bring(0, kRunning);
  p.exits(0, 1);
  EXPECT_EQ(p.at(1).known, kStopped);
  EXPECT_EQ(p.at(1).exit_code, 143);
  EXPECT_EQ(
      p.at(1).error->full(),
      "CannotStartContainerError: dependency graph: failed to resolve container ordering dependency [a(busybox:1) "
      "(STOPPED->RUNNING) - Exit: 1] for target [b(busybox:1) (MANIFEST_PULLED->RUNNING)] as dependency did not "
      "exit successfully.");
}

TEST(Engine, Engine21_HealthyIsNoticed) {
  Play p = pair_of(Condition::kHealthy);
  p.bring(0, kRunning);
  EXPECT_FALSE(p.wants(StepKind::kPull, 1));
  ASSERT_TRUE(next_wake(p.task));
  EXPECT_LE(*next_wake(p.task) - p.now, std::chrono::seconds(5));
  Facts seen = facts(kRunning);
  seen.health = Health::kHealthy;
  p.see(Seen{0, seen, {}});
  EXPECT_TRUE(p.wants(StepKind::kPull, 1));
}

TEST(Engine, Engine24_AStartTimeoutGivesTheDependentUp) {
  Play p = pair_of(Condition::kHealthy);
  p.at(0).start_timeout = 5;
  p.bring(0, kRunning);
  p.now = testing::kStart + std::chrono::seconds(5);
  p.see(Tick{});
  EXPECT_NE(p.at(1).known, kStopped);
  ASSERT_TRUE(next_wake(p.task));
  p.now = testing::kStart + std::chrono::milliseconds(5001);
  EXPECT_GE(p.now, *next_wake(p.task));
  p.see(Tick{});
  EXPECT_EQ(p.at(1).known, kStopped);
  EXPECT_EQ(p.at(1).exit_code, 143);
  EXPECT_TRUE(p.at(1).error->text.ends_with("has timed out.")) << p.at(1).error->text;
  EXPECT_EQ(p.at(0).known, kRunning);
}

TEST(Engine, Engine25_AStartTimeoutMeansNothingForStart) {
  Play p = pair_of(Condition::kStart);
  p.at(0).start_timeout = 5;
  p.bring(0, kRunning);
  p.now += std::chrono::minutes(1);
  p.see(Tick{});
  EXPECT_NE(p.at(1).known, kStopped);
}

TEST(Dependencies, ADependencyThatNeverStartsTakesItsDependentsDown) {
  Play p = pair_of(Condition::kStart);
  p.bring(0, kPulled);
  p.fail(StepKind::kCreate, 0, "CannotCreateContainerError");
  EXPECT_EQ(p.at(1).known, kStopped);
  EXPECT_EQ(p.at(1).exit_code, 143);
  EXPECT_TRUE(p.at(1).error->text.ends_with("because dependency will never start")) << p.at(1).error->text;
  EXPECT_EQ(p.at(0).known, kStopped);
  EXPECT_EQ(p.at(0).exit_code, std::nullopt);
}

TEST(Engine, Engine19_ChainsStopInReverse) {
  Play p = play({container("a"), container("b", true, {{"a", Condition::kStart}}),
                 container("c", true, {{"b", Condition::kStart}})});
  for (std::size_t i = 0; i < 3; ++i) p.bring(i, kRunning);
  p.see(Wanted{TaskStatus::kStopped});
  EXPECT_TRUE(p.wants(StepKind::kStop, 2));
  EXPECT_FALSE(p.wants(StepKind::kStop, 1));
  p.pass(StepKind::kStop, 2);
  EXPECT_TRUE(p.wants(StepKind::kStop, 1));
  EXPECT_FALSE(p.wants(StepKind::kStop, 0));
  p.pass(StepKind::kStop, 1);
  EXPECT_TRUE(p.wants(StepKind::kStop, 0));
}

TEST(Dependencies, AnUncreatedDependentDoesNotHoldUpAStop) {
  Play p = pair_of(Condition::kHealthy, true);
  p.bring(0, kRunning);
  p.see(Wanted{TaskStatus::kStopped});
  EXPECT_EQ(p.at(1).known, kStopped);
  EXPECT_TRUE(p.wants(StepKind::kStop, 0));
}

TEST(Engine, Engine26_HealthyNeedsAHealthCheck) {
  EXPECT_FALSE(
      can_be_ordered(testing::make_task({container("a"), container("b", true, {{"a", Condition::kHealthy}})})));
  EXPECT_TRUE(can_be_ordered(testing::make_task({healthy("a"), container("b", true, {{"a", Condition::kHealthy}})})));
}

TEST(Engine, Engine27_NoOrderForCyclesAndUnknownNames) {
  EXPECT_FALSE(can_be_ordered(testing::make_task(
      {container("a", true, {{"b", Condition::kStart}}), container("b", true, {{"a", Condition::kStart}})})));
  EXPECT_FALSE(can_be_ordered(testing::make_task({container("a", true, {{"a", Condition::kStart}})})));
  EXPECT_FALSE(can_be_ordered(testing::make_task({container("a", true, {{"zz", Condition::kStart}})})));
}

}  // namespace
}  // namespace ecs::task
