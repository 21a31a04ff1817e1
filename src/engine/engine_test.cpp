#include "engine/engine.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/testing/rig.hpp"

namespace ecs::engine {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kArn;
using ::testing::Not;
using testing::payload_container;
using testing::payload_task;
using testing::Rig;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::vector<std::string> changes(const testing::FakeDaemon& daemon) {
  std::vector<std::string> all;
  for (const std::string& call : daemon.calls) {
    if (!call.starts_with("inspect") && call != "events" && call != "ping")
      all.push_back(call.substr(0, call.find(' ')));
  }
  return all;
}

const aws::ContainerStateChange& only_container(const aws::SubmitTaskStateChangeRequest& request) {
  return request.containers.value().at(0);
}

TEST(Engine, Engine53_ResolvePullTagCreateStartStop) {
  Rig rig;
  rig.boot();
  const auto task = payload_task({payload_container("c1")});
  EXPECT_TRUE(rig.accept({task}));
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  EXPECT_TRUE(rig.stop(task));
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_THAT(changes(rig.daemon), ElementsAre("distribution", "pull", "tag", "create", "start", "stop"));
  EXPECT_THAT(rig.submitter.statuses(kArn), ElementsAre("PENDING", "RUNNING", "STOPPED"));

  const auto& sent = rig.submitter.accepted;
  EXPECT_EQ(sent[0].reason, "");
  EXPECT_EQ(sent[0].cluster, "harness");
  EXPECT_EQ(sent[0].pull_started_at, std::nullopt);
  EXPECT_EQ(only_container(sent[0]).image_digest, testing::FakeClient::kDigest);
  EXPECT_EQ(only_container(sent[0]).network_bindings, std::nullopt);
  EXPECT_NE(sent[1].pull_started_at, std::nullopt);
  EXPECT_EQ(sent[1].execution_stopped_at, std::nullopt);
  EXPECT_EQ(only_container(sent[2]).exit_code, 137);
  EXPECT_NE(sent[2].execution_stopped_at, std::nullopt);
}

TEST(Engine, Engine47_StopTimeouts) {
  Rig rig;
  rig.boot();
  auto own = payload_container("own");
  own.stop_timeout = 7;
  auto zero = payload_container("zero");
  zero.stop_timeout = 0;
  const auto task = payload_task({own, zero});
  rig.accept({task});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.stop(task);
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_THAT(rig.daemon.calls, Contains(AllOf(StartsWith("stop ecs-fam-3-own-"), HasSubstr("t=7"))));
  EXPECT_THAT(rig.daemon.calls, Contains(AllOf(StartsWith("stop ecs-fam-3-zero-"), HasSubstr("t=30"))));
}

TEST(Engine, Engine54_AMissingImageByDefault) {
  Rig rig;
  rig.daemon.registry.clear();
  rig.boot();
  rig.accept({payload_task({payload_container("c1")})});
  const auto begin = rig.clock.now();
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(rig.daemon.calls_of("distribution"), 9U);
  EXPECT_EQ(rig.daemon.calls_of("pull"), 5U);
  EXPECT_EQ(rig.daemon.calls_of("create"), 1U);
  EXPECT_NEAR(std::chrono::duration<double>(rig.clock.now() - begin).count(), 28, 4);
  ASSERT_THAT(rig.submitter.accepted, SizeIs(1));
  EXPECT_EQ(rig.submitter.accepted[0].reason, "");
  EXPECT_EQ(only_container(rig.submitter.accepted[0]).reason,
            "CannotPullImageManifestError: Error response from daemon: manifest unknown: manifest unknown");
  EXPECT_EQ(only_container(rig.submitter.accepted[0]).exit_code, std::nullopt);
  EXPECT_NE(rig.submitter.accepted[0].pull_started_at, std::nullopt);
  EXPECT_NE(rig.submitter.accepted[0].execution_stopped_at, std::nullopt);
}

TEST(Engine, Engine55_AMissingImageWithAlways) {
  Rig rig({.pull_behavior = task::PullBehavior::kAlways});
  rig.daemon.registry.clear();
  rig.boot();
  rig.accept({payload_task({payload_container("c1")})});
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(rig.daemon.calls_of("distribution"), 9U);
  EXPECT_EQ(rig.daemon.calls_of("pull"), 0U);
  EXPECT_EQ(rig.daemon.calls_of("create"), 0U);
}

TEST(Engine, Engine17_AMissingImageOfAPullUpfrontIsTheTasksReason) {
  Rig rig({.pull_dependent_containers_upfront = true});
  rig.daemon.registry.clear();
  rig.boot();
  rig.accept({payload_task({payload_container("c1")})});
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(rig.daemon.calls_of("create"), 0U);
  EXPECT_THAT(*rig.submitter.accepted.back().reason, StartsWith("CannotPullContainerError: "));
}

TEST(Engine, Engine56_EachImageHasABackOffOfItsOwn) {
  Rig rig({.pull_behavior = task::PullBehavior::kAlways});
  rig.daemon.registry.clear();
  rig.boot();
  for (const char* id : {"1", "2"}) {
    const auto task = payload_task({payload_container("c1")}, id);
    const auto begin = rig.clock.now();
    rig.accept({task});
    ASSERT_TRUE(rig.wait_status(*task.arn, "STOPPED"));
    EXPECT_NEAR(std::chrono::duration<double>(rig.clock.now() - begin).count(), 15, 2);
  }
}

TEST(Engine, Engine57_TheCacheServesWhenTheRegistryDoesNot) {
  Rig rig;
  rig.daemon.registry.clear();
  rig.daemon.images["127.0.0.1:5000/busybox:1"].id = "sha256:image";
  rig.boot();
  rig.accept({payload_task({payload_container("c1")})});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  EXPECT_THAT(only_container(rig.submitter.accepted.back()).reason.value_or(""),
              StartsWith("CannotPullImageManifestError: "));
}

TEST(Engine, Engine58_PreferCachedNeedsNoRegistry) {
  Rig rig({.pull_behavior = task::PullBehavior::kPreferCached});
  auto& image = rig.daemon.images["127.0.0.1:5000/busybox:1"];
  image.id = "sha256:image";
  image.repo_digests = {std::string("127.0.0.1:5000/busybox@") + testing::FakeClient::kDigest};
  rig.boot();
  rig.accept({payload_task({payload_container("c1")})});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  EXPECT_THAT(changes(rig.daemon), ElementsAre("create", "start"));
  EXPECT_EQ(rig.daemon.calls_of("inspect image"), 1U);
  EXPECT_EQ(rig.submitter.accepted.back().pull_started_at, std::nullopt);
  EXPECT_EQ(rig.store.commits() > 0, true);
}

TEST(Engine, OneCommitLiesBetweenPayloadAndCreate) {
  Rig rig({.pull_behavior = task::PullBehavior::kPreferCached});
  rig.daemon.images["127.0.0.1:5000/busybox:1"].id = "sha256:image";
  rig.boot();
  const std::size_t before = rig.store.commits();
  rig.store.delay_each(rig.clock, std::chrono::milliseconds(1));
  std::optional<base::Duration> took;
  const auto begin = rig.clock.now();
  rig.client->on_call = [&](const std::string& call, bool done) {
    if (call.starts_with("create") && !done) took = rig.clock.now() - begin;
  };
  rig.accept({payload_task({payload_container("c1")})});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  EXPECT_GT(rig.store.commits(), before);
  EXPECT_EQ(*took, std::chrono::milliseconds(1));
}

TEST(Engine, Engine59_OncePullsOnceAndRemembers) {
  Rig rig({.pull_behavior = task::PullBehavior::kOnce});
  rig.boot();
  rig.accept({payload_task({payload_container("c1")}, "1")});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.die();
  rig.boot();
  const auto second = payload_task({payload_container("c1")}, "2");
  rig.accept({second});
  ASSERT_TRUE(rig.wait_status(*second.arn, "RUNNING"));
  EXPECT_EQ(rig.daemon.calls_of("pull"), 1U);
  rig.daemon.images.clear();
  const auto third = payload_task({payload_container("c1")}, "3");
  rig.accept({third});
  ASSERT_TRUE(rig.wait_status(*third.arn, "STOPPED"));
  EXPECT_EQ(rig.daemon.calls_of("pull"), 1U);
}

TEST(Engine, Engine06_ARepeatedPayloadChangesNothing) {
  Rig rig;
  rig.boot();
  auto task = payload_task({payload_container("c1")});
  rig.accept({task});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  const auto calls = changes(rig.daemon);
  task.containers[0].image = "other:1";
  task.containers[0].memory = 1;
  EXPECT_TRUE(rig.accept({task}));
  rig.clock.advance(std::chrono::minutes(1));
  EXPECT_EQ(changes(rig.daemon), calls);
  EXPECT_THAT(rig.submitter.accepted, SizeIs(2));
}

TEST(Acs, Acs23_OneBadTaskSuppressesTheAckButNotTheOthers) {
  Rig rig;
  rig.boot();
  auto bad = payload_task({payload_container("c1")}, "2");
  bad.desired_status = "PENDING";
  EXPECT_FALSE(rig.accept({payload_task({payload_container("c1")}), bad}));
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  const auto refused = rig.submitter.statuses(*bad.arn);
  EXPECT_THAT(refused, ElementsAre("STOPPED"));
}

TEST(Acs, Acs24_TheReasonOfARefusedTask) {
  Rig rig;
  rig.boot();
  auto bad = payload_task({payload_container("c1")});
  bad.containers[0].port_mappings.push_back({.container_port = 70000});
  EXPECT_FALSE(rig.accept({bad}));
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(rig.submitter.accepted[0].reason,
            "UnrecogniedTaskError: Error loading task - json: cannot unmarshal number 70000 into Go struct field "
            "PortBinding.Containers.portMappings.ContainerPort of type uint16 "
            "(containers[0].portMappings[0].containerPort: 0 to 65535)");
  EXPECT_EQ(rig.submitter.accepted[0].containers, std::nullopt);
}

TEST(Acs, ANullInTheListHasNobodyToReportTo) {
  Rig rig;
  rig.boot();
  std::vector<std::optional<acs::Task>> tasks;
  tasks.emplace_back();
  EXPECT_FALSE(rig.run(rig.engine->accept(std::move(tasks))));
  EXPECT_THAT(rig.submitter.attempts, IsEmpty());
}

TEST(Acs, Acs28_ACycleIsAckedAndReported) {
  Rig rig;
  rig.boot();
  auto a = payload_container("a");
  a.depends_on.push_back({"b", "START"});
  auto b = payload_container("b");
  b.depends_on.push_back({"a", "START"});
  EXPECT_TRUE(rig.accept({payload_task({a, b})}));
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(rig.submitter.accepted[0].reason,
            "Task dependencies cannot be resolved, taskArn: " + kArn + " (a waits for b, b waits for a)");
  EXPECT_EQ(rig.submitter.accepted[0].containers, std::nullopt);
}

TEST(Acs, Acs29_StoppedForAnUnknownTask) {
  Rig rig;
  rig.boot();
  EXPECT_TRUE(rig.stop(payload_task({payload_container("c1")})));
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(only_container(rig.submitter.accepted[0]).status, "STOPPED");
  EXPECT_THAT(changes(rig.daemon), IsEmpty());
}

TEST(Engine, WhatIsNotBuiltIsNamedAndNeverHalfRun) {
  Rig rig;
  rig.boot();
  auto c = payload_container("c1");
  c.secrets.push_back({.name = "X"});
  EXPECT_TRUE(rig.accept({payload_task({c})}));
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_THAT(*rig.submitter.accepted[0].reason, HasSubstr("container c1: secrets"));
  EXPECT_THAT(changes(rig.daemon), IsEmpty());
}

TEST(Engine, Engine08_WaitingIsFirstComeFirstServed) {
  Rig rig({.memory = 100});
  rig.boot();
  const auto a = payload_task({payload_container("c")}, "a");
  const auto b = payload_task({payload_container("c")}, "b");
  auto small = payload_container("c");
  small.memory = 1;
  const auto c = payload_task({small}, "c");
  rig.accept({a, b, c});
  ASSERT_TRUE(rig.wait_status(*a.arn, "RUNNING"));
  rig.clock.advance(std::chrono::minutes(5));
  EXPECT_THAT(rig.submitter.statuses(*b.arn), IsEmpty());
  EXPECT_THAT(rig.submitter.statuses(*c.arn), IsEmpty());
  ASSERT_THAT(rig.engine->task(*b.arn)->waiting, Not(IsEmpty()));
  EXPECT_THAT(rig.engine->task(*b.arn)->waiting[0].why, HasSubstr("MiB of memory"));
  EXPECT_THAT(rig.engine->task(*c.arn)->waiting[0].why, HasSubstr("waits behind task b"));
  rig.stop(a);
  EXPECT_TRUE(rig.wait_status(*b.arn, "RUNNING"));
  EXPECT_TRUE(rig.wait_status(*c.arn, "RUNNING"));
}

TEST(Engine, Engine07_AWaitingTaskThatIsStoppedFreesTheQueue) {
  Rig rig({.memory = 100});
  rig.boot();
  auto small = payload_container("c");
  small.memory = 20;
  rig.accept({payload_task({small}, "there")});
  ASSERT_TRUE(rig.wait_status("arn:aws:ecs:us-west-2:123456789012:task/harness/there", "RUNNING"));
  auto big = payload_container("c");
  big.memory = 100;
  const auto a = payload_task({big}, "a");
  const auto b = payload_task({payload_container("c")}, "b");
  rig.accept({a});
  rig.accept({b});
  rig.clock.advance(std::chrono::minutes(1));
  EXPECT_THAT(rig.submitter.statuses(*a.arn), IsEmpty());
  EXPECT_THAT(rig.submitter.statuses(*b.arn), IsEmpty());
  rig.stop(a);
  EXPECT_TRUE(rig.wait_status(*a.arn, "STOPPED"));
  EXPECT_TRUE(rig.wait_status(*b.arn, "RUNNING"));
}

TEST(Engine, Engine14_ARemovedContainerHasExitCode137) {
  Rig rig;
  rig.boot();
  rig.accept({payload_task({payload_container("c1")})});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.daemon.remove(rig.daemon.of("c1")->id);
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(only_container(rig.submitter.accepted.back()).exit_code, 137);
  EXPECT_EQ(only_container(rig.submitter.accepted.back()).reason, std::nullopt);
}

TEST(Engine, Engine15_AStartByHandIsUndoneOnce) {
  Rig rig;
  rig.boot();
  auto side = payload_container("side");
  side.essential = false;
  rig.accept({payload_task({payload_container("main"), side})});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.daemon.exit(*rig.daemon.of("side"), 0);
  rig.clock.advance(std::chrono::seconds(1));
  rig.daemon.start(*rig.daemon.of("side"));
  rig.clock.advance(std::chrono::seconds(1));
  EXPECT_FALSE(rig.daemon.of("side")->running);
  rig.clock.advance(std::chrono::seconds(1));
  rig.daemon.start(*rig.daemon.of("side"));
  rig.clock.advance(std::chrono::seconds(1));
  EXPECT_TRUE(rig.daemon.of("side")->running);
}

TEST(Engine, Engine17_AnOutOfMemoryEndIsTheContainersReason) {
  Rig rig;
  rig.boot();
  rig.accept({payload_task({payload_container("c1")})});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.daemon.of("c1")->oom = true;
  rig.daemon.exit(*rig.daemon.of("c1"), 137);
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(rig.submitter.accepted.back().reason, "");
  EXPECT_EQ(only_container(rig.submitter.accepted.back()).reason,
            "OutOfMemoryError: Container killed due to memory usage");
}

TEST(Engine, Engine51_AnExitDuringAGapOfEventsIsFoundByTheResync) {
  Rig rig;
  rig.boot();
  rig.accept({payload_task({payload_container("c1")})});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.daemon.hide_events = true;
  rig.daemon.exit(*rig.daemon.of("c1"), 5);
  rig.clock.advance(std::chrono::seconds(30));
  EXPECT_THAT(rig.submitter.statuses(kArn), Not(Contains("STOPPED")));
  rig.client->cut_events();
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED", std::chrono::seconds(10)));
  EXPECT_EQ(only_container(rig.submitter.accepted.back()).exit_code, 5);
}

TEST(Engine, Engine12_AHiddenExitIsFoundByThePoll) {
  Rig rig;
  rig.boot();
  rig.accept({payload_task({payload_container("c1")})});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  const auto begin = rig.clock.now();
  rig.daemon.hide_events = true;
  rig.daemon.exit(*rig.daemon.of("c1"), 5);
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_GE(rig.clock.now() - begin, std::chrono::minutes(5));
  EXPECT_LE(rig.clock.now() - begin, std::chrono::seconds(331));
}

TEST(Engine, AStopWhileAnImageIsLookedUpOrPulledLeavesAtOnce) {
  for (const char* call : {"distribution", "pull"}) {
    Rig rig;
    rig.boot();
    rig.client->delays[call] = std::chrono::hours(1);
    rig.accept({payload_task({payload_container("c1")})});
    rig.clock.advance(std::chrono::seconds(30));
    EXPECT_EQ(rig.daemon.calls_of(call), 1U);
    EXPECT_THAT(rig.engine->task(kArn)->waiting, SizeIs(1));
    rig.stop(payload_task({payload_container("c1")}));
    ASSERT_TRUE(rig.wait_status(kArn, "STOPPED", std::chrono::seconds(1)));
    EXPECT_EQ(only_container(rig.submitter.accepted.back()).reason, std::nullopt);
    EXPECT_THAT(rig.engine->task(kArn)->waiting, IsEmpty());
    EXPECT_EQ(rig.client->under_way(call), 0);
    rig.clock.advance(std::chrono::hours(2));
    EXPECT_EQ(rig.daemon.calls_of(call), 1U);
    EXPECT_EQ(rig.daemon.calls_of("create"), 0U);
  }
}

TEST(Engine, ALookUpThatFailsIsNotRepeatedForAStoppedTask) {
  Rig rig;
  rig.boot();
  rig.client->failures.push_back({"distribution", docker::Error::from_answer(500, "later"), 9});
  rig.accept({payload_task({payload_container("c1")})});
  rig.clock.advance(std::chrono::seconds(5));
  rig.stop(payload_task({payload_container("c1")}));
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED", std::chrono::seconds(1)));
  const std::size_t calls = rig.daemon.calls_of("distribution");
  EXPECT_LT(calls, 9U);
  rig.clock.advance(std::chrono::minutes(5));
  EXPECT_EQ(rig.daemon.calls_of("distribution"), calls);
}

TEST(Engine, AStopOfARemovedContainerIsTriedOnce) {
  Rig rig;
  rig.boot();
  rig.accept({payload_task({payload_container("c1")})});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.daemon.hide_events = true;
  rig.daemon.remove(rig.daemon.of("c1")->id);
  const auto begin = rig.clock.now();
  rig.stop(payload_task({payload_container("c1")}));
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(rig.daemon.calls_of("stop"), 1U);
  EXPECT_LT(rig.clock.now() - begin, std::chrono::seconds(1));
}

TEST(Engine, Engine21_AConditionThatComesTrueIsActedUponAtOnce) {
  Rig rig;
  rig.boot();
  auto first = payload_container("first");
  first.health_check_type = "docker";
  first.docker_config = acs::DockerConfig{"1.24", R"({"Healthcheck":{"Test":["CMD","true"]}})", "{}"};
  auto second = payload_container("second");
  second.depends_on.push_back({"first", "HEALTHY"});
  rig.accept({payload_task({first, second})});
  rig.clock.advance(std::chrono::seconds(7));
  ASSERT_NE(rig.daemon.of("first"), nullptr);
  ASSERT_EQ(rig.daemon.of("second"), nullptr);
  rig.daemon.set_health(*rig.daemon.of("first"), "healthy");
  rig.clock.advance(std::chrono::milliseconds(1));
  EXPECT_NE(rig.daemon.of("second"), nullptr);
  EXPECT_TRUE(rig.wait_status(kArn, "RUNNING", std::chrono::milliseconds(10)));
}

TEST(Engine, AWaitKeepsItsMomentWhileItsCauseStays) {
  Rig rig;
  rig.boot();
  rig.client->delays["pull"] = std::chrono::minutes(5);
  rig.accept({payload_task({payload_container("c1"), payload_container("c2")})});
  rig.clock.advance(std::chrono::seconds(1));
  const auto before = rig.engine->task(kArn)->waiting;
  ASSERT_THAT(before, SizeIs(2));
  EXPECT_EQ(before[0].why, "pull is under way");
  rig.clock.advance(std::chrono::minutes(1));
  rig.accept({payload_task({payload_container("c1"), payload_container("c2")})});
  EXPECT_EQ(rig.engine->task(kArn)->waiting, before);
}

TEST(Engine, AContainerThatVanishedUnseenIsFoundByThePoll) {
  Rig rig;
  rig.boot();
  rig.accept({payload_task({payload_container("c1")})});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.daemon.hide_events = true;
  rig.daemon.remove(rig.daemon.of("c1")->id);
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_THAT(only_container(rig.submitter.accepted.back()).reason.value_or(""), StartsWith("ContainerVanishedError"));
}

TEST(Engine, AStopThatFailsIsTriedAgainAndThenBelieved) {
  Rig rig;
  rig.boot();
  const auto task = payload_task({payload_container("c1")});
  rig.accept({task});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.client->failures.push_back({"stop", docker::Error::from_answer(500, "cannot stop"), 5});
  rig.stop(task);
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(rig.daemon.calls_of("stop"), 5U);
  EXPECT_EQ(only_container(rig.submitter.accepted.back()).reason,
            "CannotStopContainerError: Error response from daemon: cannot stop");
}

TEST(Engine, AStopWaitsForAnEngineThatIsAway) {
  Rig rig;
  rig.boot();
  const auto task = payload_task({payload_container("c1")});
  rig.accept({task});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.client->away = true;
  rig.stop(task);
  rig.clock.advance(std::chrono::minutes(2));
  EXPECT_THAT(rig.submitter.statuses(kArn), Not(Contains("STOPPED")));
  rig.client->away = false;
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(only_container(rig.submitter.accepted.back()).exit_code, 137);
}

TEST(Engine, AnAnswerLostAfterTheCreateMakesNoSecondContainer) {
  Rig rig;
  rig.boot();
  rig.client->failures.push_back({"create", docker::Error(docker::Error::Kind::kBroken, "connection reset"), 1, true});
  rig.accept({payload_task({payload_container("c1")})});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  EXPECT_EQ(rig.daemon.calls_of("create"), 1U);
}

TEST(Engine, AContainerThatShowsUpLateIsAdopted) {
  Rig rig;
  rig.boot();
  rig.client->failures.push_back({"create", docker::Error(docker::Error::Kind::kBroken, "connection reset"), 1, true});
  rig.client->failures.push_back({"inspect ecs-", docker::Error::from_answer(404, "No such container"), 3});
  rig.accept({payload_task({payload_container("c1")})});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  EXPECT_EQ(rig.daemon.calls_of("create"), 1U);
}

TEST(Engine, AStartWhoseAnswerIsLostIsStopped) {
  Rig rig;
  rig.boot();
  rig.client->failures.push_back({"start", docker::Error::timeout("started", std::chrono::minutes(3)), 1, true});
  rig.daemon.hide_events = true;
  rig.accept({payload_task({payload_container("c1")})});
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_FALSE(rig.daemon.of("c1")->running);
  EXPECT_THAT(only_container(rig.submitter.accepted.back()).reason.value_or(""), StartsWith("DockerTimeoutError: "));
}

TEST(Engine, Engine48_AnEndedTaskIsSweptLater) {
  Rig rig({.cleanup_wait = std::chrono::minutes(1)});
  rig.boot();
  const auto task = payload_task({payload_container("c1")});
  rig.accept({task});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.stop(task);
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  rig.clock.advance(std::chrono::seconds(30));
  EXPECT_THAT(rig.engine->tasks(), SizeIs(1));
  rig.clock.advance(std::chrono::seconds(31));
  EXPECT_THAT(rig.engine->tasks(), IsEmpty());
  EXPECT_THAT(rig.daemon.containers, IsEmpty());
  EXPECT_THAT(rig.store.rows(store::Table::kTasks), IsEmpty());
  EXPECT_THAT(rig.store.rows(store::Table::kContainers), IsEmpty());
}

TEST(Engine, LocalToolsSeeEveryPhase) {
  Rig rig;
  rig.boot();
  rig.accept({payload_task({payload_container("c1")})});
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  std::vector<std::string> statuses;
  bool progress = false;
  for (const Event& event : rig.events.all) {
    if (event.kind == Event::Kind::kContainerStatus) statuses.push_back(event.status);
    progress |= event.kind == Event::Kind::kPullProgress && event.detail == "Downloading";
  }
  EXPECT_THAT(statuses, ElementsAre("MANIFEST_PULLED", "PULLED", "CREATED", "RUNNING"));
  EXPECT_TRUE(progress);
}

TEST(Engine, APayloadThatCannotBeSavedIsNotAckedAndNotRun) {
  Rig rig;
  rig.boot();
  rig.store.fail_all("disk full");
  EXPECT_FALSE(rig.accept({payload_task({payload_container("c1")})}));
  rig.clock.advance(std::chrono::minutes(1));
  EXPECT_THAT(changes(rig.daemon), IsEmpty());
  rig.store.fail_all(std::nullopt);
  EXPECT_TRUE(rig.accept({payload_task({payload_container("c1")})}));
  EXPECT_TRUE(rig.wait_status(kArn, "RUNNING"));
}

}  // namespace
}  // namespace ecs::engine
