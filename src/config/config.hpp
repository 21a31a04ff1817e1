// The settings of the agent, merged and checked, as plain data.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/secret.hpp"

namespace ecs::config {

using Duration = std::chrono::nanoseconds;

/// A switch that remembers whether a person set it: some settings fail hard only when asked for explicitly.
class Flag {
 public:
  constexpr Flag() noexcept = default;
  constexpr explicit Flag(bool fallback) noexcept : fallback_(fallback) {}
  [[nodiscard]] constexpr bool on() const noexcept { return value_.value_or(fallback_); }
  [[nodiscard]] constexpr bool is_explicit() const noexcept { return value_.has_value(); }
  constexpr void set(bool value) noexcept { value_ = value; }
  constexpr void clear() noexcept { value_.reset(); }
  /// What on() gives while nobody has set it.
  constexpr void set_fallback(bool fallback) noexcept { fallback_ = fallback; }
  friend constexpr bool operator==(const Flag&, const Flag&) = default;

 private:
  std::optional<bool> value_;
  bool fallback_ = false;
};

enum class PullBehavior : std::uint8_t { kDefault, kAlways, kOnce, kPreferCached };
enum class PropagateTags : std::uint8_t { kNone, kEc2Instance };

/// Which address families the host can reach the world with. Unset: to be found out from the routes.
struct IpCompatibility {
  bool ipv4 = false;
  bool ipv6 = false;
  [[nodiscard]] constexpr bool is_set() const noexcept { return ipv4 || ipv6; }
  [[nodiscard]] constexpr bool ipv6_only() const noexcept { return ipv6 && !ipv4; }
  friend constexpr bool operator==(const IpCompatibility&, const IpCompatibility&) = default;
};

struct PortRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  friend constexpr bool operator==(const PortRange&, const PortRange&) = default;
};

/// A default-constructed Config holds the built-in defaults. Each member's name, grammar and bounds are in the table of
/// settings.cpp.
struct Config {
  // Identity, registration, control plane.
  std::string cluster;           ///< Name or ARN; empty: register into `default`.
  std::string backend_endpoint;  ///< ECS_BACKEND_HOST as given (trimmed), perhaps without a scheme.
  std::string region;
  Flag external;
  bool no_instance_identity = false;  ///< NoIID: neither document nor signature is read or sent.
  std::map<std::string, std::string> instance_attributes;
  std::map<std::string, std::string> instance_tags;
  PropagateTags propagate_tags_from = PropagateTags::kNone;
  Flag warm_pools_check;
  Flag spot_draining;
  std::string detailed_os_family = "LINUX";  ///< Empty: no attribute, and `(linux)` in the User-Agent.
  IpCompatibility ip_compatibility;
  std::string alternate_credential_profile = "default";
  Flag updates_enabled;
  std::string update_download_dir;

  // State and paths.
  std::string data_dir = "/data/";
  Flag checkpoint;
  std::string host_data_dir = "/var/lib/ecs";
  std::string cgroup_path = "/sys/fs/cgroup";
  std::string cni_plugins_path = "/amazon-ecs-cni-plugins";

  // Docker, images, time-outs.
  std::string docker_endpoint = "unix:///var/run/docker.sock";
  std::string engine_auth_type;
  base::Secret engine_auth_data;  ///< JSON text.
  Duration stop_timeout = std::chrono::seconds(30);
  Duration start_timeout = std::chrono::minutes(3);
  Duration create_timeout = std::chrono::minutes(4);
  Duration manifest_pull_timeout = std::chrono::minutes(1);
  Duration pull_inactivity_timeout = std::chrono::minutes(1);
  Duration pull_timeout = std::chrono::hours(2);
  PullBehavior pull_behavior = PullBehavior::kDefault;
  Flag pull_dependents_upfront;
  Flag privileged_disabled;
  Flag selinux_capable;
  Flag apparmor_capable;
  std::vector<std::string> logging_drivers = {"json-file", "none"};
  std::vector<std::string> volume_plugin_capabilities;
  Flag shared_volume_match_full_config;
  Flag docker_health_check_disabled;
  Flag firelens_async{true};

  // Cleanup.
  Duration task_cleanup_wait = std::chrono::hours(3);
  Duration task_cleanup_wait_jitter{0};
  Flag image_cleanup_disabled;
  Duration image_cleanup_interval = std::chrono::minutes(30);
  Duration image_minimum_age = std::chrono::hours(1);
  Duration non_ecs_image_minimum_age = std::chrono::hours(1);
  std::int64_t images_per_cleanup = 5;
  std::int64_t non_ecs_containers_per_cleanup = 5;
  Flag untracked_image_cleanup;
  std::vector<std::string> image_cleanup_exclusions;

  // Resources and devices.
  std::vector<std::uint16_t> reserved_ports = {22, 2375, 2376, 51678, 51679};
  std::vector<std::uint16_t> reserved_udp_ports;
  std::uint16_t reserved_memory = 0;  ///< MiB.
  PortRange dynamic_host_ports = {49153, 65535};
  Flag exclude_ipv6_port_bindings{true};
  Flag task_cpu_mem_limit{true};
  Duration cgroup_cpu_period = std::chrono::milliseconds(100);
  std::int64_t task_pids_limit = 0;  ///< 0: unlimited.
  Flag propagate_task_memory_limit;
  bool gpu_support = false;
  std::string nvidia_runtime = "nvidia";
  bool inferentia_support = false;
  bool ebs_support = true;

  // Security, IAM, gMSA.
  Flag task_iam_role;
  bool task_iam_role_network_host = false;
  Flag awslogs_execution_role;
  std::string audit_log_file = "/log/audit.log";
  bool audit_log_disabled = false;
  bool gmsa_supported = false;
  std::string credentials_fetcher_dir;
  base::Secret credentials_fetcher_secret_name;
  bool domain_joined = false;
  bool skip_domain_join_check = false;
  bool skip_domainless_check = false;
  bool skip_credentials_fetcher_check = false;

  // Task networking, metadata, metrics.
  Flag task_eni;
  Flag eni_trunking;  ///< Off unless task ENI is on, then on by default.
  Flag awsvpc_block_imds;
  std::vector<std::string> awsvpc_local_routes;  ///< CIDR texts, checked.
  std::map<std::string, std::string> pause_labels;
  std::int64_t metadata_steady_rate = 40;
  std::int64_t metadata_burst_rate = 60;
  bool metadata_az_disabled = false;
  Flag container_metadata;
  Flag metrics_disabled;
  Flag poll_metrics;
  Duration polling_metrics_wait = std::chrono::seconds(10);
  bool prometheus_metrics = false;
  Flag runtime_stats;

  // Set by file or user data only.
  std::string pause_tarball_path = "/images/amazon-ecs-pause.tar";
  std::string pause_image_name = "amazon/amazon-ecs-pause";
  std::string pause_image_tag = "0.1.0";
  std::string awsvpc_local_ipv4_override;  ///< CIDR text, checked.
  std::int64_t pause_cleanup_delay = 0;    ///< Seconds.
  std::string runtime_stats_log_file = "/log/agent-runtime-stats.log";
  std::string csi_socket_path = "/var/run/ecs/ebs-csi-driver/csi-driver.sock";
  Duration node_stage_timeout = std::chrono::seconds(2);
  Duration node_unstage_timeout = std::chrono::seconds(30);
  bool imds_iam_roles = false;

  // Set by the command line only.
  bool accept_insecure_certificates = false;  ///< -k
  bool blackhole_instance_metadata = false;   ///< -blackhole-ec2-metadata
};

}  // namespace ecs::config
