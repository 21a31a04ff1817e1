// Task definitions as the ECS API writes them (model: RegisterTaskDefinition). Every member of the model is here, so
// that an unknown one is known to be a mistake of the caller. Those of type Refused are real but cannot be honoured by
// this control plane: validate() names and refuses them when they are given and not empty.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/json/value.hpp>

#include "json/mapping.hpp"

namespace ecs::local {

using Refused = std::optional<boost::json::value>;
using OptionalInt = std::optional<std::int32_t>;
using OptionalText = std::optional<std::string>;
using Texts = std::vector<std::string>;
using TextMap = std::map<std::string, std::string>;

struct Tag {
  std::string key;
  std::string value;
};
BOOST_DESCRIBE_STRUCT(Tag, (), (key, value))

struct KeyValue {
  OptionalText name;
  OptionalText value;
};
BOOST_DESCRIBE_STRUCT(KeyValue, (), (name, value))

struct PortMapping {
  OptionalInt container_port;
  OptionalInt host_port;
  OptionalText protocol;
  OptionalText name;
  OptionalText app_protocol;
  OptionalText container_port_range;
};
BOOST_DESCRIBE_STRUCT(PortMapping, (), (container_port, host_port, protocol, name, app_protocol, container_port_range))

struct RestartPolicy {
  std::optional<bool> enabled;
  std::optional<std::vector<std::int32_t>> ignored_exit_codes;
  OptionalInt restart_attempt_period;
};
BOOST_DESCRIBE_STRUCT(RestartPolicy, (), (enabled, ignored_exit_codes, restart_attempt_period))

struct MountPoint {
  OptionalText source_volume;
  OptionalText container_path;
  std::optional<bool> read_only;
};
BOOST_DESCRIBE_STRUCT(MountPoint, (), (source_volume, container_path, read_only))

struct VolumeFrom {
  OptionalText source_container;
  std::optional<bool> read_only;
};
BOOST_DESCRIBE_STRUCT(VolumeFrom, (), (source_container, read_only))

struct KernelCapabilities {
  std::optional<Texts> add;
  std::optional<Texts> drop;
};
BOOST_DESCRIBE_STRUCT(KernelCapabilities, (), (add, drop))

struct Device {
  OptionalText host_path;
  OptionalText container_path;
  std::optional<Texts> permissions;
};
BOOST_DESCRIBE_STRUCT(Device, (), (host_path, container_path, permissions))

struct Tmpfs {
  OptionalText container_path;
  OptionalInt size;  ///< MiB.
  std::optional<Texts> mount_options;
};
BOOST_DESCRIBE_STRUCT(Tmpfs, (), (container_path, size, mount_options))

struct LinuxParameters {
  std::optional<KernelCapabilities> capabilities;
  std::optional<std::vector<Device>> devices;
  std::optional<bool> init_process_enabled;
  OptionalInt shared_memory_size;  ///< MiB.
  std::optional<std::vector<Tmpfs>> tmpfs;
  OptionalInt max_swap;  ///< MiB.
  OptionalInt swappiness;
};
BOOST_DESCRIBE_STRUCT(LinuxParameters, (),
                      (capabilities, devices, init_process_enabled, shared_memory_size, tmpfs, max_swap, swappiness))

struct ContainerDependency {
  OptionalText container_name;
  OptionalText condition;
};
BOOST_DESCRIBE_STRUCT(ContainerDependency, (), (container_name, condition))

struct HostEntry {
  OptionalText hostname;
  OptionalText ip_address;
};
BOOST_DESCRIBE_STRUCT(HostEntry, (), (hostname, ip_address))

struct Ulimit {
  OptionalText name;
  OptionalInt soft_limit;
  OptionalInt hard_limit;
};
BOOST_DESCRIBE_STRUCT(Ulimit, (), (name, soft_limit, hard_limit))

struct LogConfiguration {
  OptionalText log_driver;
  std::optional<TextMap> options;
  Refused secret_options;
};
BOOST_DESCRIBE_STRUCT(LogConfiguration, (), (log_driver, options, secret_options))

struct HealthCheck {
  Texts command;
  OptionalInt interval;  ///< Seconds, as all of these.
  OptionalInt timeout;
  OptionalInt retries;
  OptionalInt start_period;
};
BOOST_DESCRIBE_STRUCT(HealthCheck, (), (command, interval, timeout, retries, start_period))

struct SystemControl {
  OptionalText name_space;
  OptionalText value;
  static constexpr json::Rename kJsonNames[] = {{"name_space", "namespace"}};
};
BOOST_DESCRIBE_STRUCT(SystemControl, (), (name_space, value))

struct ResourceRequirement {
  OptionalText value;
  OptionalText type;
};
BOOST_DESCRIBE_STRUCT(ResourceRequirement, (), (value, type))

struct ContainerDefinition {
  std::string name;
  std::string image;
  Refused repository_credentials;
  std::int32_t cpu = 0;
  OptionalInt memory;              ///< MiB.
  OptionalInt memory_reservation;  ///< MiB.
  std::optional<Texts> links;
  std::vector<PortMapping> port_mappings;
  bool essential = true;
  std::optional<RestartPolicy> restart_policy;
  std::optional<Texts> entry_point;
  std::optional<Texts> command;
  std::vector<KeyValue> environment;
  Refused environment_files;
  std::vector<MountPoint> mount_points;
  std::vector<VolumeFrom> volumes_from;
  std::optional<LinuxParameters> linux_parameters;
  Refused secrets;
  std::optional<std::vector<ContainerDependency>> depends_on;
  OptionalInt start_timeout;
  OptionalInt stop_timeout;
  OptionalText hostname;
  OptionalText user;
  OptionalText working_directory;
  std::optional<bool> disable_networking;
  std::optional<bool> privileged;
  std::optional<bool> readonly_root_filesystem;
  std::optional<Texts> dns_servers;
  std::optional<Texts> dns_search_domains;
  std::optional<std::vector<HostEntry>> extra_hosts;
  std::optional<Texts> docker_security_options;
  std::optional<bool> interactive;
  std::optional<bool> pseudo_terminal;
  std::optional<TextMap> docker_labels;
  std::optional<std::vector<Ulimit>> ulimits;
  std::optional<LogConfiguration> log_configuration;
  std::optional<HealthCheck> health_check;
  std::vector<SystemControl> system_controls;
  std::vector<ResourceRequirement> resource_requirements;
  Refused firelens_configuration;
  Refused credential_specs;
};
BOOST_DESCRIBE_STRUCT(ContainerDefinition, (),
                      (name, image, repository_credentials, cpu, memory, memory_reservation, links, port_mappings,
                       essential, restart_policy, entry_point, command, environment, environment_files, mount_points,
                       volumes_from, linux_parameters, secrets, depends_on, start_timeout, stop_timeout, hostname, user,
                       working_directory, disable_networking, privileged, readonly_root_filesystem, dns_servers,
                       dns_search_domains, extra_hosts, docker_security_options, interactive, pseudo_terminal,
                       docker_labels, ulimits, log_configuration, health_check, system_controls, resource_requirements,
                       firelens_configuration, credential_specs))

struct HostVolume {
  OptionalText source_path;
};
BOOST_DESCRIBE_STRUCT(HostVolume, (), (source_path))

struct DockerVolume {
  OptionalText scope;
  std::optional<bool> autoprovision;
  OptionalText driver;
  std::optional<TextMap> driver_opts;
  std::optional<TextMap> labels;
};
BOOST_DESCRIBE_STRUCT(DockerVolume, (), (scope, autoprovision, driver, driver_opts, labels))

struct Volume {
  std::string name;
  std::optional<HostVolume> host;
  std::optional<DockerVolume> docker_volume_configuration;
  Refused efs_volume_configuration;
  Refused fsx_windows_file_server_volume_configuration;
  std::optional<bool> configured_at_launch;
};
BOOST_DESCRIBE_STRUCT(Volume, (),
                      (name, host, docker_volume_configuration, efs_volume_configuration,
                       fsx_windows_file_server_volume_configuration, configured_at_launch))

struct RuntimePlatform {
  OptionalText cpu_architecture;
  OptionalText operating_system_family;
};
BOOST_DESCRIBE_STRUCT(RuntimePlatform, (), (cpu_architecture, operating_system_family))

struct RegisterTaskDefinitionRequest {
  std::string family;
  Refused task_role_arn;
  Refused execution_role_arn;
  OptionalText network_mode;
  std::vector<ContainerDefinition> container_definitions;
  std::vector<Volume> volumes;
  Refused placement_constraints;
  std::optional<Texts> requires_compatibilities;
  OptionalText cpu;
  OptionalText memory;
  std::optional<std::vector<Tag>> tags;
  OptionalText pid_mode;
  OptionalText ipc_mode;
  Refused proxy_configuration;
  Refused inference_accelerators;
  Refused ephemeral_storage;
  std::optional<RuntimePlatform> runtime_platform;
};
BOOST_DESCRIBE_STRUCT(RegisterTaskDefinitionRequest, (),
                      (family, task_role_arn, execution_role_arn, network_mode, container_definitions, volumes,
                       placement_constraints, requires_compatibilities, cpu, memory, tags, pid_mode, ipc_mode,
                       proxy_configuration, inference_accelerators, ephemeral_storage, runtime_platform))

struct Attribute {
  std::string name;
  OptionalText value;
  OptionalText target_type;
  OptionalText target_id;
};
BOOST_DESCRIBE_STRUCT(Attribute, (), (name, value, target_type, target_id))

/// A registered definition, with the defaults of ECS filled in.
struct TaskDefinition {
  std::string task_definition_arn;
  std::vector<ContainerDefinition> container_definitions;
  std::string family;
  OptionalText network_mode;
  std::int32_t revision = 0;
  std::vector<Volume> volumes;
  std::string status;
  std::vector<Attribute> requires_attributes;
  std::vector<boost::json::value> placement_constraints;  ///< Always empty.
  Texts compatibilities;
  std::optional<RuntimePlatform> runtime_platform;
  std::optional<Texts> requires_compatibilities;
  OptionalText cpu;
  OptionalText memory;
  OptionalText pid_mode;
  OptionalText ipc_mode;
  double registered_at = 0;  ///< Seconds since 1970.
  OptionalText registered_by;
};
BOOST_DESCRIBE_STRUCT(TaskDefinition, (),
                      (task_definition_arn, container_definitions, family, network_mode, revision, volumes, status,
                       requires_attributes, placement_constraints, compatibilities, runtime_platform,
                       requires_compatibilities, cpu, memory, pid_mode, ipc_mode, registered_at, registered_by))

struct ContainerOverride {
  OptionalText name;
  std::optional<Texts> command;
  std::optional<std::vector<KeyValue>> environment;
  Refused environment_files;
  OptionalInt cpu;
  OptionalInt memory;
  OptionalInt memory_reservation;
  Refused resource_requirements;
};
BOOST_DESCRIBE_STRUCT(ContainerOverride, (),
                      (name, command, environment, environment_files, cpu, memory, memory_reservation,
                       resource_requirements))

struct TaskOverride {
  std::vector<ContainerOverride> container_overrides;
  OptionalText cpu;
  Refused inference_accelerator_overrides;
  Refused execution_role_arn;
  OptionalText memory;
  Refused task_role_arn;
  Refused ephemeral_storage;
};
BOOST_DESCRIBE_STRUCT(TaskOverride, (),
                      (container_overrides, cpu, inference_accelerator_overrides, execution_role_arn, memory,
                       task_role_arn, ephemeral_storage))

}  // namespace ecs::local
