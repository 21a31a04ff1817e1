// Cgroups that hold a task's containers together: v1, v2 by files, v2 by systemd (engine.md 9.1).
//
// Everything here blocks and is called on a worker thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace ecs::cgroup {

/// what() names the file or the unit, and the cause.
class Error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// 0 stands for no limit.
struct Limits {
  std::int64_t cpu_quota = 0;   ///< Microseconds per period.
  std::int64_t cpu_period = 0;  ///< Microseconds; counts with a quota only.
  std::int64_t cpu_shares = 0;  ///< Of v1: 2 to 262144.
  std::int64_t memory = 0;      ///< Bytes.
  std::int64_t pids = 0;
};

/// The root of a task's cgroup, as the container engine is told of it, is prefix + task id + suffix.
struct Naming {
  std::string prefix;
  std::string suffix;
};

class Hierarchy {
 public:
  Hierarchy() = default;
  Hierarchy(const Hierarchy&) = delete;
  Hierarchy& operator=(const Hierarchy&) = delete;
  virtual ~Hierarchy() = default;

  [[nodiscard]] virtual Naming naming() const = 0;

  /// Makes the parent of all tasks' cgroups, and finds out whether tasks can have any. Throws Error.
  virtual void prepare() = 0;

  /// `root` as from naming(). What exists already is no error. Throws Error.
  virtual void create(const std::string& root, const Limits& limits) = 0;

  /// With the cgroups below it, as far as they have no processes. What does not exist is no error. Throws Error.
  virtual void remove(const std::string& root) = 0;
};

enum class Version { kV1, kV2 };

/// Which kind is mounted at `mount`: a unified one has the file cgroup.controllers there.
[[nodiscard]] Version version_at(const std::filesystem::path& mount);

/// A directory `/ecs/<task id>` in every controller below `mount`.
[[nodiscard]] std::unique_ptr<Hierarchy> make_v1(std::filesystem::path mount);

/// Directories in one tree, for engines that make their cgroups themselves (driver cgroupfs).
[[nodiscard]] std::unique_ptr<Hierarchy> make_v2(std::filesystem::path mount);

/// Slices, for engines that leave cgroups to systemd (driver systemd). `addresses`: sockets to try in this order.
struct BusAddress {
  std::string path;
  bool is_bus = true;  ///< False for systemd's own socket, behind which there is no message bus.
};
[[nodiscard]] std::unique_ptr<Hierarchy> make_systemd(std::filesystem::path mount, std::vector<BusAddress> addresses);

/// The socket of the variable DBUS_SYSTEM_BUS_ADDRESS (empty: not set) or else the usual one, then systemd's own.
[[nodiscard]] std::vector<BusAddress> usual_addresses(const std::string& variable);

/// The weight of v2 for shares of v1.
[[nodiscard]] std::int64_t weight_of(std::int64_t shares);

}  // namespace ecs::cgroup
