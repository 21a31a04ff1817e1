#include "task/planner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "task/testing.hpp"

namespace ecs::task {
namespace {

using testing::container;
using testing::facts;
using testing::play;
using testing::Play;
using enum ContainerStatus;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(Planner, OneContainerTakesItsStepsInOrder) {
  Play p = play({container("a")});
  for (const StepKind kind : {StepKind::kResolve, StepKind::kPull, StepKind::kCreate, StepKind::kStart}) {
    p.reports();
    EXPECT_THAT(p.steps(), ElementsAre(Step{kind, 0}));
    p.pass(kind);
  }
  p.reports();
  EXPECT_THAT(p.steps(), IsEmpty());
  EXPECT_EQ(p.task.known, TaskStatus::kRunning);
}

TEST(Engine, Engine01_PendingRunningStoppedAndNothingElse) {
  Play p = play({container("a")});
  p.bring(0, kRunning);
  p.exits(0, 0);
  const auto reports = p.reports();
  ASSERT_THAT(reports, SizeIs(3));
  EXPECT_EQ(wire_word(reports[0].status), "PENDING");
  ASSERT_THAT(reports[0].containers, SizeIs(1));
  EXPECT_EQ(reports[0].containers[0].image_digest, "sha256:aa");
  EXPECT_EQ(wire_word(reports[0].containers[0].status), "PENDING");
  EXPECT_EQ(reports[1].status, TaskStatus::kRunning);
  EXPECT_EQ(reports[1].containers[0].runtime_id, "id");
  EXPECT_EQ(reports[2].status, TaskStatus::kStopped);
  EXPECT_EQ(reports[2].containers[0].exit_code, 0);
}

TEST(Engine, Engine02_ADigestOfThePayloadIsNoNews) {
  Play p = play({container("a")});
  p.start_step(StepKind::kResolve, 0);
  p.see(Resolved{.container = 0, .digest = "sha256:aa", .news = false});
  EXPECT_THAT(p.reports(), IsEmpty());
}

TEST(Engine, Engine03_RunningNeedsEveryContainer) {
  Play p = play({container("a"), container("b")});
  p.bring(0, kRunning);
  EXPECT_NE(p.task.known, TaskStatus::kRunning);
  p.bring(1, kRunning);
  EXPECT_EQ(p.task.known, TaskStatus::kRunning);
}

TEST(Engine, Engine04_NonEssentialExitLeavesTheTaskRunning) {
  Play p = play({container("a"), container("side", false)});
  p.bring(0, kRunning);
  p.bring(1, kRunning);
  p.exits(1, 0);
  EXPECT_EQ(p.task.known, TaskStatus::kRunning);
  EXPECT_FALSE(p.wants(StepKind::kStop, 0));
}

TEST(Engine, Engine04_EssentialExitStopsTheOthers) {
  Play p = play({container("a"), container("side", false)});
  p.bring(0, kRunning);
  p.bring(1, kRunning);
  p.exits(0, 1);
  EXPECT_EQ(p.task.desired, TaskStatus::kStopped);
  EXPECT_TRUE(p.wants(StepKind::kStop, 1));
  EXPECT_EQ(p.task.known, TaskStatus::kRunning);
  p.pass(StepKind::kStop, 1);
  EXPECT_EQ(p.task.known, TaskStatus::kStopped);
}

TEST(Planner, NoRunningIsClaimedForADyingTask) {
  Play p = play({container("a"), container("b")});
  p.bring(0, kRunning);
  p.bring(1, kCreated);
  p.start_step(StepKind::kStart, 1);
  p.exits(0, 1);
  p.see(Seen{1, facts(kRunning), StepKind::kStart});
  EXPECT_EQ(p.task.known, TaskStatus::kCreated);
  EXPECT_TRUE(p.wants(StepKind::kStop, 1));
}

TEST(Engine, Engine05_ARepeatedDesiredStatusChangesNothing) {
  Play p = play({container("a")});
  p.bring(0, kRunning);
  p.reports();
  p.see(Wanted{TaskStatus::kRunning});
  EXPECT_THAT(p.steps(), IsEmpty());
  p.see(Wanted{TaskStatus::kStopped});
  p.see(Wanted{TaskStatus::kRunning});
  EXPECT_EQ(p.task.desired, TaskStatus::kStopped);
}

TEST(Engine, Engine07_StoppedWhileWaitingNeedsNoEngine) {
  Play p{.task = testing::make_task({container("a"), container("b")})};
  p.task.admitted = false;
  EXPECT_THAT(p.steps(), IsEmpty());
  p.see(Wanted{TaskStatus::kStopped});
  EXPECT_EQ(p.task.known, TaskStatus::kStopped);
  EXPECT_THAT(p.steps(), ElementsAre(Step{.kind = StepKind::kReport}));
  const auto reports = p.reports();
  ASSERT_THAT(reports, SizeIs(1));
  EXPECT_THAT(reports[0].containers, SizeIs(2));
  EXPECT_EQ(reports[0].containers[0].exit_code, std::nullopt);
}

TEST(Planner, AStoppedPayloadForAnUnknownTaskIsReported) {
  Play p{.task = testing::make_task({container("a")}, TaskStatus::kStopped)};
  ASSERT_THAT(p.task.outbox, SizeIs(1));
  EXPECT_EQ(p.task.outbox[0].status, TaskStatus::kStopped);
  EXPECT_THAT(p.task.outbox[0].containers, SizeIs(1));
}

TEST(Engine, Engine12_PollComesAfterAQuietInterval) {
  Play p = play({container("a")});
  p.bring(0, kRunning);
  p.reports();
  ASSERT_TRUE(next_wake(p.task));
  EXPECT_EQ(*next_wake(p.task) - p.now, std::chrono::minutes(5));
  p.now += std::chrono::minutes(5) - std::chrono::seconds(1);
  EXPECT_THAT(p.steps(), IsEmpty());
  p.now += std::chrono::seconds(1);
  p.see(Tick{});
  EXPECT_THAT(p.steps(), ElementsAre(Step{StepKind::kInspect, 0}));
  begin(p.task, {StepKind::kInspect, 0}, p.now);
  EXPECT_THAT(p.steps(), IsEmpty());
}

TEST(Engine, Engine13_ARedundantPayloadPostponesThePoll) {
  Play p = play({container("a")});
  p.bring(0, kRunning);
  p.reports();
  p.now += std::chrono::seconds(299);
  p.see(Wanted{TaskStatus::kRunning});
  p.now += std::chrono::seconds(2);
  EXPECT_THAT(p.steps(), IsEmpty());
}

TEST(Engine, Engine15_StartedByHandIsStoppedOnce) {
  Play p = play({container("a", false), container("b")});
  p.bring(0, kRunning);
  p.bring(1, kRunning);
  p.exits(0, 0);
  p.reports();
  Facts again = facts(kRunning);
  again.started_at += 1000;
  p.see(Seen{0, again, {}});
  EXPECT_THAT(p.steps(), ElementsAre(Step{StepKind::kStop, 0}));
  p.pass(StepKind::kStop, 0);
  EXPECT_EQ(p.at(0).exit_code, 0);
  again.started_at += 1000;
  p.see(Seen{0, again, {}});
  EXPECT_THAT(p.steps(), IsEmpty());
}

TEST(Planner, AnOldLookAtAnEndedContainerIsNoSecondStart) {
  Play p = play({container("a")});
  p.bring(0, kRunning);
  p.exits(0, 0);
  p.see(Seen{0, facts(kRunning), {}});
  EXPECT_FALSE(p.wants(StepKind::kStop));
}

TEST(Engine, Engine16_AnOperatorsStopHasNoReason) {
  Play p = play({container("a")});
  p.bring(0, kRunning);
  p.exits(0, 143);
  const Report last = p.reports().back();
  EXPECT_EQ(last.containers[0].exit_code, 143);
  EXPECT_EQ(last.containers[0].reason, "");
  EXPECT_EQ(last.reason, "");
}

TEST(Engine, Engine18_FirstErrorStaysOnTheContainer) {
  Play p = play({container("a")});
  p.fail(StepKind::kResolve, 0, "CannotPullImageManifestError", "unknown");
  EXPECT_EQ(p.at(0).known, kManifestPulled);
  p.fail(StepKind::kPull, 0, "CannotPullContainerError", "also unknown");
  EXPECT_EQ(p.at(0).known, kPulled);
  p.fail(StepKind::kCreate, 0, "CannotCreateContainerError", "no such image");
  EXPECT_EQ(p.task.known, TaskStatus::kStopped);
  const auto reports = p.reports();
  ASSERT_THAT(reports, SizeIs(1));
  EXPECT_EQ(reports[0].reason, "");
  EXPECT_EQ(reports[0].containers[0].reason, "CannotPullImageManifestError: unknown");
  EXPECT_EQ(reports[0].containers[0].exit_code, std::nullopt);
  EXPECT_EQ(reports[0].containers[0].runtime_id, "");
}

TEST(Planner, AlwaysAndOnceStopTheTaskAtTheFirstImageError) {
  for (const PullBehavior behavior : {PullBehavior::kAlways, PullBehavior::kOnce}) {
    Play p = play({container("a", false), container("b")});
    p.task.policy.pull = behavior;
    p.fail(StepKind::kResolve, 0, "CannotPullImageManifestError");
    EXPECT_EQ(p.task.desired, TaskStatus::kStopped);
    EXPECT_EQ(p.task.known, TaskStatus::kStopped);
    EXPECT_FALSE(p.wants(StepKind::kPull, 0));
  }
}

TEST(Engine, Engine17_AnImageThatIsNowhereIsTheTasksReason) {
  for (const bool essential : {true, false}) {
    Play p = play({container("a", essential), container("b")});
    p.bring(0, kManifestPulled);
    p.start_step(StepKind::kPull, 0);
    p.see(StepFailed{.container = 0,
                     .step = StepKind::kPull,
                     .error = {"CannotPullContainerError", "not found"},
                     .image_is_nowhere = true});
    EXPECT_EQ(p.task.desired == TaskStatus::kStopped, essential);
    EXPECT_EQ(p.task.reason, essential ? "CannotPullContainerError: not found" : "");
  }
}

TEST(Planner, PreferCachedLetsTheCreateDecide) {
  Play p = play({container("a")});
  p.task.policy.pull = PullBehavior::kPreferCached;
  p.fail(StepKind::kResolve, 0, "CannotPullImageManifestError");
  EXPECT_TRUE(p.wants(StepKind::kPull));
}

TEST(Planner, AFailedStartEndsWithoutRunning) {
  Play p = play({container("a")});
  p.bring(0, kCreated);
  p.reports();
  p.fail(StepKind::kStart, 0, "CannotStartContainerError", "port is already allocated");
  EXPECT_FALSE(p.wants(StepKind::kStop));
  const auto reports = p.reports();
  ASSERT_THAT(reports, SizeIs(1));
  EXPECT_EQ(reports[0].status, TaskStatus::kStopped);
  EXPECT_EQ(reports[0].containers[0].exit_code, std::nullopt);
  EXPECT_EQ(reports[0].containers[0].reason, "CannotStartContainerError: port is already allocated");
}

TEST(Planner, AStartThatMayHaveWorkedIsStopped) {
  Play p = play({container("a")});
  p.bring(0, kCreated);
  p.start_step(StepKind::kStart, 0);
  p.see(StepFailed{.container = 0,
                   .step = StepKind::kStart,
                   .error = {"DockerTimeoutError", "Could not transition to started"},
                   .may_have_happened = true});
  EXPECT_EQ(p.at(0).known, kCreated);
  EXPECT_TRUE(p.wants(StepKind::kStop));
  p.pass(StepKind::kStop);
  EXPECT_EQ(p.task.known, TaskStatus::kStopped);
  EXPECT_EQ(p.at(0).error->name, "DockerTimeoutError");
}

TEST(Planner, AnEventAboutAFailingStartWaitsForTheStep) {
  Play p = play({container("a")});
  p.bring(0, kCreated);
  p.start_step(StepKind::kStart, 0);
  Facts failed = facts(kStopped, 127);
  failed.started_at = 0;
  failed.error = Error{"DockerStateError", "no such file"};
  p.see(Seen{0, failed, {}});
  EXPECT_EQ(p.at(0).known, kCreated);
  p.see(StepFailed{.container = 0, .step = StepKind::kStart, .error = {"CannotStartContainerError", "no such file"}});
  EXPECT_EQ(p.at(0).known, kStopped);
  EXPECT_EQ(p.at(0).exit_code, std::nullopt);
}

TEST(Planner, AProcessThatEndsDuringItsStartWasRunning) {
  Play p = play({container("a")});
  p.bring(0, kCreated);
  p.reports();
  p.start_step(StepKind::kStart, 0);
  p.see(Seen{0, facts(kStopped, 3), StepKind::kStart});
  const auto reports = p.reports();
  ASSERT_THAT(reports, SizeIs(2));
  EXPECT_EQ(reports[0].status, TaskStatus::kRunning);
  EXPECT_EQ(reports[1].status, TaskStatus::kStopped);
  EXPECT_EQ(reports[1].containers[0].exit_code, 3);
}

TEST(Planner, AStopIsTriedAgainWhileTheEngineIsAway) {
  Play p = play({container("a")});
  p.bring(0, kRunning);
  p.see(Wanted{TaskStatus::kStopped});
  p.start_step(StepKind::kStop, 0);
  p.see(StepFailed{
      .container = 0, .step = StepKind::kStop, .error = {"CannotStopContainerError", "x"}, .engine_answers = false});
  EXPECT_EQ(p.at(0).known, kRunning);
  EXPECT_EQ(p.at(0).error, std::nullopt);
  EXPECT_FALSE(p.wants(StepKind::kStop));
  ASSERT_TRUE(next_wake(p.task));
  p.now = *next_wake(p.task);
  EXPECT_TRUE(p.wants(StepKind::kStop));
  p.fail(StepKind::kStop, 0, "CannotStopContainerError");
  EXPECT_EQ(p.task.known, TaskStatus::kStopped);
}

TEST(Planner, NoSecondStepWhileOneIsUnderWay) {
  Play p = play({container("a")});
  p.start_step(StepKind::kResolve, 0);
  EXPECT_THAT(p.steps(), IsEmpty());
}

TEST(Planner, AStartUnderWayIsWaitedForBeforeTheStop) {
  Play p = play({container("a")});
  p.bring(0, kCreated);
  p.start_step(StepKind::kStart, 0);
  p.see(Wanted{TaskStatus::kStopped});
  EXPECT_FALSE(p.wants(StepKind::kStop));
  EXPECT_EQ(p.at(0).known, kCreated);
  p.see(Seen{0, facts(kRunning), StepKind::kStart});
  EXPECT_TRUE(p.wants(StepKind::kStop));
}

TEST(Planner, APullUnderWayIsNotWaitedFor) {
  Play p = play({container("a")});
  p.bring(0, kManifestPulled);
  p.start_step(StepKind::kPull, 0);
  p.see(Wanted{TaskStatus::kStopped});
  EXPECT_EQ(p.task.known, TaskStatus::kStopped);
  p.see(Pulled{.container = 0});
  EXPECT_EQ(p.at(0).known, kStopped);
}

TEST(Planner, PullTimesSpanTheTask) {
  Play p = play({container("a"), container("b")});
  p.pass(StepKind::kResolve, 0);
  p.pass(StepKind::kResolve, 1);
  p.see(PullStarted{0});
  const UnixNanos first = nanos(p.now);
  p.now += std::chrono::seconds(1);
  p.see(PullStarted{1});
  p.see(Pulled{.container = 0});
  p.now += std::chrono::seconds(1);
  p.see(Pulled{.container = 1});
  EXPECT_EQ(p.task.pull_started_at, first);
  EXPECT_EQ(p.task.pull_stopped_at, nanos(p.now));
}

TEST(EcsApi, EcsApi28_NoPullTimesFromTheCache) {
  Play p = play({container("a")});
  p.pass(StepKind::kResolve, 0);
  p.start_step(StepKind::kPull, 0);
  p.see(Pulled{.container = 0, .pulled = false});
  EXPECT_EQ(p.task.pull_started_at, 0);
  EXPECT_EQ(p.task.pull_stopped_at, 0);
}

TEST(EcsApi, EcsApi29_ExecutionEndsWithTheFirstEssentialContainer) {
  Play p = play({container("side", false), container("a"), container("b")});
  for (std::size_t i = 0; i < 3; ++i) p.bring(i, kRunning);
  p.exits(0, 0);
  EXPECT_EQ(p.task.execution_stopped_at, 0);
  p.now += std::chrono::seconds(1);
  p.exits(1, 0);
  const UnixNanos first = p.task.execution_stopped_at;
  EXPECT_EQ(first, nanos(p.now));
  p.now += std::chrono::seconds(1);
  p.exits(2, 0);
  EXPECT_EQ(p.task.execution_stopped_at, first);
}

TEST(EcsApi, EcsApi23_ContainersTravelWithTheirTask) {
  Play p = play({container("a"), container("b")});
  p.bring(0, kCreated);
  p.bring(1, kCreated);
  p.reports();
  p.pass(StepKind::kStart, 0);
  EXPECT_THAT(p.reports(), IsEmpty());
  p.pass(StepKind::kStart, 1);
  const auto reports = p.reports();
  ASSERT_THAT(reports, SizeIs(1));
  EXPECT_THAT(reports[0].containers, SizeIs(2));
}

TEST(EcsApi, EcsApi24_TheDrainSendsWhatIsCollected) {
  Play p = play({container("a"), container("b")});
  p.bring(0, kRunning);
  p.reports();
  p.see(Drain{});
  const auto reports = p.reports();
  ASSERT_THAT(reports, SizeIs(1));
  EXPECT_EQ(wire_word(reports[0].status), "PENDING");
  p.see(Drain{});
  EXPECT_THAT(p.reports(), IsEmpty());
}

TEST(EcsApi, EcsApi38_WhatWasAcceptedIsNotCollectedAgain) {
  Play p = play({container("a")});
  p.bring(0, kRunning);
  for (const Report& report : p.reports()) p.see(ReportSent{report});
  Task after = p.task;
  resume(after, p.now);
  EXPECT_THAT(after.outbox, IsEmpty());
  EXPECT_THAT(after.events, IsEmpty());
}

TEST(Engine, Engine76_WhatWasNotAcceptedIsReportedAgain) {
  Play p = play({container("a")});
  p.bring(0, kRunning);
  p.exits(0, 9);
  p.reports();
  resume(p.task, p.now);
  const auto reports = p.reports();
  ASSERT_THAT(reports, SizeIs(1));
  EXPECT_EQ(reports[0].status, TaskStatus::kStopped);
  EXPECT_EQ(reports[0].containers[0].exit_code, 9);
}

TEST(Engine, Engine72_VanishedHasNoExitCode) {
  Play p = play({container("a")});
  p.bring(0, kRunning);
  p.see(Vanished{0});
  const Report last = p.reports().back();
  EXPECT_EQ(last.containers[0].reason, "ContainerVanishedError: No container matching saved ID found");
  EXPECT_EQ(last.containers[0].exit_code, std::nullopt);
}

TEST(Planner, RecoveryLooksAtAllContainersBeforeItConcludes) {
  Play p = play({container("a"), container("b")});
  p.bring(0, kRunning);
  p.bring(1, kCreated);
  p.see(Recovered{{facts(kStopped, 2), facts(kRunning)}});
  EXPECT_EQ(p.at(0).exit_code, 2);
  EXPECT_EQ(p.at(1).known, kRunning);
  EXPECT_TRUE(p.wants(StepKind::kStop, 1));
}

TEST(Planner, ANameThatNobodyCreatedYetIsNotVanished) {
  Play p = play({container("a")});
  p.bring(0, kPulled);
  p.see(Vanished{0});
  EXPECT_EQ(p.at(0).known, kPulled);
}

TEST(Planner, PortsAndLabelsAreThoseOfTheFirstLookThatHasAny) {
  Play p = play({container("a")});
  p.bring(0, kCreated);
  Facts running = facts(kRunning);
  running.bindings = {{80, 32768, "0.0.0.0", "tcp"}};
  p.start_step(StepKind::kStart, 0);
  p.see(Seen{0, running, StepKind::kStart});
  p.exits(0, 0);
  EXPECT_EQ(p.reports().back().containers[0].bindings, running.bindings);
}

TEST(Planner, ATaskWithoutContainersEndsOnlyWhenTold) {
  Play p = play({});
  EXPECT_EQ(p.task.known, TaskStatus::kNone);
  p.see(Wanted{TaskStatus::kStopped});
  const auto reports = p.reports();
  ASSERT_THAT(reports, SizeIs(1));
  EXPECT_EQ(reports[0].reason, "TaskStateError: Agent could not progress task's state to stopped");
}

TEST(Planner, AReportThatSaysNothingNewIsRecognised) {
  Play p = play({container("a")});
  p.bring(0, kRunning);
  const auto reports = p.reports();
  EXPECT_TRUE(adds_something(p.task, reports[1]));
  p.see(ReportSent{reports[1]});
  EXPECT_FALSE(adds_something(p.task, reports[1]));
  EXPECT_FALSE(adds_something(p.task, reports[0]));
}

TEST(Planner, IsNotWokenForAMomentThatIsOver) {
  Task task;
  task.desired = TaskStatus::kStopped;
  task.containers = {testing::container("a"), testing::container("b")};
  for (Container& c : task.containers) {
    c.desired = ContainerStatus::kStopped;
    c.known = ContainerStatus::kRunning;
  }
  // The stop of `a` failed once; it is due again, and waits for `b`, which is being stopped.
  task.containers[1].depends_on = {{"a", Condition::kStart}};
  task.containers[1].doing = StepKind::kStop;
  task.containers[0].retry_stop_at = nanos(base::WallTime(std::chrono::seconds(100)));
  const base::WallTime now(std::chrono::seconds(110));
  EXPECT_THAT(plan(task, now), ::testing::IsEmpty());
  EXPECT_FALSE(next_wake(task, now));
  EXPECT_TRUE(next_wake(task, base::WallTime(std::chrono::seconds(90))));
}

}  // namespace
}  // namespace ecs::task
