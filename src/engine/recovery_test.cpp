// What the next process makes of what the last one left behind.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/rows.hpp"
#include "engine/testing/rig.hpp"

namespace ecs::engine {
namespace {

using store::testing::FakeStore;
using ::testing::Contains;
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

const aws::ContainerStateChange& last_container(const Rig& rig) {
  return rig.submitter.accepted.back().containers.value().at(0);
}

void expect_one_of_each(const Rig& rig) {
  for (const auto& [name, count] : rig.daemon.creates) EXPECT_EQ(count, 1) << name;
  for (const auto& [name, count] : rig.daemon.starts) EXPECT_EQ(count, 1) << name;
  EXPECT_THAT(rig.daemon.creates, SizeIs(1));
}

/// Runs a task until the engine's call that starts with `call`, before or after its effect, and dies there.
void die_at(Rig& rig, const std::string& call, bool done) {
  bool reached = false;
  rig.client->on_call = [&](const std::string& made, bool after) {
    if (reached || after != done || !made.starts_with(call)) return;
    reached = true;
    rig.client->dead = true;
    rig.submitter.dead = true;
    rig.store.crash(FakeStore::AfterCrash::kHang);
  };
  if (!rig.clock.advance_until([&] { return reached; }, std::chrono::minutes(1))) FAIL() << call << " never comes";
  rig.die();
}

void give_payload(Rig& rig) { ASSERT_TRUE(rig.accept({payload_task({payload_container("c1")})})); }

struct Window {
  const char* call;
  bool done;
};

class CrashWindow : public ::testing::TestWithParam<Window> {};

TEST_P(CrashWindow, OneCreateOneStartAndTheEndIsReported) {
  Rig rig;
  rig.boot();
  // Each call takes a while, so that the payload is durable before the window comes.
  rig.client->slowest = std::chrono::milliseconds(20);
  give_payload(rig);
  die_at(rig, GetParam().call, GetParam().done);
  rig.boot();
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.daemon.exit(*rig.daemon.of("c1"), 7);
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(last_container(rig).exit_code, 7);
  expect_one_of_each(rig);
}

INSTANTIATE_TEST_SUITE_P(Engine, CrashWindow,
                         ::testing::Values(Window{"distribution", false}, Window{"pull", false}, Window{"pull", true},
                                           Window{"create", false}, Window{"create", true}, Window{"start", false},
                                           Window{"start", true}));

TEST(Engine, ADeathInTheStopIsFollowedByTheStop) {
  for (const bool done : {false, true}) {
    Rig rig;
    rig.boot();
    give_payload(rig);
    ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
    rig.client->slowest = std::chrono::milliseconds(20);
    ASSERT_TRUE(rig.stop(payload_task({payload_container("c1")})));
    die_at(rig, "stop", done);
    rig.boot();
    ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
    EXPECT_EQ(last_container(rig).exit_code, 137);
    EXPECT_THAT(rig.submitter.statuses(kArn), ElementsAre("PENDING", "RUNNING", "STOPPED"));
    expect_one_of_each(rig);
  }
}

TEST(Engine, Engine70_ARestartTouchesNothingAndRepeatsNothing) {
  Rig rig;
  rig.boot();
  give_payload(rig);
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.clock.advance(std::chrono::seconds(1));
  rig.die();
  const std::size_t reports = rig.submitter.attempts.size();
  rig.boot();
  rig.clock.advance(std::chrono::minutes(1));
  EXPECT_EQ(rig.submitter.attempts.size(), reports);
  expect_one_of_each(rig);
  EXPECT_EQ(rig.daemon.calls_of("stop"), 0U);
}

TEST(Engine, Engine71_AnExitDuringTheDowntimeIsReported) {
  Rig rig;
  rig.boot();
  give_payload(rig);
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.die();
  rig.daemon.exit(*rig.daemon.of("c1"), 4);
  rig.boot();
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(last_container(rig).exit_code, 4);
  EXPECT_EQ(last_container(rig).reason, std::nullopt);
}

TEST(Engine, Engine72_ARemovalDuringTheDowntimeIsReported) {
  Rig rig;
  rig.boot();
  give_payload(rig);
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.die();
  rig.daemon.remove(rig.daemon.of("c1")->id);
  rig.boot();
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(last_container(rig).exit_code, std::nullopt);
  EXPECT_EQ(last_container(rig).reason, "ContainerVanishedError: No container matching saved ID found");
}

TEST(Engine, Engine73_AnEngineThatDoesNotAnswerIsNoVanishedContainer) {
  Rig rig;
  rig.boot();
  give_payload(rig);
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.die();
  rig.launch();
  rig.client->failures.push_back({"inspect", docker::Error::timeout("inspecting", std::chrono::seconds(30)), 5});
  rig.run(rig.engine->start());
  rig.clock.advance(std::chrono::minutes(1));
  EXPECT_THAT(rig.submitter.statuses(kArn), Not(Contains("STOPPED")));
  EXPECT_EQ(rig.engine->task(kArn)->task->known, task::TaskStatus::kRunning);
}

TEST(Engine, Engine76_AReportThatWasNotAcceptedIsSentByTheNextProcess) {
  Rig rig;
  rig.boot();
  give_payload(rig);
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.submitter.held = true;
  rig.daemon.exit(*rig.daemon.of("c1"), 3);
  rig.clock.advance(std::chrono::seconds(5));
  rig.die();
  rig.submitter.held = false;
  rig.boot();
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(last_container(rig).exit_code, 3);
}

TEST(Engine, Engine77_CleanupComesThreeHoursAfterTheEndAcrossRestarts) {
  Rig rig;
  rig.boot();
  give_payload(rig);
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.daemon.exit(*rig.daemon.of("c1"), 0);
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  rig.clock.advance(std::chrono::hours(1));
  rig.die();
  rig.boot();
  rig.clock.advance(std::chrono::minutes(118));
  EXPECT_THAT(rig.daemon.containers, SizeIs(1));
  rig.clock.advance(std::chrono::minutes(3));
  EXPECT_THAT(rig.daemon.containers, IsEmpty());
}

TEST(Engine, Engine78_WithoutAnAcceptedEndNothingIsSwept) {
  Rig rig({.cleanup_wait = std::chrono::minutes(1)});
  rig.boot();
  give_payload(rig);
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.submitter.held = true;
  rig.daemon.exit(*rig.daemon.of("c1"), 0);
  rig.clock.advance(std::chrono::hours(2));
  EXPECT_THAT(rig.daemon.containers, SizeIs(1));
  rig.submitter.held = false;
  rig.submitter.release.set();
  rig.clock.advance(std::chrono::minutes(1));
  EXPECT_THAT(rig.daemon.containers, IsEmpty());
}

TEST(Engine, AFailedIntakeIsStillReportedAfterACrash) {
  Rig rig;
  rig.boot();
  rig.submitter.held = true;
  auto c = payload_container("c1");
  c.links.push_back("zz");
  ASSERT_TRUE(rig.accept({payload_task({c})}));
  rig.die();
  rig.submitter.held = false;
  rig.boot();
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(rig.submitter.accepted.back().reason,
            "resource cannot be initialized for task " + kArn + ": could not find container for link zz");
  EXPECT_EQ(rig.submitter.accepted.back().containers, std::nullopt);
}

TEST(Engine, ARunningTaskHoldsItsResourcesAfterARestart) {
  Rig rig({.memory = 100});
  rig.boot();
  give_payload(rig);
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.die();
  rig.boot();
  const auto second = payload_task({payload_container("c1")}, "2");
  ASSERT_TRUE(rig.accept({second}));
  rig.clock.advance(std::chrono::minutes(1));
  EXPECT_THAT(rig.submitter.statuses(*second.arn), IsEmpty());
}

TEST(Engine, ABrokenRowIsNamedAndLeftAlone) {
  Rig rig;
  rig.boot();
  give_payload(rig);
  const auto second = payload_task({payload_container("c1")}, "2");
  ASSERT_TRUE(rig.accept({second}));
  ASSERT_TRUE(rig.wait_status(*second.arn, "RUNNING"));
  rig.die();
  rig.store.put({{store::Table::kContainers, "1-c1", "{\"name\": 5}"}});
  rig.boot();
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_THAT(*rig.submitter.accepted.back().reason, HasSubstr("no readable row of container c1"));
  EXPECT_TRUE(rig.daemon.of("c1")->running);
  EXPECT_EQ(rig.store.find(store::Table::kContainers, "1-c1"), "{\"name\": 5}");
  EXPECT_TRUE(rig.log.contains("container row 1-c1"));
  EXPECT_TRUE(rig.engine->task(*second.arn).has_value());
}

TEST(Engine, AStartThatWaitsForTheEngineEndsOnceItAnswers) {
  Rig rig;
  rig.boot();
  give_payload(rig);
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.die();
  rig.launch();
  rig.client->away = true;
  base::Scope scope(rig.loop.executor());
  bool up = false;
  auto start = [](Engine& engine, bool& done) -> base::Async<> {
    co_await engine.start();
    done = true;
  };
  scope.spawn("start", start(*rig.engine, up));
  rig.clock.advance(std::chrono::minutes(2));
  EXPECT_FALSE(up);
  rig.client->away = false;
  rig.clock.advance(std::chrono::minutes(1));
  EXPECT_TRUE(up);
  expect_one_of_each(rig);
}

TEST(Engine, Config30_ATaskWithoutACgroupIsFoundInTheRows) {
  Rig rig;
  rig.settings.task_cgroups = TaskCgroupSettings{.root_prefix = "/ecs/"};
  rig.boot();
  give_payload(rig);
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.die();
  EXPECT_EQ(task_without_cgroup(rig.store), "");
  rig.settings.task_cgroups.reset();
  rig.boot();
  const acs::Task other = payload_task({payload_container("c1")}, "2");
  ASSERT_TRUE(rig.accept({other}));
  rig.clock.advance(std::chrono::seconds(1));
  rig.die();
  EXPECT_EQ(task_without_cgroup(rig.store), *other.arn);
  rig.boot();
  rig.stop(other);
  ASSERT_TRUE(rig.wait_status(*other.arn, "STOPPED"));
  rig.die();
  EXPECT_EQ(task_without_cgroup(rig.store), "");
}

}  // namespace
}  // namespace ecs::engine
