#include <array>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "cgroup/files.hpp"
#include "cgroup/hierarchy.hpp"

namespace ecs::cgroup {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 14> kControllers{"systemd",    "freezer", "pids",    "net_cls", "net_prio",
                                                        "perf_event", "cpuset",  "cpu",     "cpuacct", "memory",
                                                        "blkio",      "rdma",    "devices", "hugetlb"};
constexpr std::string_view kParent = "/ecs";

class V1 final : public Hierarchy {
 public:
  explicit V1(fs::path mount) : mount_(std::move(mount)) {}

  [[nodiscard]] Naming naming() const override { return {std::string(kParent) + "/", ""}; }

  void prepare() override {
    if (controllers().empty()) throw Error(mount_.string() + ": no cgroup controllers are mounted there");
    make(std::string(kParent));
    // It may be there from an agent that ran as somebody else.
    for (const std::string_view controller : controllers()) require_writable(below(mount_ / controller, kParent));
  }

  void create(const std::string& root, const Limits& limits) override {
    make(root);
    const fs::path cpu = below(mount_ / "cpu", root);
    if (limits.cpu_shares > 0) write(cpu / "cpu.shares", std::to_string(limits.cpu_shares));
    if (limits.cpu_quota > 0) {
      write(cpu / "cpu.cfs_period_us", std::to_string(limits.cpu_period));
      write(cpu / "cpu.cfs_quota_us", std::to_string(limits.cpu_quota));
    }
    const fs::path memory = below(mount_ / "memory", root);
    if (limits.memory > 0) write(memory / "memory.limit_in_bytes", std::to_string(limits.memory));
    // Without it the limit would count the processes of this directory only, which has none.
    if (has("memory")) write(memory / "memory.use_hierarchy", "1");
    if (limits.pids > 0) write(below(mount_ / "pids", root) / "pids.max", std::to_string(limits.pids));
  }

  void remove(const std::string& root) override {
    std::string problems;
    for (const std::string_view controller : controllers()) {
      try {
        remove_directory(below(mount_ / controller, root));
      } catch (const Error& e) {
        problems += (problems.empty() ? "" : "; ") + std::string(e.what());
      }
    }
    if (!problems.empty()) throw Error(problems);
  }

 private:
  [[nodiscard]] bool has(std::string_view controller) const {
    std::error_code ignored;
    return fs::is_directory(mount_ / controller, ignored);
  }

  /// Asked each time: what is mounted can change.
  [[nodiscard]] std::vector<std::string_view> controllers() const {
    std::vector<std::string_view> all;
    for (const std::string_view controller : kControllers) {
      if (has(controller)) all.push_back(controller);
    }
    return all;
  }

  void make(const std::string& root) const {
    for (const std::string_view controller : controllers()) make_directory(below(mount_ / controller, root));
    if (has("cpuset")) fill_cpuset(below(mount_ / "cpuset", root));
  }

  /// A cpuset starts empty and takes no process before it names processors and memory nodes; the parents come first.
  void fill_cpuset(const fs::path& path) const {
    if (path == mount_ / "cpuset") return;
    fill_cpuset(path.parent_path());
    for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
      if (!read_trimmed(path / file).empty()) continue;
      const std::string inherited = read_trimmed(path.parent_path() / file);
      if (!inherited.empty()) write(path / file, inherited);
    }
  }

  fs::path mount_;
};

}  // namespace

Version version_at(const fs::path& mount) {
  std::error_code ignored;
  return fs::exists(mount / "cgroup.controllers", ignored) ? Version::kV2 : Version::kV1;
}

std::unique_ptr<Hierarchy> make_v1(fs::path mount) { return std::make_unique<V1>(std::move(mount)); }

}  // namespace ecs::cgroup
