// A task and its containers: what the control plane wants, what is known, what was reported. Three separate things.
//
// Described members are what a state row holds; the others live in memory only and are said so.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe/class.hpp>

#include "base/clock.hpp"
#include "task/resource.hpp"
#include "task/status.hpp"

namespace ecs::task {

/// Nanoseconds since 1970; 0 means not known.
using UnixNanos = std::int64_t;

[[nodiscard]] inline UnixNanos nanos(base::WallTime time) { return time.time_since_epoch().count(); }
[[nodiscard]] inline base::WallTime wall_time(UnixNanos time) { return base::WallTime(base::Duration(time)); }

/// A named error as the user sees it in ECS: `CannotPullContainerError: <text>`.
struct Error {
  std::string name;
  std::string text;

  [[nodiscard]] std::string full() const { return name + ": " + text; }
  friend bool operator==(const Error&, const Error&) = default;
};
BOOST_DESCRIBE_STRUCT(Error, (), (name, text))

/// One port or one range of ports that a container asks for.
struct PortMapping {
  std::uint16_t container_port = 0;
  std::uint16_t host_port = 0;       ///< 0: the agent chooses.
  std::string container_port_range;  ///< `lo-hi`; empty for a single port.
  std::string protocol = "tcp";      ///< `tcp` or `udp`.
  friend bool operator==(const PortMapping&, const PortMapping&) = default;
};
BOOST_DESCRIBE_STRUCT(PortMapping, (), (container_port, host_port, container_port_range, protocol))

/// One published port as the engine shows it.
struct PortBinding {
  std::uint16_t container_port = 0;
  std::uint16_t host_port = 0;
  std::string bind_ip;
  std::string protocol;
  friend auto operator<=>(const PortBinding&, const PortBinding&) = default;
};
BOOST_DESCRIBE_STRUCT(PortBinding, (), (container_port, host_port, bind_ip, protocol))

struct Dependency {
  std::string container;
  Condition condition = Condition::kStart;
  friend bool operator==(const Dependency&, const Dependency&) = default;
};
BOOST_DESCRIBE_STRUCT(Dependency, (), (container, condition))

struct VolumeFrom {
  std::string source_container;
  bool read_only = false;
};
BOOST_DESCRIBE_STRUCT(VolumeFrom, (), (source_container, read_only))

/// Where a container sees one of the task's volumes.
struct MountPoint {
  std::string source_volume;
  std::string container_path;
  bool read_only = false;
  friend bool operator==(const MountPoint&, const MountPoint&) = default;
};
BOOST_DESCRIBE_STRUCT(MountPoint, (), (source_volume, container_path, read_only))

/// A mount as the engine shows it.
struct Mount {
  std::string name;  ///< Of the engine's volume; empty for a host path.
  std::string source;
  std::string destination;
  friend bool operator==(const Mount&, const Mount&) = default;
};
BOOST_DESCRIBE_STRUCT(Mount, (), (name, source, destination))

/// Raw Docker JSON of the payload, laid over what the agent builds.
struct DockerConfig {
  std::string version;
  std::string config;
  std::string host_config;
};
BOOST_DESCRIBE_STRUCT(DockerConfig, (), (version, config, host_config))

/// An exit is undone by starting the container again, see restart.hpp.
struct RestartPolicy {
  bool enabled = false;
  std::vector<std::int64_t> ignored_exit_codes;
  std::int64_t restart_attempt_period = 0;  ///< Seconds.
};
BOOST_DESCRIBE_STRUCT(RestartPolicy, (), (enabled, ignored_exit_codes, restart_attempt_period))

/// How a process ended.
struct Exit {
  std::optional<int> code;
  std::optional<Error> error;  ///< OutOfMemoryError or DockerStateError.
  UnixNanos finished_at = 0;
};

struct Container {
  // From the payload; never changes after intake.
  std::string name;
  std::string image;
  std::optional<std::vector<std::string>> command;
  std::optional<std::vector<std::string>> entry_point;
  std::int64_t cpu = 0;
  std::int64_t memory = 0;  ///< MiB; 0 is no limit.
  bool essential = false;
  std::map<std::string, std::string> environment;
  std::vector<std::string> links;
  std::vector<VolumeFrom> volumes_from;
  std::vector<MountPoint> mount_points;
  std::vector<PortMapping> port_mappings;
  std::vector<Dependency> depends_on;  ///< Links and volumesFrom are in it too.
  std::int64_t start_timeout = 0;      ///< Seconds, 0 is none.
  std::int64_t stop_timeout = 0;       ///< Seconds, 0 is the agent's default.
  std::string health_check_type;
  DockerConfig docker_config;
  RestartPolicy restart_policy;
  std::string container_arn;
  std::vector<std::string> gpus;  ///< Device ids.
  ContainerType type = ContainerType::kNormal;

  // Chosen at intake, stored with the task before anything runs, so that a crash in the create call can be undone.
  std::string docker_name;
  std::string endpoint_id;  ///< The uuid in the metadata and agent API variables.

