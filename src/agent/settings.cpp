#include "agent/settings.hpp"

namespace ecs::agent {

namespace {

task::PullBehavior pull_behavior(config::PullBehavior behavior) {
  switch (behavior) {
    case config::PullBehavior::kDefault:
      return task::PullBehavior::kDefault;
    case config::PullBehavior::kAlways:
      return task::PullBehavior::kAlways;
    case config::PullBehavior::kOnce:
      return task::PullBehavior::kOnce;
    case config::PullBehavior::kPreferCached:
      return task::PullBehavior::kPreferCached;
  }
  return task::PullBehavior::kDefault;
}

}  // namespace

docker::Timeouts docker_timeouts(const config::Config& config) {
  docker::Timeouts timeouts;
  timeouts.manifest = config.manifest_pull_timeout;
  timeouts.pull_total = config.pull_timeout;
  timeouts.pull_inactivity = config.pull_inactivity_timeout;
  timeouts.create = config.create_timeout;
  timeouts.start = config.start_timeout;
  return timeouts;
}

engine::Settings engine_settings(const config::Config& config, const std::string& cluster, int cpus,
                                 std::int64_t memory_mib) {
  engine::Settings settings;
  settings.cluster = cluster;
  settings.region = config.region;
  settings.pull_behavior = pull_behavior(config.pull_behavior);
  settings.pull_dependent_containers_upfront = config.pull_dependents_upfront.on();
  settings.stop_timeout = config.stop_timeout;
  settings.shared_volume_match_full_config = config.shared_volume_match_full_config.on();
  settings.exclude_ipv6_port_binding = config.exclude_ipv6_port_bindings.on();
  settings.exclude_ipv4_port_binding = config.ip_compatibility.ipv6_only();
  settings.pause_labels = config.pause_labels;
  settings.ipv6_only = config.ip_compatibility.ipv6_only();
  settings.external = config.external.on();
  settings.gpu_support = config.gpu_support;
  settings.nvidia_runtime = config.nvidia_runtime;
  settings.neuron_support = config.inferentia_support;
  settings.dynamic_host_ports = {config.dynamic_host_ports.first, config.dynamic_host_ports.last};
  settings.cpu = std::int64_t{cpus} * 1024;
  settings.memory = memory_mib - config.reserved_memory;
  settings.reserved_ports = config.reserved_ports;
  settings.reserved_ports_udp = config.reserved_udp_ports;
  settings.cleanup_wait = config.task_cleanup_wait;
  settings.cleanup_jitter = config.task_cleanup_wait_jitter;
  return settings;
}

}  // namespace ecs::agent
