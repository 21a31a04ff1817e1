#include "agent/task_cgroups.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/file.hpp"
#include "base/loop.hpp"
#include "docker/unscripted_client.hpp"
#include "log/capture.hpp"

namespace ecs::agent {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class Engine final : public docker::UnscriptedClient {
 public:
  base::Async<docker::Info> info() override {
    if (driver.empty()) throw docker::Error(docker::Error::Kind::kConnection, "away");
    docker::Info info;
    info.cgroup_driver = driver;
    co_return info;
  }
  void be_old() { versions_ = docker::derive_versions(std::nullopt, docker::ApiVersion{1, 21}, "1.9"); }
  std::string driver = "cgroupfs";
};

class TaskLimits : public ::testing::Test {
 protected:
  TaskLimits() {
    std::string name = (fs::temp_directory_path() / "limits-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    root = name;
    config.cgroup_path = name;
  }
  ~TaskLimits() override {
    std::error_code ignored;
    fs::remove_all(root, ignored);
  }

  void mount_v1() const {
    fs::create_directories(root / "cpu");
    fs::create_directories(root / "memory");
  }
  void mount_v2() const {
    fs::create_directories(root / "ecstasks.slice");
    std::ofstream(root / "cgroup.controllers") << "cpu memory";
    std::ofstream(root / "ecstasks.slice/cgroup.controllers") << "cpu memory";
  }

  std::unique_ptr<TaskCgroups> prepare(const std::string& bus = "unix:path=/nowhere/bus") {
    return loop.run_until_done(prepare_task_cgroups(config, engine, loop.executor(), bus));
  }
  std::string refusal() {
    try {
      (void)prepare();
    } catch (const LimitsNotPossible& e) {
      return e.what();
    }
    return "";
  }
  engine::Settings settings(const TaskCgroups* cgroups) const {
    engine::Settings made;
    add_cgroup_settings(config, cgroups, made);
    return made;
  }

  log::Capture log;
  base::Loop loop;
  Engine engine;
  config::Config config;
  fs::path root;
};

TEST_F(TaskLimits, AreOnWhereCgroupsCanBeMade) {
  mount_v1();
  config.task_pids_limit = 9;
  config.cgroup_cpu_period = std::chrono::milliseconds(10);
  const auto cgroups = prepare();
  EXPECT_TRUE(fs::is_directory(root / "cpu/ecs"));
  const auto made = settings(cgroups.get()).task_cgroups.value();
  EXPECT_EQ(made.root_prefix, "/ecs/");
  EXPECT_EQ(made.pids_limit, 9);
  EXPECT_EQ(made.cpu_period, std::chrono::milliseconds(10));
  loop.run_until_done(cgroups->create({.root = "/ecs/1", .memory = 4096}));
  EXPECT_EQ(base::read_file(root / "memory/ecs/1/memory.limit_in_bytes"), "4096");
  for (const char* file : {"memory.limit_in_bytes", "memory.use_hierarchy"}) fs::remove(root / "memory/ecs/1" / file);
  loop.run_until_done(cgroups->remove("/ecs/1"));
  EXPECT_FALSE(fs::exists(root / "memory/ecs/1"));
}

TEST_F(TaskLimits, Config30_AreOffWithOneLineWhereCgroupsCannotBeMade) {
  const auto cgroups = prepare();
  EXPECT_FALSE(config.task_cpu_mem_limit.on());
  EXPECT_EQ(settings(cgroups.get()).task_cgroups, std::nullopt);
  ASSERT_EQ(log.lines().size(), 1U);
  EXPECT_THAT(log.lines()[0].text, HasSubstr(root.string()));
}

TEST_F(TaskLimits, Config30_AreFatalWhenAskedForByName) {
  config.task_cpu_mem_limit.set(true);
  EXPECT_THAT(refusal(), HasSubstr("ECS_ENABLE_TASK_CPU_MEM_LIMIT=true"));
}

TEST_F(TaskLimits, SwitchedOffNothingIsMadeButOldTasksAreServed) {
  mount_v1();
  config.task_cpu_mem_limit.set(false);
  const auto cgroups = prepare();
  EXPECT_FALSE(fs::exists(root / "cpu/ecs"));
  ASSERT_NE(cgroups, nullptr);
  EXPECT_EQ(settings(cgroups.get()).task_cgroups, std::nullopt);
  EXPECT_TRUE(log.lines().empty());
}

TEST_F(TaskLimits, Config30_ATaskWithoutACgroupSwitchesThemOff) {
  switch_off_limits_for("arn:x", config);
  EXPECT_FALSE(config.task_cpu_mem_limit.on());
  EXPECT_TRUE(log.contains("arn:x"));
  config.task_cpu_mem_limit.set(true);
  EXPECT_THROW(switch_off_limits_for("arn:x", config), LimitsNotPossible);
}

TEST_F(TaskLimits, TheDriverOfTheEngineDecidesOnNames) {
  mount_v2();
  EXPECT_EQ(prepare()->naming().prefix, "/ecstasks.slice/ecstasks-");
  engine.driver = "systemd";
  config.task_cpu_mem_limit.set(false);
  EXPECT_EQ(prepare()->naming().prefix, "ecstasks-");
  engine.driver = "";
  EXPECT_EQ(prepare()->naming().prefix, "ecstasks-");
}

TEST_F(TaskLimits, SystemdWithV1AndOldEnginesHaveNone) {
  mount_v1();
  engine.driver = "systemd";
  EXPECT_EQ(prepare(), nullptr);
  EXPECT_TRUE(log.contains("cgroup v2 only"));
  engine.driver = "cgroupfs";
  engine.be_old();
  config.task_cpu_mem_limit.set(true);
  EXPECT_THAT(refusal(), HasSubstr("1.22"));
}

TEST_F(TaskLimits, MemoryIsPassedOnWithV2Only) {
  config.propagate_task_memory_limit.set(true);
  EXPECT_FALSE(settings(nullptr).propagate_task_memory);
  mount_v2();
  EXPECT_TRUE(settings(nullptr).propagate_task_memory);
}

}  // namespace
}  // namespace ecs::agent
