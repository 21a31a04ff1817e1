// Volumes and task cgroups: from the payload to the sweep, and over the death of the agent.
#include "engine/resources.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "engine/intake.hpp"
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

constexpr base::WallTime kNow{std::chrono::seconds(1767225600)};
const std::string kPrefix = "resource cannot be initialized for task " + kArn + ": ";

Settings with_cgroups() {
  Settings settings;
  settings.task_cgroups = TaskCgroupSettings{.root_prefix = "/ecs/", .root_suffix = ""};
  settings.cleanup_wait = std::chrono::seconds(1);
  return settings;
}

task::Task taken(const acs::Task& payload, const Settings& settings = {}) {
  base::Random random(1);
  return std::get<task::Task>(convert(payload, settings, random, kNow));
}

task::CgroupSpec spec_of(const acs::Task& payload, const Settings& settings = with_cgroups()) {
  return taken(payload, settings).resources.at(0).cgroup.value();
}

acs::Volume host_volume(const std::string& name, acs::Text path) {
  return {.name = name, .type = "host", .host = acs::HostVolume{std::move(path)}};
}

acs::Volume docker_volume(const std::string& name, const std::string& scope, bool autoprovision = false) {
  acs::DockerVolumeConfiguration of;
  of.scope = scope;
  of.autoprovision = autoprovision;
  of.driver = "local";
  return {.name = name, .type = "docker", .docker_volume_configuration = of};
}

/// One container that mounts each of the volumes.
acs::Task mounting(std::vector<acs::Volume> volumes) {
  acs::Task payload = payload_task({payload_container("c1")});
  for (const acs::Volume& v : volumes) payload.containers[0].mount_points.push_back({v.name, "/" + *v.name, false});
  payload.volumes = std::move(volumes);
  return payload;
}

// ---- Intake ------------------------------------------------------------------------------------------------------

TEST(TaskCgroup, Engine79_QuotaAndLimitOfTheTask) {
  acs::Task payload = payload_task({payload_container("c1")});
  payload.cpu = 0.25;
  payload.memory = 64;
  const task::CgroupSpec spec = spec_of(payload);
  EXPECT_EQ(spec.root, "/ecs/1");
  EXPECT_EQ(spec.cpu_quota, 25000);
  EXPECT_EQ(spec.cpu_period, 100000);
  EXPECT_EQ(spec.cpu_shares, 0);
  EXPECT_EQ(spec.memory, 67108864);
  EXPECT_EQ(spec.pids, 0);
}

TEST(TaskCgroup, WithoutTaskCpuTheSharesOfTheContainersAreSummed) {
  acs::Task payload = payload_task({payload_container("a"), payload_container("b")});
  payload.containers[0].cpu = 100;
  payload.containers[1].cpu = 1;
  const task::CgroupSpec spec = spec_of(payload);
  EXPECT_EQ(spec.cpu_shares, 102);
  EXPECT_EQ(spec.cpu_quota, 0);
  EXPECT_EQ(spec.memory, 0);
  payload.containers[0].cpu = 262144;
  EXPECT_EQ(spec_of(payload).cpu_shares, 262144);
}

TEST(TaskCgroup, PeriodAndPidsComeFromTheSettings) {
  Settings settings = with_cgroups();
  settings.task_cgroups->cpu_period = std::chrono::milliseconds(8);
  settings.task_cgroups->pids_limit = 77;
  settings.task_cgroups->root_prefix = "ecstasks-";
  settings.task_cgroups->root_suffix = ".slice";
  acs::Task payload = payload_task({payload_container("c1")});
  payload.cpu = 2;
  const task::CgroupSpec spec = spec_of(payload, settings);
  EXPECT_EQ(spec.root, "ecstasks-1.slice");
  EXPECT_EQ(spec.cpu_quota, 16000);
  EXPECT_EQ(spec.cpu_period, 8000);
  EXPECT_EQ(spec.pids, 77);
}

TEST(TaskCgroup, Engine80_AContainerAboveTheTaskIsRefused) {
  acs::Task payload = payload_task({payload_container("c1")});
  payload.containers[0].memory = 128;
  payload.memory = 64;
  const task::Task task = taken(payload, with_cgroups());
  EXPECT_EQ(task.reason, kPrefix +
                             "cgroup resource: unable to build resource spec for task: task memory spec builder: "
                             "container memory limit(128) greater than task memory limit(64)");
  EXPECT_TRUE(task.ended());
  EXPECT_THAT(task.resources, IsEmpty());
  EXPECT_EQ(taken(payload).reason, "");  // Where limits are off nobody asks.
}

