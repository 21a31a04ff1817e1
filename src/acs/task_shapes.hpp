// The task as ACS sends it (acs.md 9). Every scalar is optional in the model, and absent differs from empty in places
// (`overrides`, `protocol`, `desiredStatus`), so each is a std::optional; absent and empty lists are the same, except
// for `entryPoint`. Words of an enumeration stay text: an unknown one makes the task invalid, not the message.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "base/secret.hpp"

namespace ecs::acs {

using Text = std::optional<std::string>;
using Integer = std::optional<std::int64_t>;
using Flag = std::optional<bool>;
using TextMap = std::map<std::string, std::string>;

struct IamRoleCredentials {
  Text credentials_id;
  Text role_arn;
  Text access_key_id;
  std::optional<base::Secret> secret_access_key;
  std::optional<base::Secret> session_token;
  Text expiration;
  Text credential_scope;
};
BOOST_DESCRIBE_STRUCT(IamRoleCredentials, (),
                      (credentials_id, role_arn, access_key_id, secret_access_key, session_token, expiration,
                       credential_scope))

struct PortMapping {
  Integer container_port;
  Integer host_port;
  Text container_port_range;
  Text protocol;
};
BOOST_DESCRIBE_STRUCT(PortMapping, (), (container_port, host_port, container_port_range, protocol))

struct MountPoint {
  Text source_volume;
  Text container_path;
  Flag read_only;
};
BOOST_DESCRIBE_STRUCT(MountPoint, (), (source_volume, container_path, read_only))

struct VolumeFrom {
  Text source_container;
  Flag read_only;
};
BOOST_DESCRIBE_STRUCT(VolumeFrom, (), (source_container, read_only))

struct ContainerDependency {
  Text container_name;
  Text condition;
};
BOOST_DESCRIBE_STRUCT(ContainerDependency, (), (container_name, condition))

struct RestartPolicy {
  Flag enabled;
  std::vector<std::int64_t> ignored_exit_codes;
  Integer restart_attempt_period;  ///< Seconds.
};
BOOST_DESCRIBE_STRUCT(RestartPolicy, (), (enabled, ignored_exit_codes, restart_attempt_period))

/// `config` and `host_config` are JSON texts in Docker's own capitalised form.
struct DockerConfig {
  Text version;
  Text config;
  Text host_config;
};
BOOST_DESCRIBE_STRUCT(DockerConfig, (), (version, config, host_config))

struct EcrAuthData {
  Text registry_id;
  Text region;
  Text endpoint_override;
  Flag use_execution_role;
};
BOOST_DESCRIBE_STRUCT(EcrAuthData, (), (registry_id, region, endpoint_override, use_execution_role))

struct AsmAuthData {
  Text credentials_parameter;
  Text region;
};
BOOST_DESCRIBE_STRUCT(AsmAuthData, (), (credentials_parameter, region))

struct RegistryAuthentication {
  Text type;
  std::optional<EcrAuthData> ecr_auth_data;
  std::optional<AsmAuthData> asm_auth_data;
};
BOOST_DESCRIBE_STRUCT(RegistryAuthentication, (), (type, ecr_auth_data, asm_auth_data))

struct EnvironmentFile {
  Text value;
  Text type;
};
BOOST_DESCRIBE_STRUCT(EnvironmentFile, (), (value, type))

/// Where a secret of a container is found; the secret itself is not in it.
struct SecretReference {
  Text name;
  Text value_from;
  Text container_path;
  Text type;
  Text region;
  Text provider;
  Text target;
};
BOOST_DESCRIBE_STRUCT(SecretReference, (), (name, value_from, container_path, type, region, provider, target))

struct FirelensConfiguration {
  Text type;
  TextMap options;
};
BOOST_DESCRIBE_STRUCT(FirelensConfiguration, (), (type, options))

struct ManagedAgent {
  Text name;
  TextMap properties;
};
BOOST_DESCRIBE_STRUCT(ManagedAgent, (), (name, properties))

struct KernelCapabilities {
  std::vector<std::string> add;
  std::vector<std::string> drop;
};
BOOST_DESCRIBE_STRUCT(KernelCapabilities, (), (add, drop))

struct Device {
  Text host_path;
  Text container_path;
  std::vector<std::string> permissions;
};
BOOST_DESCRIBE_STRUCT(Device, (), (host_path, container_path, permissions))

/// Ignored by the agent: the control plane repeats it in dockerConfig.hostConfig.
struct LinuxParameters {
  std::optional<KernelCapabilities> capabilities;
  std::vector<Device> devices;
  Flag init_process_enabled;
  Integer shared_memory_size;
};
BOOST_DESCRIBE_STRUCT(LinuxParameters, (), (capabilities, devices, init_process_enabled, shared_memory_size))

struct Container {
  Text name;
  Text image;
  std::vector<std::string> command;
  std::optional<std::vector<std::string>> entry_point;  ///< Absent: the image's.
  Integer cpu;
  Integer memory;  ///< MiB.
  Flag essential;
  TextMap environment;  ///< May hold secrets of the user: not for log lines.
  std::vector<EnvironmentFile> environment_files;
  std::vector<SecretReference> secrets;
  Text overrides;  ///< A JSON text.
  std::vector<std::string> links;
  std::vector<VolumeFrom> volumes_from;
  std::vector<MountPoint> mount_points;
  std::vector<PortMapping> port_mappings;
  std::vector<ContainerDependency> depends_on;
  Integer start_timeout;  ///< Seconds.
  Integer stop_timeout;   ///< Seconds.
  Text health_check_type;
  std::optional<DockerConfig> docker_config;
  std::optional<RegistryAuthentication> registry_authentication;
  Text logs_auth_strategy;
  std::optional<FirelensConfiguration> firelens_configuration;
  std::vector<ManagedAgent> managed_agents;
  std::optional<RestartPolicy> restart_policy;
  std::vector<std::string> credential_specs;
  Text container_arn;
  std::optional<LinuxParameters> linux_parameters;
  Flag privileged;
  std::vector<std::string> network_interface_names;
};
BOOST_DESCRIBE_STRUCT(Container, (),
                      (name, image, command, entry_point, cpu, memory, essential, environment, environment_files,
                       secrets, overrides, links, volumes_from, mount_points, port_mappings, depends_on, start_timeout,
                       stop_timeout, health_check_type, docker_config, registry_authentication, logs_auth_strategy,
                       firelens_configuration, managed_agents, restart_policy, credential_specs, container_arn,
                       linux_parameters, privileged, network_interface_names))

struct HostVolume {
  Text source_path;
};
BOOST_DESCRIBE_STRUCT(HostVolume, (), (source_path))

struct DockerVolumeConfiguration {
  Text scope;
  Flag autoprovision;
  Text driver;
  TextMap driver_opts;
  TextMap labels;
};
BOOST_DESCRIBE_STRUCT(DockerVolumeConfiguration, (), (scope, autoprovision, driver, driver_opts, labels))

struct EfsAuthorizationConfig {
  Text access_point_id;
  Text iam;
};
BOOST_DESCRIBE_STRUCT(EfsAuthorizationConfig, (), (access_point_id, iam))

struct EfsVolumeConfiguration {
  Text file_system_id;
  Text root_directory;
  Text transit_encryption;
  Integer transit_encryption_port;
  std::optional<EfsAuthorizationConfig> authorization_config;
};
BOOST_DESCRIBE_STRUCT(EfsVolumeConfiguration, (),
                      (file_system_id, root_directory, transit_encryption, transit_encryption_port,
                       authorization_config))

struct FsxAuthorizationConfig {
  Text credentials_parameter;
  Text domain;
};
BOOST_DESCRIBE_STRUCT(FsxAuthorizationConfig, (), (credentials_parameter, domain))

struct FsxVolumeConfiguration {
  Text file_system_id;
  Text root_directory;
  std::optional<FsxAuthorizationConfig> authorization_config;
};
BOOST_DESCRIBE_STRUCT(FsxVolumeConfiguration, (), (file_system_id, root_directory, authorization_config))

struct EbsVolumeConfiguration {
  Text volume_id;
  Flag delete_on_termination;
  Text device_name;
  Text filesystem_type;
};
BOOST_DESCRIBE_STRUCT(EbsVolumeConfiguration, (), (volume_id, delete_on_termination, device_name, filesystem_type))

struct LogDriverVolumeConfiguration {
  Text driver;
};
BOOST_DESCRIBE_STRUCT(LogDriverVolumeConfiguration, (), (driver))

struct Volume {
  Text name;
  Text type;
  std::optional<HostVolume> host;
  std::optional<DockerVolumeConfiguration> docker_volume_configuration;
  std::optional<EfsVolumeConfiguration> efs_volume_configuration;
  std::optional<FsxVolumeConfiguration> fsx_windows_file_server_volume_configuration;
  std::optional<EbsVolumeConfiguration> ebs_volume_configuration;
  std::optional<LogDriverVolumeConfiguration> log_driver_volume_configuration;
};
BOOST_DESCRIBE_STRUCT(Volume, (),
                      (name, type, host, docker_volume_configuration, efs_volume_configuration,
                       fsx_windows_file_server_volume_configuration, ebs_volume_configuration,
                       log_driver_volume_configuration))

struct Ipv4Address {
  Text private_address;
  Flag primary;
};
BOOST_DESCRIBE_STRUCT(Ipv4Address, (), (private_address, primary))

struct Ipv6Address {
  Text address;
  Flag primary;
};
BOOST_DESCRIBE_STRUCT(Ipv6Address, (), (address, primary))

struct TunnelProperties {
  Text tunnel_id;
  Text interface_ip_address;
};
BOOST_DESCRIBE_STRUCT(TunnelProperties, (), (tunnel_id, interface_ip_address))

struct VethProperties {
  Text peer_interface;
};
BOOST_DESCRIBE_STRUCT(VethProperties, (), (peer_interface))

struct VlanProperties {
  Text vlan_id;
  Text trunk_interface_mac_address;
};
BOOST_DESCRIBE_STRUCT(VlanProperties, (), (vlan_id, trunk_interface_mac_address))

struct ElasticNetworkInterface {
  Text name;
  Text mac_address;
  Text attachment_arn;
  Text ec2_id;
  Integer index;
  Text interface_association_protocol;
  std::optional<TunnelProperties> interface_tunnel_properties;
  std::optional<VethProperties> interface_veth_properties;
  std::optional<VlanProperties> interface_vlan_properties;
  std::vector<Ipv4Address> ipv4_addresses;
  std::vector<Ipv6Address> ipv6_addresses;
  std::vector<std::string> domain_name;
  std::vector<std::string> domain_name_servers;
  Text private_dns_name;
  Text subnet_gateway_ipv4_address;
  Text subnet_gateway_ipv6_address;
};
BOOST_DESCRIBE_STRUCT(ElasticNetworkInterface, (),
                      (name, mac_address, attachment_arn, ec2_id, index, interface_association_protocol,
                       interface_tunnel_properties, interface_veth_properties, interface_vlan_properties,
                       ipv4_addresses, ipv6_addresses, domain_name, domain_name_servers, private_dns_name,
                       subnet_gateway_ipv4_address, subnet_gateway_ipv6_address))

struct EncodedString {
  Text value;
  Text encoding;
};
BOOST_DESCRIBE_STRUCT(EncodedString, (), (value, encoding))

struct Association {
  Text name;
  Text type;
  std::optional<EncodedString> content;
  std::vector<std::string> containers;
};
BOOST_DESCRIBE_STRUCT(Association, (), (name, type, content, containers))

struct ProxyConfiguration {
  Text type;
  Text container_name;
  TextMap properties;
};
BOOST_DESCRIBE_STRUCT(ProxyConfiguration, (), (type, container_name, properties))

struct AttachmentProperty {
  Text name;
  Text value;
};
BOOST_DESCRIBE_STRUCT(AttachmentProperty, (), (name, value))

struct Attachment {
  Text attachment_arn;
  Text attachment_type;
  std::vector<AttachmentProperty> attachment_properties;
};
BOOST_DESCRIBE_STRUCT(Attachment, (), (attachment_arn, attachment_type, attachment_properties))

struct TrustedExecutionConfiguration {
  Text isolation_mode;
};
BOOST_DESCRIBE_STRUCT(TrustedExecutionConfiguration, (), (isolation_mode))

struct Task {
  Text arn;
  Text task_cluster_arn;
  std::vector<Container> containers;
  Text desired_status;
  Text family;
  Text overrides;
  Text version;
  Text zone;
  Text task_definition_account_id;
  std::vector<Volume> volumes;
  std::optional<IamRoleCredentials> role_credentials;
  std::optional<IamRoleCredentials> execution_role_credentials;
  std::vector<ElasticNetworkInterface> elastic_network_interfaces;
  std::optional<double> cpu;  ///< vCPUs.
  Integer memory;             ///< MiB.
  std::vector<Association> associations;
  Text pid_mode;
  Text ipc_mode;
  std::optional<ProxyConfiguration> proxy_configuration;
  Text agent_configuration;
  Text launch_type;
  std::vector<Attachment> attachments;
  Text network_mode;
  Text service_name;
  Text group;
  Flag enable_fault_injection;
  std::optional<TrustedExecutionConfiguration> trusted_execution_configuration;
};
BOOST_DESCRIBE_STRUCT(Task, (),
                      (arn, task_cluster_arn, containers, desired_status, family, overrides, version, zone,
                       task_definition_account_id, volumes, role_credentials, execution_role_credentials,
                       elastic_network_interfaces, cpu, memory, associations, pid_mode, ipc_mode, proxy_configuration,
                       agent_configuration, launch_type, attachments, network_mode, service_name, group,
                       enable_fault_injection, trusted_execution_configuration))

}  // namespace ecs::acs
