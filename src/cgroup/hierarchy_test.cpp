// On trees of ordinary files that look like the kernel's.
#include "cgroup/hierarchy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <functional>

#include "base/file.hpp"

namespace ecs::cgroup {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class Tree {
 public:
  Tree() {
    std::string name = (fs::temp_directory_path() / "cgroup-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp");
    root_ = name;
  }
  ~Tree() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  Tree(const Tree&) = delete;
  Tree& operator=(const Tree&) = delete;

  [[nodiscard]] const fs::path& root() const { return root_; }

  void put(const std::string& path, const std::string& content) const {
    fs::create_directories((root_ / path).parent_path());
    std::ofstream(root_ / path) << content;
  }
  [[nodiscard]] std::string read(const std::string& path) const {
    return base::read_file(root_ / path).value_or("(none)");
  }
  [[nodiscard]] bool has(const std::string& path) const { return fs::exists(root_ / path); }

  /// The kernel's files go with their directory; these have to go first.
  void drop_files(const std::string& path) const {
    std::vector<fs::path> files;
    for (const auto& entry : fs::recursive_directory_iterator(root_ / path)) {
      if (entry.is_regular_file()) files.push_back(entry.path());
    }
    for (const fs::path& file : files) fs::remove(file);
  }

 private:
  fs::path root_;
};

void mount_v1(const Tree& tree) {
  for (const char* controller : {"cpu", "memory", "pids", "cpuset", "freezer", "systemd"}) {
    fs::create_directories(tree.root() / controller);
  }
  fs::create_directories(tree.root() / "unified");
  tree.put("cpuset/cpuset.cpus", "0-1\n");
  tree.put("cpuset/cpuset.mems", "0\n");
}

void mount_v2(const Tree& tree) {
  tree.put("cgroup.controllers", "cpuset cpu io memory pids\n");
  // As the kernel does when the parent's subtree_control names them.
  tree.put("ecstasks.slice/cgroup.controllers", "cpu memory pids\n");
  tree.put("ecstasks.slice/ecstasks-1.slice/cgroup.controllers", "cpu memory pids\n");
}

std::string error_of(const std::function<void()>& work) {
  try {
    work();
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(CgroupVersion, IsToldByTheFileOfAUnifiedTree) {
  Tree tree;
  EXPECT_EQ(version_at(tree.root()), Version::kV1);
  EXPECT_EQ(version_at(tree.root() / "none"), Version::kV1);
  mount_v2(tree);
  EXPECT_EQ(version_at(tree.root()), Version::kV2);
}

TEST(CgroupV1, TheParentIsMadeInEveryControllerThatIsMounted) {
  Tree tree;
  mount_v1(tree);
  make_v1(tree.root())->prepare();
  for (const char* controller : {"cpu", "memory", "pids", "cpuset", "freezer", "systemd"}) {
    EXPECT_TRUE(tree.has(std::string(controller) + "/ecs")) << controller;
  }
  EXPECT_FALSE(tree.has("unified/ecs"));
  EXPECT_FALSE(tree.has("blkio"));
  EXPECT_EQ(tree.read("cpuset/ecs/cpuset.cpus"), "0-1");
  EXPECT_EQ(tree.read("cpuset/ecs/cpuset.mems"), "0");
}

TEST(CgroupV1, WithoutControllersThereAreNoLimits) {
  Tree tree;
  EXPECT_THAT(error_of([&] { make_v1(tree.root())->prepare(); }),
              AllOf(HasSubstr(tree.root().string()), HasSubstr("no cgroup controllers")));
}

TEST(CgroupV1, Engine79_LimitsAreFilesOfTheTasksDirectory) {
  Tree tree;
  mount_v1(tree);
  const auto v1 = make_v1(tree.root());
  EXPECT_EQ(v1->naming().prefix + "0af3" + v1->naming().suffix, "/ecs/0af3");
  v1->create("/ecs/0af3", {.cpu_quota = 25000, .cpu_period = 100000, .memory = 67108864, .pids = 5});
  EXPECT_EQ(tree.read("cpu/ecs/0af3/cpu.cfs_quota_us"), "25000");
  EXPECT_EQ(tree.read("cpu/ecs/0af3/cpu.cfs_period_us"), "100000");
  EXPECT_EQ(tree.read("cpu/ecs/0af3/cpu.shares"), "(none)");
  EXPECT_EQ(tree.read("memory/ecs/0af3/memory.limit_in_bytes"), "67108864");
  EXPECT_EQ(tree.read("memory/ecs/0af3/memory.use_hierarchy"), "1");
  EXPECT_EQ(tree.read("pids/ecs/0af3/pids.max"), "5");
  EXPECT_EQ(tree.read("cpuset/ecs/0af3/cpuset.cpus"), "0-1");
  EXPECT_TRUE(tree.has("systemd/ecs/0af3"));
}

TEST(CgroupV1, SharesStandInForAQuota) {
  Tree tree;
  mount_v1(tree);
  make_v1(tree.root())->create("/ecs/0af3", {.cpu_shares = 102});
  EXPECT_EQ(tree.read("cpu/ecs/0af3/cpu.shares"), "102");
  EXPECT_EQ(tree.read("cpu/ecs/0af3/cpu.cfs_quota_us"), "(none)");
  EXPECT_EQ(tree.read("memory/ecs/0af3/memory.limit_in_bytes"), "(none)");
  EXPECT_EQ(tree.read("pids/ecs/0af3/pids.max"), "(none)");
}

TEST(CgroupV1, WhatWasBegunIsFinished) {
  Tree tree;
  mount_v1(tree);
  fs::create_directories(tree.root() / "cpu/ecs/0af3");
  make_v1(tree.root())->create("/ecs/0af3", {.cpu_shares = 102, .memory = 4096});
  EXPECT_EQ(tree.read("cpu/ecs/0af3/cpu.shares"), "102");
  EXPECT_EQ(tree.read("memory/ecs/0af3/memory.limit_in_bytes"), "4096");
}

TEST(CgroupV1, AFailureNamesTheFile) {
  Tree tree;
  mount_v1(tree);
  tree.put("cpu/ecs", "a file");
  EXPECT_THAT(error_of([&] { make_v1(tree.root())->prepare(); }), HasSubstr("cpu/ecs: "));
}

TEST(CgroupV1, RemovalTakesWhatIsBelowAndMindsNothingMissing) {
  Tree tree;
  mount_v1(tree);
  const auto v1 = make_v1(tree.root());
  v1->create("/ecs/0af3", {.memory = 4096});
  fs::create_directories(tree.root() / "memory/ecs/0af3/container/child");
  tree.drop_files("memory/ecs/0af3");
  tree.drop_files("cpuset/ecs/0af3");
  fs::remove(tree.root() / "pids/ecs/0af3");
  v1->remove("/ecs/0af3");
  for (const char* controller : {"cpu", "memory", "pids", "cpuset", "freezer", "systemd"}) {
    EXPECT_FALSE(tree.has(std::string(controller) + "/ecs/0af3")) << controller;
    EXPECT_TRUE(tree.has(std::string(controller) + "/ecs")) << controller;
  }
  v1->remove("/ecs/0af3");
}

TEST(CgroupV1, ABusyOneIsNamedAndTheOthersAreRemoved) {
  Tree tree;
  mount_v1(tree);
  const auto v1 = make_v1(tree.root());
  v1->create("/ecs/0af3", {});
  tree.drop_files("cpuset/ecs/0af3");
  fs::remove(tree.root() / "memory/ecs/0af3/memory.use_hierarchy");
  tree.put("cpu/ecs/0af3/busy", "");
  EXPECT_THAT(error_of([&] { v1->remove("/ecs/0af3"); }), HasSubstr("cpu/ecs/0af3: "));
  EXPECT_FALSE(tree.has("memory/ecs/0af3"));
}

TEST(CgroupV1, ARootThatLeadsElsewhereIsRefused) {
  Tree tree;
  mount_v1(tree);
  const auto v1 = make_v1(tree.root());
  for (const char* root : {"/ecs/..", "/../x", "/ecs/./x"}) {
    EXPECT_THAT(error_of([&] { v1->create(root, {.memory = 1}); }), HasSubstr("not the name of a cgroup")) << root;
    EXPECT_THAT(error_of([&] { v1->remove(root); }), HasSubstr("not the name of a cgroup")) << root;
  }
}

TEST(CgroupV2, TheParentPassesControllersOn) {
  Tree tree;
  mount_v2(tree);
  make_v2(tree.root())->prepare();
  EXPECT_EQ(tree.read("cgroup.subtree_control"), "+cpu +memory +pids");
  EXPECT_EQ(tree.read("ecstasks.slice/cgroup.subtree_control"), "+cpu +memory +pids");
}

TEST(CgroupV2, WithoutTheMemoryControllerThereAreNoLimits) {
  Tree tree;
  tree.put("cgroup.controllers", "cpuset cpu pids\n");
  EXPECT_THAT(error_of([&] { make_v2(tree.root())->prepare(); }), HasSubstr("no controller memory"));
}

TEST(CgroupV2, LimitsAreFilesOfTheTasksDirectory) {
  Tree tree;
  mount_v2(tree);
  const auto v2 = make_v2(tree.root());
  const std::string root = v2->naming().prefix + "1" + v2->naming().suffix;
  EXPECT_EQ(root, "/ecstasks.slice/ecstasks-1.slice");
  v2->create(root, {.cpu_quota = 25000, .cpu_period = 100000, .memory = 67108864, .pids = 5});
  const std::string at = "ecstasks.slice/ecstasks-1.slice/";
  EXPECT_EQ(tree.read(at + "cpu.max"), "25000 100000");
  EXPECT_EQ(tree.read(at + "memory.max"), "67108864");
  EXPECT_EQ(tree.read(at + "pids.max"), "5");
  EXPECT_EQ(tree.read(at + "cpu.weight"), "(none)");
  EXPECT_EQ(tree.read(at + "cgroup.subtree_control"), "+cpu +memory +pids");
  tree.drop_files(at);
  v2->remove(root);
  EXPECT_FALSE(tree.has(at));
}

TEST(CgroupV2, SharesBecomeAWeight) {
  Tree tree;
  mount_v2(tree);
  make_v2(tree.root())->create("/ecstasks.slice/ecstasks-1.slice", {.cpu_shares = 1024});
  EXPECT_EQ(tree.read("ecstasks.slice/ecstasks-1.slice/cpu.weight"), "39");
  EXPECT_EQ(weight_of(2), 1);
  EXPECT_EQ(weight_of(0), 1);
  EXPECT_EQ(weight_of(262144), 10000);
}

}  // namespace
}  // namespace ecs::cgroup