TEST(Volumes, AHostPathIsABindAndNeedsNothing) {
  const task::Task task = taken(mounting({host_volume("data", "/srv/data")}));
  EXPECT_THAT(task.resources, IsEmpty());
  EXPECT_EQ(task.volumes.at(0).source, "/srv/data");
}

TEST(Volumes, Engine86_AnEmptyHostVolumeIsADockerVolumeOfTheTask) {
  const task::Task task = taken(mounting({host_volume("scratch one", std::nullopt)}));
  ASSERT_THAT(task.resources, SizeIs(1));
  const task::VolumeSpec& spec = task.resources[0].volume.value();
  EXPECT_TRUE(std::regex_match(spec.docker_name, std::regex("ecs-fam-3-scratch one-[0-9a-f]{20}"))) << spec.docker_name;
  EXPECT_EQ(task.volumes.at(0).source, spec.docker_name);
  EXPECT_EQ(spec.driver, "local");
  EXPECT_TRUE(spec.task_scope);
}

TEST(Volumes, AnEmptyHostVolumeThatNobodyMountsIsNotMade) {
  acs::Task payload = mounting({host_volume("scratch", "")});
  payload.containers[0].mount_points.clear();
  EXPECT_THAT(taken(payload).resources, IsEmpty());
}

TEST(Volumes, Engine86_TaskScopeHasANameOfItsOwn) {
  acs::Volume volume = docker_volume("dock", "task");
  volume.docker_volume_configuration->driver_opts = {{"type", "tmpfs"}};
  volume.docker_volume_configuration->labels = {{"k", "v"}};
  const task::Task task = taken(mounting({volume}));
  const task::VolumeSpec& spec = task.resources.at(0).volume.value();
  EXPECT_TRUE(std::regex_match(spec.docker_name, std::regex("ecs-fam-3-dock-[0-9a-f]{20}"))) << spec.docker_name;
  EXPECT_THAT(spec.driver_opts, ElementsAre(std::pair("type", "tmpfs")));
  EXPECT_THAT(spec.labels, ElementsAre(std::pair("k", "v")));
}

TEST(Volumes, SharedScopeKeepsItsName) {
  const task::Task task = taken(mounting({docker_volume("sv", "shared", true)}));
  EXPECT_EQ(task.resources.at(0).volume->docker_name, "sv");
  EXPECT_FALSE(task.resources.at(0).volume->task_scope);
}

struct Wrong {
  const char* name;
  std::function<void(acs::Task&)> spoil;
  std::string cause;
};

class WrongVolume : public ::testing::TestWithParam<Wrong> {};

TEST_P(WrongVolume, IsRefusedBeforeAnythingIsMade) {
  acs::Task payload = mounting({host_volume("data", "/srv")});
  GetParam().spoil(payload);
  const task::Task task = taken(payload);
  EXPECT_EQ(task.reason, kPrefix + GetParam().cause);
  EXPECT_TRUE(task.ended());
}

INSTANTIATE_TEST_SUITE_P(
    Volumes, WrongVolume,
    ::testing::Values(
        Wrong{
            "unknown", [](acs::Task& t) { t.containers[0].mount_points[0].source_volume = "zz"; },
            "Invalid volume referenced: zz (containers[0].mountPoints[0].sourceVolume: no volume of the task has this "
            "name)"},
        Wrong{"no_path", [](acs::Task& t) { t.containers[0].mount_points[0].container_path = std::nullopt; },
              "Unable to resolve volume mounts; invalid path: c1 data; /srv ->  "
              "(containers[0].mountPoints[0].containerPath: not empty)"},
        Wrong{"autoprovisioned", [](acs::Task& t) { t.volumes = {docker_volume("data", "task", true)}; },
              "volume [data] : task scoped volume could not be autoprovisioned"},
        Wrong{"twice", [](acs::Task& t) { t.volumes.push_back(t.volumes[0]); },
              "more than one volume has the name data"},
        Wrong{"fsx",
              [](acs::Task& t) {
                t.volumes = {{.name = "data",
                              .type = "fsxWindowsFileServer",
                              .fsx_windows_file_server_volume_configuration = acs::FsxVolumeConfiguration{}}};
              },
              "task with FSx for Windows File Server volumes is only supported on Windows container instance"},
        Wrong{"efs",
              [](acs::Task& t) {
                t.volumes = {
                    {.name = "data", .type = "efs", .efs_volume_configuration = acs::EfsVolumeConfiguration{}}};
              },
              "EFS volumes: not supported by this version of the agent"}),
    [](const auto& tested) { return std::string(tested.param.name); });

