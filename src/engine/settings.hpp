// What the engine is told by the configuration.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "task/status.hpp"

namespace ecs::engine {

/// First and last port, both included.
using PortInterval = std::pair<std::uint16_t, std::uint16_t>;

/// Where the cgroups of tasks are, and what is the same for all.
struct TaskCgroupSettings {
  std::string root_prefix;  ///< Before the task id: `/ecs/`, `ecstasks-`.
  std::string root_suffix;  ///< After it: `.slice` where cgroups are systemd's.
  base::Duration cpu_period = std::chrono::milliseconds(100);
  std::int64_t pids_limit = 0;  ///< 0 is none.
};

struct Settings {
  std::string cluster;  ///< As configured, possibly a bare name.
  std::string region;   ///< Empty: the region variables are not injected.
  task::PullBehavior pull_behavior = task::PullBehavior::kDefault;
  bool pull_dependent_containers_upfront = false;
  base::Duration stop_timeout = std::chrono::seconds(30);  ///< For containers without one of their own.
  bool exclude_ipv6_port_binding = true;
  bool exclude_ipv4_port_binding = false;           ///< On instances that have IPv6 only.
  std::map<std::string, std::string> pause_labels;  ///< ECS_PAUSE_LABELS.
  bool ipv6_only = false;
  bool external = false;                           ///< ECS_EXTERNAL.
  bool gpu_support = false;                        ///< ECS_ENABLE_GPU_SUPPORT.
  std::string nvidia_runtime;                      ///< ECS_NVIDIA_RUNTIME.
  bool neuron_support = false;                     ///< ECS_ENABLE_INF_SUPPORT.
  std::optional<PortInterval> dynamic_host_ports;  ///< ECS_DYNAMIC_HOST_PORT_RANGE; else the kernel's range.

  std::optional<TaskCgroupSettings> task_cgroups;  ///< Nothing: limits of tasks as a whole are not enforced.
  bool propagate_task_memory = false;              ///< To containers without a limit of their own; cgroup v2 only.
  bool shared_volume_match_full_config = false;

  // What the host has to give.
  std::int64_t cpu = 0;     ///< Shares: 1024 per processor.
  std::int64_t memory = 0;  ///< MiB, what is reserved already taken off.
  std::vector<std::uint16_t> reserved_ports{22, 2375, 2376, 51678, 51679};
  std::vector<std::uint16_t> reserved_ports_udp;
  std::vector<std::string> gpus;  ///< Device ids.

  base::Duration cleanup_wait = std::chrono::hours(3);  ///< From a task's end to the removal of its containers.
  base::Duration cleanup_jitter{0};
};

}  // namespace ecs::engine
