// The first process of a small virtual machine: makes cgroups on a real cgroup v2, reads them back, and powers off. The
// last line on the console is the verdict.
#include <fmt/format.h>
#include <sys/mount.h>
#include <sys/reboot.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/file.hpp"
#include "base/text.hpp"
#include "cgroup/hierarchy.hpp"

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMiB = std::size_t{1} << 20U;
const fs::path kTree = "/sys/fs/cgroup";

void expect(const std::string& what, const std::string& seen, const std::string& wanted) {
  fmt::print("{}: {}\n", what, seen);
  if (seen != wanted) throw std::runtime_error(fmt::format("{} is '{}', not '{}'", what, seen, wanted));
}

void expect_file(const fs::path& path, const std::string& wanted) {
  expect(path.string(), std::string(ecs::base::trim(ecs::base::read_file(path).value_or("(none)"))), wanted);
}

/// Runs `work` in a process inside of the cgroup.
pid_t run_in(const fs::path& cgroup, void (*work)()) {
  fs::create_directories(cgroup);
  const pid_t child = fork();
  if (child == 0) {
    std::ofstream(cgroup / "cgroup.procs") << getpid() << std::flush;
    work();
    _exit(0);
  }
  return child;
}

void sleep_long() { sleep(600); }

void take_memory() {
  std::vector<std::vector<char>> all;
  for (int i = 0; i < 64; ++i) all.emplace_back(kMiB, 'x');
}

int end_of(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

void check() {
  expect("kind", ecs::cgroup::version_at(kTree) == ecs::cgroup::Version::kV2 ? "v2" : "v1", "v2");
  const auto v2 = ecs::cgroup::make_v2(kTree);
  v2->prepare();
  v2->prepare();
  const auto root = [&](const std::string& id) { return v2->naming().prefix + id + v2->naming().suffix; };
  const fs::path first = kTree / "ecstasks.slice/ecstasks-1.slice";
  v2->create(root("1"), {.cpu_quota = 25000, .cpu_period = 100000, .memory = 16 * kMiB, .pids = 40});
  expect_file(first / "cpu.max", "25000 100000");
  expect_file(first / "memory.max", "16777216");
  expect_file(first / "pids.max", "40");
  expect_file(first / "cgroup.subtree_control", "cpu memory pids");
  v2->create(root("1"), {.cpu_shares = 1024});
  expect_file(first / "cpu.weight", "39");

  const pid_t greedy = run_in(first / "container", take_memory);
  expect("end of a process over the task's memory", std::to_string(end_of(greedy)), std::to_string(-SIGKILL));

  const pid_t busy = run_in(first / "other", sleep_long);
  while (ecs::base::read_file(first / "other/cgroup.procs").value_or("").empty()) usleep(1000);
  std::string problem;
  try {
    v2->remove(root("1"));
  } catch (const ecs::cgroup::Error& e) {
    problem = e.what();
  }
  expect("removal of a busy one", problem, first.string() + ": Device or resource busy");
  kill(busy, SIGKILL);
  (void)end_of(busy);
  v2->remove(root("1"));
  expect("it is gone", fs::exists(first) ? "no" : "yes", "yes");
  v2->remove(root("1"));
}

}  // namespace

int main() {
  for (const char* path : {"/proc", "/sys"}) mkdir(path, 0755);
  mount("none", "/proc", "proc", 0, nullptr);
  mount("none", "/sys", "sysfs", 0, nullptr);
  mount("none", kTree.c_str(), "cgroup2", 0, nullptr);
  try {
    check();
    fmt::print("guest: ok\n");
  } catch (const std::exception& e) {
    fmt::print("guest: failed: {}\n", e.what());
  }
  (void)std::fflush(stdout);
  sync();
  reboot(RB_POWER_OFF);
}