// ---- The way of a task -------------------------------------------------------------------------------------------

TEST(Volumes, Engine86_TheVolumeIsMadeBeforeThePullAndRemovedAfterTheContainers) {
  Rig rig(with_cgroups());
  rig.boot();
  const acs::Task payload = mounting({docker_volume("v", "task")});
  ASSERT_TRUE(rig.accept({payload}));
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  const auto& calls = rig.daemon.calls;
  const auto at = [&](const std::string& start) {
    return std::ranges::find_if(calls, [&](const std::string& c) { return c.starts_with(start); }) - calls.begin();
  };
  EXPECT_LT(at("create volume ecs-fam-3-v-"), at("pull "));
  EXPECT_THAT(rig.daemon.volumes, SizeIs(1));
  EXPECT_EQ(rig.daemon.of("c1")->body.at("HostConfig").at("Binds").as_array().at(0).as_string(),
            rig.daemon.volumes.begin()->first + ":/v");
  EXPECT_EQ(rig.daemon.of("c1")->body.at("HostConfig").at("CgroupParent").as_string(), "/ecs/1");
  EXPECT_THAT(rig.cgroups.there, SizeIs(1));
  rig.stop(payload);
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  rig.clock.advance(std::chrono::minutes(1));
  EXPECT_THAT(rig.daemon.volumes, IsEmpty());
  EXPECT_THAT(rig.cgroups.there, IsEmpty());
  EXPECT_LT(at("remove ecs-fam"), at("remove volume ecs-fam-3-v-"));
  EXPECT_THAT(rig.engine->tasks(), IsEmpty());
}

TEST(Volumes, Engine85_ASharedVolumeThatIsMissingIsRefused) {
  Rig rig;
  rig.boot();
  ASSERT_TRUE(rig.accept({mounting({docker_volume("sv", "shared")})}));
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  const auto& report = rig.submitter.accepted.back();
  EXPECT_EQ(report.reason, kPrefix +
                               "initialize volume: volume detection failed, volume 'sv' does not exist and "
                               "autoprovision is set to false: Error response from daemon: get sv: no such volume");
  EXPECT_THAT(report.containers.value_or(std::vector<aws::ContainerStateChange>{}), IsEmpty());
  EXPECT_EQ(rig.daemon.calls_of("distribution"), 0U);
  EXPECT_EQ(rig.submitter.accepted.size(), 1U);
}

TEST(Volumes, Engine85_AnAutoprovisionedVolumeIsMadeAndOutlivesTheTask) {
  Rig rig(with_cgroups());
  rig.boot();
  const acs::Task payload = mounting({docker_volume("sv", "shared", true)});
  ASSERT_TRUE(rig.accept({payload}));
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  EXPECT_THAT(rig.daemon.volumes, Contains(::testing::Key("sv")));
  rig.stop(payload);
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  rig.clock.advance(std::chrono::minutes(1));
  EXPECT_THAT(rig.engine->tasks(), IsEmpty());
  EXPECT_THAT(rig.daemon.volumes, Contains(::testing::Key("sv")));
}

TEST(Volumes, ASharedVolumeThatExistsIsTakenAsItIs) {
  Rig rig;
  rig.boot();
  rig.daemon.volumes["sv"] = {.name = "sv", .driver = "other", .labels = {{"a", "b"}}};
  ASSERT_TRUE(rig.accept({mounting({docker_volume("sv", "shared", true)})}));
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  EXPECT_EQ(rig.daemon.calls_of("create volume"), 0U);
}

