#include "task/waiting.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "task/testing.hpp"

namespace ecs::task {
namespace {

using testing::container;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::play;
using testing::Play;
using enum ContainerStatus;

std::vector<std::string> texts(const Play& p) {
  std::vector<std::string> all;
  for (const Wait& wait : waits_of(p.task, p.now)) all.push_back(wait.container + ": " + wait.why);
  return all;
}

TEST(Waiting, AStepUnderWay) {
  Play p = play({container("a")});
  p.bring(0, kManifestPulled);
  p.start_step(StepKind::kPull, 0);
  EXPECT_THAT(texts(p), ElementsAre("a: pull is under way"));
}

TEST(Waiting, OnlyTheDependenciesThatAreNotMet) {
  Play p = play(
      {container("a"), container("b"), container("c", true, {{"a", Condition::kStart}, {"b", Condition::kComplete}})});
  p.bring(0, kRunning);
  p.bring(1, kRunning);
  p.pass(StepKind::kResolve, 2);
  EXPECT_THAT(texts(p), ElementsAre("c: needs COMPLETE of container b"));
}

TEST(Waiting, TheOrderOfStopping) {
  Play p = play({container("a"), container("b", true, {{"a", Condition::kStart}})});
  p.bring(0, kRunning);
  p.bring(1, kRunning);
  for (const Report& report : p.reports()) p.see(ReportSent{report});
  EXPECT_THAT(texts(p), IsEmpty());
  p.see(Wanted{TaskStatus::kStopped});
  p.start_step(StepKind::kStop, 1);
  EXPECT_THAT(texts(p), ElementsAre("a: waits for the containers that depend on it to stop", "b: stop is under way"));
}

TEST(Waiting, AReportThatNobodyAccepted) {
  Play p = play({container("a")});
  p.bring(0, kRunning);
  EXPECT_THAT(texts(p), ElementsAre(": the control plane has not accepted the report of RUNNING"));
}

TEST(Waiting, AStopThatTheEngineDidNotAnswer) {
  Play p = play({container("a")});
  p.bring(0, kRunning);
  for (const Report& report : p.reports()) p.see(ReportSent{report});
  p.see(Wanted{TaskStatus::kStopped});
  p.start_step(StepKind::kStop, 0);
  p.see(StepFailed{.container = 0, .step = StepKind::kStop, .error = {"X", "y"}, .engine_answers = false});
  EXPECT_THAT(texts(p), ElementsAre("a: the container engine did not answer the stop; it is tried again"));
}

TEST(Waiting, TheMomentStaysWithItsCause) {
  Play p = play({container("a")});
  p.start_step(StepKind::kResolve, 0);
  const auto first = waits_of(p.task, p.now);
  p.now += std::chrono::seconds(3);
  auto later = waits_of(p.task, p.now);
  keep_since(first, later);
  EXPECT_EQ(later, first);
  p.see(Resolved{.container = 0, .digest = "sha256:aa"});
  p.start_step(StepKind::kPull, 0);
  auto other = waits_of(p.task, p.now);
  keep_since(later, other);
  ASSERT_EQ(other.size(), 1U);
  EXPECT_EQ(other[0].since, p.now);
}

}  // namespace
}  // namespace ecs::task
