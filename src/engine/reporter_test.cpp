#include "engine/reporter.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/testing/rig.hpp"

namespace ecs::engine {
namespace {

using ::testing::ElementsAre;
using testing::FakeSubmitter;
using ::testing::IsEmpty;
using testing::refusal;
using ::testing::SizeIs;

class ReporterTest : public ::testing::Test {
 protected:
  ~ReporterTest() override {
    scope.cancel();
    while (loop.poll() > 0) {
    }
  }

  void send(const std::string& arn, const std::string& status) {
    StateReporter::Item item;
    item.request.task = arn;
    item.request.status = status;
    item.accepted = [this, status] { accepted.push_back(status); };
    reporter.send(std::move(item));
  }

  base::Loop loop;
  base::VirtualClock clock{loop};
  base::Random random{1};
  base::Scope scope{loop.executor()};
  FakeSubmitter submitter;
  StateReporter reporter{scope, clock, random, submitter};
  log::Capture log;
  std::vector<std::string> accepted;
};

using EcsApiReporter = ReporterTest;

TEST_F(EcsApiReporter, EcsApi34_ClientExceptionIsRepeatedForEver) {
  std::vector<double> gaps;
  auto last = clock.now();
  submitter.on_submit = [&] {
    gaps.push_back(std::chrono::duration<double>(clock.now() - last).count());
    last = clock.now();
  };
  submitter.failures.assign(20, refusal("ClientException"));
  send("t", "RUNNING");
  clock.advance(std::chrono::minutes(20));
  ASSERT_THAT(gaps, SizeIs(21));
  EXPECT_GE(gaps[1], 1.0);
  EXPECT_LE(gaps[1], 1.2);
  EXPECT_GE(gaps[2], 1.3);
  EXPECT_LE(gaps[2], 1.56);
  EXPECT_LE(gaps.back(), 36.0);
  EXPECT_GE(gaps.back(), 30.0);
  EXPECT_THAT(accepted, ElementsAre("RUNNING"));
}

TEST_F(EcsApiReporter, EcsApi35_InvalidParameterIsDropped) {
  submitter.failures.push_back(refusal("InvalidParameterException"));
  send("t", "RUNNING");
  send("t", "STOPPED");
  clock.advance(std::chrono::seconds(1));
  EXPECT_THAT(submitter.accepted, IsEmpty());
  clock.advance(std::chrono::seconds(1));
  EXPECT_THAT(accepted, ElementsAre("STOPPED"));
  EXPECT_THAT(submitter.attempts, SizeIs(2));
}

TEST_F(EcsApiReporter, EcsApi36_StoppedNeverOvertakesRunning) {
  submitter.failures.assign(5, refusal("ServerException"));
  send("t", "RUNNING");
  clock.advance(std::chrono::seconds(1));
  send("t", "STOPPED");
  send("other", "PENDING");
  clock.advance(std::chrono::minutes(2));
  EXPECT_THAT(submitter.statuses("t"), ElementsAre("RUNNING", "STOPPED"));
  EXPECT_THAT(submitter.statuses("other"), ElementsAre("PENDING"));
}

TEST_F(EcsApiReporter, EcsApi37_AtMostTenAtOnce) {
  submitter.held = true;
  for (int i = 0; i < 11; ++i) send("t" + std::to_string(i), "RUNNING");
  clock.advance(std::chrono::minutes(1));
  EXPECT_EQ(submitter.most_open, 10);
  EXPECT_EQ(submitter.open, 10);
  submitter.held = false;
  submitter.release.set();
  clock.advance(std::chrono::seconds(1));
  EXPECT_THAT(submitter.accepted, SizeIs(11));
}

TEST_F(ReporterTest, WhatIsNoNewsAnyMoreIsSkipped) {
  StateReporter::Item item;
  item.request.task = "t";
  item.still_news = [] { return false; };
  reporter.send(std::move(item));
  clock.advance(std::chrono::minutes(1));
  EXPECT_THAT(submitter.attempts, IsEmpty());
  EXPECT_FALSE(reporter.busy("t"));
}

TEST_F(ReporterTest, TooManyBindingsAreLeftOutRatherThanTheStatus) {
  class Strict final : public StateSubmitter {
   public:
    base::Async<> submit(aws::SubmitTaskStateChangeRequest request) override {
      if (request.containers->at(0).network_bindings) throw std::invalid_argument("more than 100 bindings");
      seen.push_back(request);
      co_return;
    }
    std::vector<aws::SubmitTaskStateChangeRequest> seen;
  };
  Strict strict;
  StateReporter careful(scope, clock, random, strict);
  StateReporter::Item item;
  item.request.task = "t";
  item.request.containers.emplace(1);
  item.request.containers->at(0).network_bindings.emplace();
  careful.send(std::move(item));
  clock.advance(std::chrono::seconds(5));
  EXPECT_THAT(strict.seen, SizeIs(1));
}

TEST(EcsApi, EcsApi26_EmptyReasons) {
  task::Task task;
  task.arn = "t";
  task::Report report{.status = task::TaskStatus::kStopped, .reason = "", .containers = {{.name = "c"}}};
  const auto request = request_of(task, report, {.cluster = "x"});
  EXPECT_EQ(request.reason, "");
  EXPECT_EQ(request.containers->at(0).reason, std::nullopt);
}

TEST(EcsApi, EcsApi30_AContainerThatNeverRan) {
  task::Task task;
  task::Report report{.status = task::TaskStatus::kStopped, .reason = "", .containers = {{.name = "c"}}};
  const auto request = request_of(task, report, {});
  EXPECT_EQ(request.containers->at(0).exit_code, std::nullopt);
  EXPECT_EQ(request.containers->at(0).runtime_id, std::nullopt);
}

}  // namespace
}  // namespace ecs::engine