std::string refusal_with(docker::Volume existing) {
  Settings settings;
  settings.shared_volume_match_full_config = true;
  Rig rig(settings);
  rig.boot();
  rig.daemon.volumes["sv"] = std::move(existing);
  acs::Volume wanted = docker_volume("sv", "shared", true);
  wanted.docker_volume_configuration->labels = {{"b", "2"}, {"a", "1"}};
  wanted.docker_volume_configuration->driver_opts = {{"type", "tmpfs"}};
  EXPECT_TRUE(rig.accept({mounting({wanted})}));
  EXPECT_TRUE(rig.clock.advance_until([&] { return !rig.submitter.accepted.empty(); }, std::chrono::minutes(1)));
  return rig.submitter.accepted.back().reason.value_or("");
}

TEST(Volumes, TheFullConfigurationMustMatchWhereThatIsAskedFor) {
  const docker::Labels labels{{"a", "1"}, {"b", "2"}};
  EXPECT_EQ(refusal_with({.name = "sv", .labels = {{"a", "1"}}, .options = {{"type", "tmpfs"}}}),
            kPrefix +
                "intialize volume: non-autoprovisioned volume does not match existing volume labels: existing: "
                "map[a:1], expected: map[a:1 b:2]");
  EXPECT_EQ(refusal_with({.name = "sv", .labels = labels}),
            kPrefix +
                "initialize volume: non-autoprovisioned volume does not match existing volume options: existing: "
                "map[], expected: map[type:tmpfs]");
  EXPECT_EQ(refusal_with({.name = "sv", .labels = labels, .options = {{"type", "tmpfs"}}}), "");
}

TEST(Volumes, AnInspectWithoutAnswerRefusesAnAutoprovisionedVolume) {
  Rig rig;
  rig.boot();
  rig.client->failures.push_back(
      {"inspect volume sv", docker::Error::timeout("inspecting volume", std::chrono::minutes(5))});
  ASSERT_TRUE(rig.accept({mounting({docker_volume("sv", "shared", true)})}));
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(rig.submitter.accepted.back().reason,
            kPrefix + "Could not transition to inspecting volume; timed out after waiting 5m0s");
}

TEST(Volumes, AFailedCreateStopsTheTaskInTheDaemonsWords) {
  Rig rig(with_cgroups());
  rig.boot();
  rig.client->failures.push_back(
      {"create volume", docker::Error::from_answer(404, "create v: error looking up volume plugin x: not found")});
  ASSERT_TRUE(rig.accept({mounting({docker_volume("v", "task")})}));
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(rig.submitter.accepted.back().reason,
            "Error response from daemon: create v: error looking up volume plugin x: not found");
  EXPECT_EQ(rig.daemon.calls_of("create ecs"), 0U);
  EXPECT_EQ(rig.daemon.calls_of("pull"), 0U);
  rig.clock.advance(std::chrono::minutes(1));
  EXPECT_EQ(rig.daemon.calls_of("remove volume"), 1U);
  EXPECT_THAT(rig.engine->tasks(), IsEmpty());
}

TEST(TaskCgroup, AFailedCreateStopsTheTask) {
  Rig rig(with_cgroups());
  rig.boot();
  rig.cgroups.failure = "/sys/fs/cgroup/cpu/ecs/1: Read-only file system";
  ASSERT_TRUE(rig.accept({payload_task({payload_container("c1")})}));
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  EXPECT_EQ(rig.submitter.accepted.back().reason, "CgroupError: Agent could not create task's platform resources");
  EXPECT_TRUE(rig.log.contains("Read-only file system"));
  // A failed removal is as good as one that worked.
  rig.clock.advance(std::chrono::minutes(1));
  EXPECT_THAT(rig.engine->tasks(), IsEmpty());
  EXPECT_TRUE(rig.log.contains("Could not remove the cgroup"));
}

TEST(TaskCgroup, ACreateThatOutlivesTheTaskIsWaitedForBeforeTheRemoval) {
  Rig rig(with_cgroups());
  rig.boot();
  rig.cgroups.held = true;
  const acs::Task payload = payload_task({payload_container("c1")});
  ASSERT_TRUE(rig.accept({payload}));
  rig.stop(payload);
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  rig.clock.advance(std::chrono::minutes(1));
  EXPECT_THAT(rig.engine->tasks(), SizeIs(1));
  rig.cgroups.release.set();
  rig.clock.advance(std::chrono::minutes(1));
  EXPECT_THAT(rig.engine->tasks(), IsEmpty());
  EXPECT_THAT(rig.cgroups.there, IsEmpty());
}

