#include "config/settings.hpp"

#include <algorithm>
#include <array>

namespace ecs::config {

namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;

constexpr std::int64_t kPidsCeiling = 4194304;  // What runc can set.

constexpr Bounds at_least(Bounds::Action action, Duration min) { return {.action = action, .min = min.count()}; }
constexpr Bounds clamp_below(Duration min) { return at_least(Bounds::Action::kClamp, min); }
constexpr Bounds reset_below(Duration min) { return at_least(Bounds::Action::kReset, min); }
constexpr Bounds fatal_below(Duration min) { return at_least(Bounds::Action::kFatal, min); }
constexpr Bounds reset_below(std::int64_t min) { return {.action = Bounds::Action::kReset, .min = min}; }
constexpr Bounds ignore_outside(std::int64_t min, std::int64_t max) {
  return {.action = Bounds::Action::kIgnore, .min = min, .max = max};
}

using C = Config;

// clang-format off
const auto kSettings = std::to_array<Setting>({
    // Identity, registration, control plane.
    {.env = "ECS_CLUSTER", .key = "Cluster", .target = &C::cluster, .trimmed = true},
    {.env = "ECS_BACKEND_HOST", .key = "APIEndpoint", .target = &C::backend_endpoint, .trimmed = true},
    {.env = "AWS_DEFAULT_REGION", .key = "AWSRegion", .target = &C::region, .trimmed = true},
    {.env = "ECS_EXTERNAL", .key = "External", .target = &C::external},
    {.key = "NoIID", .target = &C::no_instance_identity},
    {.env = "ECS_INSTANCE_ATTRIBUTES", .key = "InstanceAttributes", .target = &C::instance_attributes, .must_parse = true},
    {.env = "ECS_CONTAINER_INSTANCE_TAGS", .key = "ContainerInstanceTags", .target = &C::instance_tags, .must_parse = true},
    {.env = "ECS_CONTAINER_INSTANCE_PROPAGATE_TAGS_FROM", .key = "ContainerInstancePropagateTagsFrom", .target = &C::propagate_tags_from},
    {.env = "ECS_WARM_POOLS_CHECK", .key = "WarmPoolsSupport", .target = &C::warm_pools_check},
    {.env = "ECS_ENABLE_SPOT_INSTANCE_DRAINING", .key = "SpotInstanceDrainingEnabled", .target = &C::spot_draining},
    {.env = "ECS_DETAILED_OS_FAMILY", .target = &C::detailed_os_family, .stage = Stage::kAfterMerge},
    {.env = "ECS_INSTANCE_IP_COMPATIBILITY", .target = &C::ip_compatibility},
    {.env = "ECS_ALTERNATE_CREDENTIAL_PROFILE", .target = &C::alternate_credential_profile},
    {.env = "ECS_UPDATES_ENABLED", .key = "UpdatesEnabled", .target = &C::updates_enabled},
    {.env = "ECS_UPDATE_DOWNLOAD_DIR", .key = "UpdateDownloadDir", .target = &C::update_download_dir},

    // State and paths.
    {.env = "ECS_DATADIR", .key = "DataDir", .target = &C::data_dir},
    {.env = "ECS_CHECKPOINT", .key = "Checkpoint", .target = &C::checkpoint},
    {.env = "ECS_HOST_DATA_DIR", .key = "DataDirOnHost", .target = &C::host_data_dir},
    {.env = "ECS_CGROUP_PATH", .key = "CgroupPath", .target = &C::cgroup_path},
    {.env = "ECS_CNI_PLUGINS_PATH", .key = "CNIPluginsPath", .target = &C::cni_plugins_path},

    // Docker, images, time-outs.
    {.env = "DOCKER_HOST", .key = "DockerEndpoint", .target = &C::docker_endpoint},
    {.env = "ECS_ENGINE_AUTH_TYPE", .key = "EngineAuthType", .target = &C::engine_auth_type, .trimmed = true},
    {.env = "ECS_ENGINE_AUTH_DATA", .key = "EngineAuthData", .target = &C::engine_auth_data},
    {.env = "ECS_CONTAINER_STOP_TIMEOUT", .key = "DockerStopTimeout", .target = &C::stop_timeout, .of_environment = clamp_below(1s), .of_result = fatal_below(1s)},
    {.env = "ECS_CONTAINER_START_TIMEOUT", .key = "ContainerStartTimeout", .target = &C::start_timeout, .of_environment = clamp_below(45s), .of_result = fatal_below(45s)},
    {.env = "ECS_CONTAINER_CREATE_TIMEOUT", .key = "ContainerCreateTimeout", .target = &C::create_timeout, .of_environment = clamp_below(1min)},
    {.env = "ECS_MANIFEST_PULL_TIMEOUT", .key = "ManifestPullTimeout", .target = &C::manifest_pull_timeout, .of_environment = clamp_below(30s)},
    {.env = "ECS_IMAGE_PULL_INACTIVITY_TIMEOUT", .key = "ImagePullInactivityTimeout", .target = &C::pull_inactivity_timeout, .of_environment = clamp_below(1min), .of_result = reset_below(1min)},
    {.env = "ECS_IMAGE_PULL_TIMEOUT", .key = "ImagePullTimeout", .target = &C::pull_timeout},
    {.env = "ECS_IMAGE_PULL_BEHAVIOR", .key = "ImagePullBehavior", .target = &C::pull_behavior},
    {.env = "ECS_PULL_DEPENDENT_CONTAINERS_UPFRONT", .key = "DependentContainersPullUpfront", .target = &C::pull_dependents_upfront},
    {.env = "ECS_DISABLE_PRIVILEGED", .key = "PrivilegedDisabled", .target = &C::privileged_disabled},
    {.env = "ECS_SELINUX_CAPABLE", .key = "SELinuxCapable", .target = &C::selinux_capable},
    {.env = "ECS_APPARMOR_CAPABLE", .key = "AppArmorCapable", .target = &C::apparmor_capable},
    {.env = "ECS_AVAILABLE_LOGGING_DRIVERS", .key = "AvailableLoggingDrivers", .target = &C::logging_drivers},
    {.env = "ECS_VOLUME_PLUGIN_CAPABILITIES", .key = "VolumePluginCapabilities", .target = &C::volume_plugin_capabilities},
    {.env = "ECS_SHARED_VOLUME_MATCH_FULL_CONFIG", .key = "SharedVolumeMatchFullConfig", .target = &C::shared_volume_match_full_config},
    {.env = "ECS_DISABLE_DOCKER_HEALTH_CHECK", .key = "DisableDockerHealthCheck", .target = &C::docker_health_check_disabled},
    {.env = "ECS_ENABLE_FIRELENS_ASYNC", .key = "FirelensAsyncEnabled", .target = &C::firelens_async},

    // Cleanup.
    {.env = "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION", .key = "TaskCleanupWaitDuration", .target = &C::task_cleanup_wait, .of_result = reset_below(1s)},
    {.env = "ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION_JITTER", .key = "TaskCleanupWaitDurationJitter", .target = &C::task_cleanup_wait_jitter, .of_result = reset_below(0s)},
    {.env = "ECS_DISABLE_IMAGE_CLEANUP", .key = "ImageCleanupDisabled", .target = &C::image_cleanup_disabled},
    {.env = "ECS_IMAGE_CLEANUP_INTERVAL", .key = "ImageCleanupInterval", .target = &C::image_cleanup_interval, .of_result = reset_below(10min)},
    {.env = "ECS_IMAGE_MINIMUM_CLEANUP_AGE", .key = "MinimumImageDeletionAge", .target = &C::image_minimum_age},
    {.env = "NON_ECS_IMAGE_MINIMUM_CLEANUP_AGE", .key = "NonECSMinimumImageDeletionAge", .target = &C::non_ecs_image_minimum_age},
    {.env = "ECS_NUM_IMAGES_DELETE_PER_CYCLE", .key = "NumImagesToDeletePerCycle", .target = &C::images_per_cleanup, .of_result = reset_below(1)},
    {.env = "NONECS_NUM_CONTAINERS_DELETE_PER_CYCLE", .key = "NumNonECSContainersToDeletePerCycle", .target = &C::non_ecs_containers_per_cleanup},
    {.env = "ECS_ENABLE_UNTRACKED_IMAGE_CLEANUP", .key = "DeleteNonECSImagesEnabled", .target = &C::untracked_image_cleanup},
    {.env = "ECS_EXCLUDE_UNTRACKED_IMAGE", .key = "ImageCleanupExclusionList", .target = &C::image_cleanup_exclusions, .form = Form::kCommaList},

    // Resources and devices.
    {.env = "ECS_RESERVED_PORTS", .key = "ReservedPorts", .target = &C::reserved_ports},
    {.env = "ECS_RESERVED_PORTS_UDP", .key = "ReservedPortsUDP", .target = &C::reserved_udp_ports},
    {.env = "ECS_RESERVED_MEMORY", .key = "ReservedMemory", .target = &C::reserved_memory},
    {.env = "ECS_DYNAMIC_HOST_PORT_RANGE", .target = &C::dynamic_host_ports},
    {.env = "ECS_EXCLUDE_IPV6_PORTBINDING", .key = "ShouldExcludeIPv6PortBinding", .target = &C::exclude_ipv6_port_bindings},
    {.env = "ECS_ENABLE_TASK_CPU_MEM_LIMIT", .key = "TaskCPUMemLimit", .target = &C::task_cpu_mem_limit},
    {.env = "ECS_CGROUP_CPU_PERIOD", .target = &C::cgroup_cpu_period, .of_environment = ignore_outside(Duration(8ms).count(), Duration(100ms).count())},
    {.env = "ECS_TASK_PIDS_LIMIT", .key = "TaskPidsLimit", .target = &C::task_pids_limit, .form = Form::kTrimmedNumber, .of_environment = ignore_outside(1, kPidsCeiling)},
    {.env = "ECS_PROPAGATE_TASK_MEMORY_LIMIT_CGROUPV2", .key = "PropagateTaskMemoryLimitCgroupV2", .target = &C::propagate_task_memory_limit},
    {.env = "ECS_ENABLE_GPU_SUPPORT", .key = "GPUSupportEnabled", .target = &C::gpu_support},
    {.env = "ECS_NVIDIA_RUNTIME", .key = "NvidiaRuntime", .target = &C::nvidia_runtime, .trimmed = true},
    {.env = "ECS_ENABLE_INF_SUPPORT", .key = "InferentiaSupportEnabled", .target = &C::inferentia_support},
    {.env = "ECS_EBSTA_SUPPORTED", .key = "EBSTASupportEnabled", .target = &C::ebs_support},

    // Security, IAM, gMSA.
    {.env = "ECS_ENABLE_TASK_IAM_ROLE", .key = "TaskIAMRoleEnabled", .target = &C::task_iam_role},
    {.env = "ECS_ENABLE_TASK_IAM_ROLE_NETWORK_HOST", .key = "TaskIAMRoleEnabledForNetworkHost", .target = &C::task_iam_role_network_host},
    {.env = "ECS_ENABLE_AWSLOGS_EXECUTIONROLE_OVERRIDE", .key = "OverrideAWSLogsExecutionRole", .target = &C::awslogs_execution_role},
    {.env = "ECS_AUDIT_LOGFILE", .key = "CredentialsAuditLogFile", .target = &C::audit_log_file},
    {.env = "ECS_AUDIT_LOGFILE_DISABLED", .key = "CredentialsAuditLogDisabled", .target = &C::audit_log_disabled},
    {.env = "ECS_GMSA_SUPPORTED", .target = &C::gmsa_supported},
    {.env = "CREDENTIALS_FETCHER_HOST_DIR", .target = &C::credentials_fetcher_dir},
    {.env = "CREDENTIALS_FETCHER_SECRET_NAME_FOR_DOMAINLESS_GMSA", .target = &C::credentials_fetcher_secret_name},
    {.env = "ECS_DOMAIN_JOINED_LINUX_INSTANCE", .target = &C::domain_joined},
    {.env = "ZZZ_SKIP_DOMAIN_JOIN_CHECK_NOT_SUPPORTED_IN_PRODUCTION", .target = &C::skip_domain_join_check},
    {.env = "ZZZ_SKIP_DOMAIN_LESS_CHECK_NOT_SUPPORTED_IN_PRODUCTION", .target = &C::skip_domainless_check},
    {.env = "ZZZ_SKIP_CREDENTIALS_FETCHER_INVOCATION_CHECK_NOT_SUPPORTED_IN_PRODUCTION", .target = &C::skip_credentials_fetcher_check},

    // Task networking, metadata, metrics.
    {.env = "ECS_ENABLE_TASK_ENI", .key = "TaskENIEnabled", .target = &C::task_eni},
    {.env = "ECS_ENABLE_HIGH_DENSITY_ENI", .target = &C::eni_trunking, .stage = Stage::kAfterMerge},
    {.env = "ECS_AWSVPC_BLOCK_IMDS", .key = "AWSVPCBlockInstanceMetdata", .target = &C::awsvpc_block_imds},
    {.env = "ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES", .key = "AWSVPCAdditionalLocalRoutes", .target = &C::awsvpc_local_routes, .form = Form::kCidr, .must_parse = true},
    {.env = "ECS_PAUSE_LABELS", .target = &C::pause_labels},
    {.env = "ECS_TASK_METADATA_RPS_LIMIT", .key = "TaskMetadataSteadyStateRate", .target = &C::metadata_steady_rate, .form = Form::kSteadyRate},
    {.env = "ECS_TASK_METADATA_RPS_LIMIT", .key = "TaskMetadataBurstRate", .target = &C::metadata_burst_rate, .form = Form::kBurstRate},
    {.env = "ECS_DISABLE_TASK_METADATA_AZ", .key = "TaskMetadataAZDisabled", .target = &C::metadata_az_disabled},
    {.env = "ECS_ENABLE_CONTAINER_METADATA", .key = "ContainerMetadataEnabled", .target = &C::container_metadata},
    {.env = "ECS_DISABLE_METRICS", .key = "DisableMetrics", .target = &C::metrics_disabled},
    {.env = "ECS_POLL_METRICS", .key = "PollMetrics", .target = &C::poll_metrics},
    {.env = "ECS_POLLING_METRICS_WAIT_DURATION", .key = "PollingMetricsWaitDuration", .target = &C::polling_metrics_wait},
    {.env = "ECS_ENABLE_PROMETHEUS_METRICS", .target = &C::prometheus_metrics},
    {.env = "ECS_ENABLE_RUNTIME_STATS", .key = "EnableRuntimeStats", .target = &C::runtime_stats},

    // File and user data only.
    {.key = "PauseContainerTarballPath", .target = &C::pause_tarball_path},
    {.key = "PauseContainerImageName", .target = &C::pause_image_name},
    {.key = "PauseContainerTag", .target = &C::pause_image_tag},
    {.key = "OverrideAWSVPCLocalIPv4Address", .target = &C::awsvpc_local_ipv4_override, .form = Form::kCidr},
    {.key = "ENIPauseContainerCleanupDelaySeconds", .target = &C::pause_cleanup_delay},
    {.key = "RuntimeStatsLogFile", .target = &C::runtime_stats_log_file},
    {.key = "CSIDriverSocketPath", .target = &C::csi_socket_path},
    {.key = "NodeStageTimeout", .target = &C::node_stage_timeout},
    {.key = "NodeUnstageTimeout", .target = &C::node_unstage_timeout},
    {.key = "IMDSIAMRolesEnabled", .target = &C::imds_iam_roles},
});
// clang-format on

constexpr std::array<std::string_view, 11> kLoggingDrivers = {"json-file", "syslog",  "journald",   "gelf",
                                                              "fluentd",   "awslogs", "splunk",     "logentries",
                                                              "sumologic", "none",    "awsfirelens"};

}  // namespace

std::span<const Setting> settings() { return kSettings; }

bool is_logging_driver(std::string_view driver) {
  return std::ranges::find(kLoggingDrivers, driver) != kLoggingDrivers.end();
}

}  // namespace ecs::config