  // Life.
  ContainerStatus desired = ContainerStatus::kNone;
  ContainerStatus known = ContainerStatus::kNone;
  ContainerStatus sent = ContainerStatus::kNone;
  std::string docker_id;
  std::string image_id;
  std::string image_digest;
  bool digest_resolved = false;  ///< The agent found the digest; only then is it news to the control plane.
  std::optional<int> exit_code;
  std::optional<Error> error;  ///< The first error of its life.
  std::vector<PortBinding> bindings;
  std::map<std::string, std::string> labels;
  std::vector<Mount> mounts;
  UnixNanos created_at = 0;
  UnixNanos started_at = 0;
  UnixNanos finished_at = 0;
  std::int64_t restart_count = 0;  ///< By the policy. Noted before the call, like the moment.
  UnixNanos restarted_at = 0;

  // In memory only.
  Health health = Health::kUnknown;
  UnixNanos health_since = 0;  ///< When the agent noticed.
  std::string health_output;
  std::optional<int> health_exit_code;  ///< Of a check that failed.
  std::optional<StepKind> doing;        ///< The step that is under way; no second one starts meanwhile.
  bool image_present = false;           ///< The image was seen locally when its digest was resolved.
  bool may_run = false;                 ///< A failed start that may have worked: stop it whatever is known.
  bool started_again = false;           ///< Somebody else started it after its end: stop it once.
  UnixNanos retry_stop_at = 0;
  std::optional<Exit> exit;      ///< The last one that was, or is to be, undone by a restart.
  bool restart_due = false;      ///< The container has ended as `exit` says and is to be started again.
  bool stopped_by_hand = false;  ///< Somebody stopped it while it was being started again: the exit counts.

  [[nodiscard]] bool internal() const { return type != ContainerType::kNormal; }
  [[nodiscard]] bool is(ContainerStatus status) const { return known == status; }
  /// Exactly this word; the health of others is not looked at.
  [[nodiscard]] bool has_health_check() const { return health_check_type == "docker"; }
  /// The engine may have it, and it is not over.
  [[nodiscard]] bool is_there() const { return !docker_id.empty() && known != ContainerStatus::kStopped; }
};
BOOST_DESCRIBE_STRUCT(Container, (),
                      (name, image, command, entry_point, cpu, memory, essential, environment, links, volumes_from,
                       mount_points, port_mappings, depends_on, start_timeout, stop_timeout, health_check_type,
                       docker_config, restart_policy, container_arn, gpus, type, docker_name, endpoint_id, desired,
                       known, sent, docker_id, image_id, image_digest, digest_resolved, exit_code, error, bindings,
                       labels, mounts, created_at, started_at, finished_at, restart_count, restarted_at))

/// A container's part of a report: a snapshot of the moment in which its status changed.
struct ContainerReport {
  std::string name;
  ContainerStatus status = ContainerStatus::kNone;
  std::optional<int> exit_code;
  std::string reason;
  std::string runtime_id;
  std::string image_digest;
  std::vector<PortBinding> bindings;
};

/// What the control plane is to be told, in this order per task.
struct Report {
  TaskStatus status = TaskStatus::kNone;
  std::string reason;
  std::vector<ContainerReport> containers;
  UnixNanos pull_started_at = 0;
  UnixNanos pull_stopped_at = 0;
  UnixNanos execution_stopped_at = 0;
};

/// Settings that the rules depend on.
struct Policy {
  PullBehavior pull = PullBehavior::kDefault;
  bool pull_upfront = false;                               ///< ECS_PULL_DEPENDENT_CONTAINERS_UPFRONT.
  base::Duration poll_interval = std::chrono::minutes(5);  ///< The jitter of this task is already in it.
};

struct Task {
  std::string arn;
  std::string family;
  std::string version;
  double cpu = 0;           ///< vCPUs; 0 is none.
  std::int64_t memory = 0;  ///< MiB; 0 is none.
  std::string network_mode;
  std::string pid_mode;
  std::string ipc_mode;
  std::string launch_type;
  std::string service_name;
  std::string group;
  std::string credentials_id;
  std::string execution_credentials_id;

  TaskStatus desired = TaskStatus::kNone;
  TaskStatus known = TaskStatus::kNone;
  TaskStatus sent = TaskStatus::kNone;
  std::string reason;  ///< Only intake failures and stuck stops have one.
  UnixNanos accepted_at = 0;
  UnixNanos known_at = 0;  ///< When `known` changed last.
  UnixNanos pull_started_at = 0;
  UnixNanos pull_stopped_at = 0;
  UnixNanos execution_stopped_at = 0;

  std::vector<Volume> volumes;        ///< What mount points may name.
  std::vector<Resource> resources;    ///< Created before the containers' pulls, removed after the containers.
  std::vector<Container> containers;  ///< In rows of their own.

  // In memory only.
  Policy policy;
  bool admitted = false;  ///< The host's resources are counted for it; nothing starts before.
  bool forced_stop_used = false;
  UnixNanos poll_at = 0;
  std::vector<ContainerReport> events;  ///< Collected until the next report takes them along.
  std::vector<Report> outbox;           ///< Reports that nobody has taken yet.

  [[nodiscard]] std::string_view id() const;  ///< The last part of the ARN.
  [[nodiscard]] bool ended() const { return known == TaskStatus::kStopped; }
  [[nodiscard]] std::optional<std::size_t> find(std::string_view container) const;
};
BOOST_DESCRIBE_STRUCT(Task, (),
                      (arn, family, version, cpu, memory, network_mode, pid_mode, ipc_mode, launch_type, service_name,
                       group, credentials_id, execution_credentials_id, desired, known, sent, reason, accepted_at,
                       known_at, pull_started_at, pull_stopped_at, execution_stopped_at, volumes, resources))

}  // namespace ecs::task