// ---- The death of the agent --------------------------------------------------------------------------------------

void die_at(Rig& rig, const std::string& call, bool done) {
  bool reached = false;
  rig.client->on_call = [&](const std::string& made, bool after) {
    if (reached || after != done || !made.starts_with(call)) return;
    reached = true;
    rig.client->dead = true;
    rig.submitter.dead = true;
    rig.cgroups.dead = true;
    rig.store.crash(FakeStore::AfterCrash::kHang);
  };
  ASSERT_TRUE(rig.clock.advance_until([&] { return reached; }, std::chrono::minutes(1))) << call << " never comes";
  rig.die();
}

TEST(Volumes, ADeathAroundTheCreateOrTheRemovalLeavesNothingBehind) {
  for (const char* call : {"create volume", "remove volume", "remove ecs-fam"}) {
    for (const bool done : {false, true}) {
      SCOPED_TRACE(std::string(call) + (done ? " after" : " before"));
      Rig rig(with_cgroups());
      rig.boot();
      rig.client->slowest = std::chrono::milliseconds(20);
      const acs::Task payload = mounting({docker_volume("v", "task")});
      ASSERT_TRUE(rig.accept({payload}));
      const bool removal = std::string_view(call).starts_with("remove");
      if (removal) {
        ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
        rig.stop(payload);
      }
      die_at(rig, call, done);
      rig.boot();
      if (!removal) {
        ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
        EXPECT_THAT(rig.daemon.volumes, SizeIs(1));  // The name was stored: no second volume.
        rig.stop(payload);
      }
      ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
      rig.clock.advance(std::chrono::minutes(5));
      EXPECT_THAT(rig.daemon.volumes, IsEmpty());
      EXPECT_THAT(rig.daemon.containers, IsEmpty());
      EXPECT_THAT(rig.cgroups.there, IsEmpty());
      EXPECT_THAT(rig.engine->tasks(), IsEmpty());
    }
  }
}

TEST(Volumes, ARestartWithARunningTaskTouchesNothing) {
  Rig rig(with_cgroups());
  rig.boot();
  ASSERT_TRUE(rig.accept({mounting({docker_volume("v", "task"), docker_volume("sv", "shared", true)})}));
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.clock.advance(std::chrono::seconds(10));
  rig.die();
  rig.daemon.calls.clear();
  rig.boot();
  rig.clock.advance(std::chrono::seconds(10));
  EXPECT_EQ(rig.daemon.calls_of("create volume"), 0U);
  EXPECT_EQ(rig.daemon.calls_of("inspect volume"), 0U);
  EXPECT_THAT(rig.cgroups.creates, ElementsAre(std::pair("/ecs/1", 1)));
}

TEST(TaskCgroup, ADeathBeforeItsCreateIsFollowedByTheCreate) {
  Rig rig(with_cgroups());
  rig.boot();
  rig.client->slowest = std::chrono::milliseconds(20);
  rig.cgroups.dead = true;
  ASSERT_TRUE(rig.accept({payload_task({payload_container("c1")})}));
  rig.clock.advance(std::chrono::seconds(1));
  rig.die();
  rig.boot();
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  EXPECT_THAT(rig.cgroups.creates, ElementsAre(std::pair("/ecs/1", 1)));
}

TEST(TaskCgroup, TasksThatHaveOneKeepItWhenLimitsAreSwitchedOff) {
  Rig rig(with_cgroups());
  rig.boot();
  const acs::Task payload = payload_task({payload_container("c1")});
  ASSERT_TRUE(rig.accept({payload}));
  ASSERT_TRUE(rig.wait_status(kArn, "RUNNING"));
  rig.clock.advance(std::chrono::seconds(10));
  rig.die();
  rig.settings.task_cgroups.reset();
  rig.boot();
  rig.stop(payload);
  ASSERT_TRUE(rig.wait_status(kArn, "STOPPED"));
  rig.clock.advance(std::chrono::minutes(1));
  EXPECT_THAT(rig.cgroups.there, IsEmpty());
}

TEST(GoMap, IsPrintedAsGoDoes) {
  EXPECT_EQ(go_map({}), "map[]");
  EXPECT_EQ(go_map({{"b", "2"}, {"a", "1"}}), "map[a:1 b:2]");
}

}  // namespace
}  // namespace ecs::engine
