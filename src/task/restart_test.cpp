#include "task/restart.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "task/testing.hpp"

namespace ecs::task {
namespace {

using testing::container;
using ::testing::ElementsAre;
using testing::facts;
using ::testing::IsEmpty;
using testing::play;
using testing::Play;
using enum ContainerStatus;

/// One container that runs under a policy with a period of 60 s and the ignored code 3.
Play restarting() {
  Container c = container("a");
  c.restart_policy = {.enabled = true, .ignored_exit_codes = {3}, .restart_attempt_period = 60};
  Play p = play({c});
  p.bring(0, kRunning);
  p.reports();
  return p;
}

TEST(Engine, Engine30_AnExitAfterThePeriodIsUndoneUnseen) {
  Play p = restarting();
  p.now += std::chrono::seconds(60);
  p.exits(0, 1);
  EXPECT_THAT(p.steps(), ElementsAre(Step{StepKind::kRestart, 0}));
  EXPECT_EQ(p.at(0).restart_count, 1);
  EXPECT_EQ(p.at(0).restarted_at, nanos(p.now));
  p.pass(StepKind::kRestart);
  EXPECT_THAT(p.steps(), IsEmpty());
  EXPECT_EQ(p.at(0).known, kRunning);
  EXPECT_EQ(p.at(0).exit_code, std::nullopt);
  EXPECT_EQ(p.task.known, TaskStatus::kRunning);
  EXPECT_THAT(p.reports(), IsEmpty());
}

TEST(Engine, Engine31_WithinThePeriodAnExitIsAnExit) {
  Play p = restarting();
  p.now += std::chrono::seconds(59);
  p.exits(0, 1);
  EXPECT_EQ(p.task.known, TaskStatus::kStopped);

  p = restarting();
  p.now += std::chrono::seconds(61);
  p.exits(0, 1);
  p.pass(StepKind::kRestart);
  p.now += std::chrono::seconds(59);
  Facts again = facts(kStopped, 1);
  again.started_at = p.at(0).started_at;
  again.finished_at = nanos(p.now);
  p.see(Seen{0, again, {}});
  EXPECT_EQ(p.task.known, TaskStatus::kStopped);
  EXPECT_EQ(p.at(0).exit_code, 1);
  EXPECT_EQ(p.at(0).restart_count, 1);
}

TEST(Engine, Engine32_AnIgnoredCodeIsAnExit) {
  Play p = restarting();
  p.now += std::chrono::hours(1);
  p.exits(0, 3);
  EXPECT_EQ(p.task.known, TaskStatus::kStopped);
  EXPECT_EQ(p.at(0).exit_code, 3);
  EXPECT_EQ(p.at(0).restart_count, 0);
}

TEST(Engine, Engine34_AWantedStopIsNeverUndone) {
  Play p = restarting();
  p.now += std::chrono::hours(1);
  p.see(Wanted{TaskStatus::kStopped});
  p.pass(StepKind::kStop);
  EXPECT_EQ(p.task.known, TaskStatus::kStopped);
  EXPECT_EQ(p.at(0).restart_count, 0);
}

TEST(Engine, Engine34_AStopDuringTheRestartWaitsForItAndThenStops) {
  Play p = restarting();
  p.now += std::chrono::hours(1);
  p.exits(0, 1);
  p.start_step(StepKind::kRestart, 0);
  p.see(Wanted{TaskStatus::kStopped});
  EXPECT_FALSE(p.wants(StepKind::kStop));
  Facts again = facts(kRunning);
  again.started_at = nanos(p.now);
  p.see(Seen{0, again, StepKind::kRestart});
  EXPECT_TRUE(p.wants(StepKind::kStop));
}

TEST(Engine, Engine34_AStopBeforeTheRestartLeavesTheExit) {
  Play p = restarting();
  p.now += std::chrono::hours(1);
  p.exits(0, 1);
  p.see(Wanted{TaskStatus::kStopped});
  EXPECT_EQ(p.task.known, TaskStatus::kStopped);
  EXPECT_EQ(p.at(0).exit_code, 1);
  EXPECT_EQ(p.at(0).restart_count, 0);
}

TEST(Restart, AnUnknownExitCodeIsNotUndone) {
  Play p = restarting();
  EXPECT_FALSE(should_restart(p.at(0), std::nullopt, p.now + std::chrono::hours(1)));
  EXPECT_TRUE(should_restart(p.at(0), 0, p.now + std::chrono::hours(1)));
  p.at(0).restart_policy.enabled = false;
  EXPECT_FALSE(should_restart(p.at(0), 0, p.now + std::chrono::hours(1)));
}

TEST(Restart, APeriodBeyondAllTimeIsNoOverflow) {
  Play p = restarting();
  p.at(0).restart_policy.restart_attempt_period = std::numeric_limits<std::int64_t>::max();
  EXPECT_FALSE(should_restart(p.at(0), 0, p.now + std::chrono::hours(1)));
}

TEST(Restart, AFailedStartIsANormalExitWithoutAReason) {
  Play p = restarting();
  p.now += std::chrono::hours(1);
  p.exits(0, 9);
  p.fail(StepKind::kRestart, 0, "CannotStartContainerError");
  const auto reports = p.reports();
  ASSERT_EQ(reports.size(), 1U);
  EXPECT_EQ(reports[0].status, TaskStatus::kStopped);
  EXPECT_EQ(reports[0].containers[0].exit_code, 9);
  EXPECT_EQ(reports[0].containers[0].reason, "");
  EXPECT_FALSE(p.wants(StepKind::kStop));
}

TEST(Restart, AStartThatMayHaveWorkedIsStopped) {
  Play p = restarting();
  p.now += std::chrono::hours(1);
  p.exits(0, 9);
  p.start_step(StepKind::kRestart, 0);
  p.see(StepFailed{.container = 0, .step = StepKind::kRestart, .error = {"X", "y"}, .may_have_happened = true});
  EXPECT_EQ(p.task.known, TaskStatus::kStopped);
  EXPECT_TRUE(p.wants(StepKind::kStop));
}

TEST(Restart, ALookFromBeforeTheRestartSaysNothing) {
  Play p = restarting();
  const Facts old = [] {
    Facts f = facts(kStopped, 1);
    return f;
  }();
  p.now += std::chrono::hours(1);
  p.see(Seen{0, old, {}});
  p.start_step(StepKind::kRestart, 0);
  p.see(Seen{0, old, {}});
  Facts again = facts(kRunning);
  again.started_at = nanos(p.now);
  p.see(Seen{0, again, StepKind::kRestart});
  p.see(Seen{0, old, {}});
  EXPECT_EQ(p.at(0).known, kRunning);
  EXPECT_EQ(p.at(0).restart_count, 1);
}

TEST(Restart, AnOperatorsStopBeforeTheRestartIsAnExit) {
  Play p = restarting();
  p.now += std::chrono::hours(1);
  p.see(Seen{0, facts(kStopped, 143), {}, true});
  EXPECT_EQ(p.task.known, TaskStatus::kStopped);
  EXPECT_EQ(p.at(0).exit_code, 143);
  EXPECT_EQ(p.at(0).restart_count, 0);
}

TEST(Restart, AnOperatorsStopThatIsNoticedLateStopsWhatWasStarted) {
  for (const bool during : {true, false}) {
    Play p = restarting();
    p.now += std::chrono::hours(1);
    p.exits(0, 143);
    Facts again = facts(kRunning);
    again.started_at = nanos(p.now);
    p.start_step(StepKind::kRestart, 0);
    if (during) {
      p.see(Seen{0, facts(kStopped, 143), {}, true});
      p.see(Seen{0, again, StepKind::kRestart});
    } else {
      p.see(Seen{0, again, StepKind::kRestart});
      p.see(Seen{0, again, {}, true});
    }
    EXPECT_EQ(p.task.known, TaskStatus::kStopped);
    EXPECT_EQ(p.at(0).exit_code, 143);
    EXPECT_TRUE(p.wants(StepKind::kStop));
    p.pass(StepKind::kStop);
    EXPECT_FALSE(p.wants(StepKind::kStop));
  }
}

TEST(Restart, ARemovedContainerEndsAsItsEventSaid) {
  Play p = restarting();
  p.now += std::chrono::hours(1);
  p.exits(0, 137);
  p.start_step(StepKind::kRestart, 0);
  p.see(Vanished{0});
  EXPECT_EQ(p.at(0).exit_code, 137);
  EXPECT_EQ(p.at(0).error, std::nullopt);
  EXPECT_EQ(p.task.known, TaskStatus::kStopped);
}

TEST(Restart, ARestartThatWasNotedAndNotMadeIsMadeAfterwards) {
  Play p = restarting();
  p.now += std::chrono::hours(1);
  Facts exited = facts(kStopped, 1);
  exited.finished_at = nanos(p.now) - 1;
  p.see(Seen{0, exited, {}});
  // The next process has the row only.
  p.at(0).restart_due = false;
  p.at(0).exit.reset();
  p.now += std::chrono::seconds(5);
  p.see(Recovered{{exited}});
  EXPECT_TRUE(p.wants(StepKind::kRestart));
  EXPECT_EQ(p.at(0).restart_count, 1);
}

TEST(Restart, AnExitDuringTheDowntimeIsUndone) {
  Play p = restarting();
  p.now += std::chrono::hours(1);
  p.see(Recovered{{facts(kStopped, 1)}});
  EXPECT_TRUE(p.wants(StepKind::kRestart));
  EXPECT_EQ(p.task.known, TaskStatus::kRunning);
}

TEST(Restart, AnEssentialExitElsewhereDropsIt) {
  Container c = container("a", false);
  c.restart_policy.enabled = true;
  Play p = play({c, container("b")});
  p.bring(0, kRunning);
  p.bring(1, kRunning);
  p.now += std::chrono::hours(1);
  p.see(Recovered{{facts(kStopped, 1), facts(kStopped, 2)}});
  EXPECT_FALSE(p.wants(StepKind::kRestart, 0));
  EXPECT_EQ(p.task.known, TaskStatus::kStopped);
  EXPECT_EQ(p.at(0).exit_code, 1);
}

TEST(Restart, AnExitDuringTheFirstStartCountsToo) {
  Container c = container("a");
  c.restart_policy.enabled = true;
  Play p = play({c});
  p.bring(0, kCreated);
  p.start_step(StepKind::kStart, 0);
  p.see(Seen{0, facts(kStopped, 1), StepKind::kStart});
  EXPECT_EQ(p.task.known, TaskStatus::kRunning);
  EXPECT_TRUE(p.wants(StepKind::kRestart));
}

}  // namespace
}  // namespace ecs::task
