#include <algorithm>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "cgroup/files.hpp"
#include "cgroup/hierarchy.hpp"
#include "cgroup/unified.hpp"

namespace ecs::cgroup {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kParent = "/ecstasks.slice";

class V2 final : public Hierarchy {
 public:
  explicit V2(fs::path mount) : mount_(std::move(mount)) {}

  [[nodiscard]] Naming naming() const override { return {std::string(kParent) + "/ecstasks-", ".slice"}; }

  void prepare() override {
    enable_controllers(mount_);
    const fs::path parent = below(mount_, kParent);
    make_directory(parent);
    enable_controllers(parent);
  }

  void create(const std::string& root, const Limits& limits) override {
    const fs::path path = below(mount_, root);
    make_directory(path);
    if (limits.cpu_quota > 0) {
      write(path / "cpu.max", std::to_string(limits.cpu_quota) + " " + std::to_string(limits.cpu_period));
    }
    if (limits.cpu_shares > 0) write(path / "cpu.weight", std::to_string(weight_of(limits.cpu_shares)));
    if (limits.memory > 0) write(path / "memory.max", std::to_string(limits.memory));
    if (limits.pids > 0) write(path / "pids.max", std::to_string(limits.pids));
    enable_controllers(path);
  }

  void remove(const std::string& root) override { remove_directory(below(mount_, root)); }

 private:
  fs::path mount_;
};

}  // namespace

void enable_controllers(const fs::path& path) {
  const auto offered = base::split(read_trimmed(path / "cgroup.controllers"), ' ');
  const auto has = [&](std::string_view name) { return std::ranges::find(offered, name) != offered.end(); };
  for (const char* needed : {"cpu", "memory"}) {
    if (!has(needed)) throw Error((path / "cgroup.controllers").string() + ": no controller " + needed);
  }
  // Before anything is in it a cgroup takes all of them at once; the order of the words does not matter.
  write(path / "cgroup.subtree_control", has("pids") ? "+cpu +memory +pids" : "+cpu +memory");
}

std::int64_t weight_of(std::int64_t shares) { return 1 + (std::max<std::int64_t>(shares, 2) - 2) * 9999 / 262142; }

std::unique_ptr<Hierarchy> make_v2(fs::path mount) { return std::make_unique<V2>(std::move(mount)); }

}  // namespace ecs::cgroup
