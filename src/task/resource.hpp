// What a task needs besides its containers: a cgroup that limits all of them together, docker volumes.
//
// A resource is created once, before the first pull of a container that needs it, and removed after the containers.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include <boost/describe/class.hpp>

#include "task/status.hpp"

namespace ecs::task {

enum class ResourceKind { kCgroup, kVolume };

/// The name of the original's record of it: `cgroup`, `dockerVolume`.
[[nodiscard]] std::string_view to_string(ResourceKind kind);
[[nodiscard]] bool from_string(std::string_view word, ResourceKind& kind);

/// A volume that mount points may name.
struct Volume {
  std::string name;    ///< In the task definition.
  std::string source;  ///< Before the colon of a bind: a path of the host, or the name of a docker volume.
};
BOOST_DESCRIBE_STRUCT(Volume, (), (name, source))

/// The task's cgroup. 0 stands for no limit.
struct CgroupSpec {
  std::string root;             ///< `/ecs/<task id>` (v1) or `ecstasks-<task id>.slice` (v2): the containers' parent.
  std::int64_t cpu_quota = 0;   ///< Microseconds per period.
  std::int64_t cpu_period = 0;  ///< Microseconds.
  std::int64_t cpu_shares = 0;  ///< Instead of a quota: the sum over the containers.
  std::int64_t memory = 0;      ///< Bytes.
  std::int64_t pids = 0;
  friend bool operator==(const CgroupSpec&, const CgroupSpec&) = default;
};
BOOST_DESCRIBE_STRUCT(CgroupSpec, (), (root, cpu_quota, cpu_period, cpu_shares, memory, pids))

/// A docker volume. Task scope: made for this task and removed with it. Otherwise it outlives the task and must exist,
/// unless it may be provisioned.
struct VolumeSpec {
  std::string docker_name;  ///< Chosen at intake, stored before the volume is created.
  bool task_scope = false;
  bool autoprovision = false;
  std::string driver;
  std::map<std::string, std::string> driver_opts;
  std::map<std::string, std::string> labels;
};
BOOST_DESCRIBE_STRUCT(VolumeSpec, (), (docker_name, task_scope, autoprovision, driver, driver_opts, labels))

struct Resource {
  ResourceKind kind = ResourceKind::kCgroup;
  std::string name;  ///< `cgroup`, or the volume's name in the task definition.
  std::optional<CgroupSpec> cgroup;
  std::optional<VolumeSpec> volume;

  ResourceStatus desired = ResourceStatus::kNone;
  ResourceStatus known = ResourceStatus::kNone;
  std::string terminal_reason;  ///< Why it could not be created.

  // In memory only.
  std::optional<StepKind> doing;
  bool checked = false;  ///< It may be created, or is there already: see needs_check().

  /// Only what outlives the task can be there already, and be another than the task needs.
  [[nodiscard]] bool needs_check() const {
    return !checked && known == ResourceStatus::kNone && volume && !volume->task_scope;
  }
};
BOOST_DESCRIBE_STRUCT(Resource, (), (kind, name, cgroup, volume, desired, known, terminal_reason))

}  // namespace ecs::task
