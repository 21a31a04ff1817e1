// Requests and answers of the ECS API, as they are on the wire. An absent optional is left out; timestamps are epoch
// seconds with millisecond precision (base::epoch_seconds).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/describe.hpp>

#include "json/mapping.hpp"

namespace ecs::aws {

struct KeyValue {
  std::string key;
  std::string value;
  friend bool operator==(const KeyValue&, const KeyValue&) = default;
};
BOOST_DESCRIBE_STRUCT(KeyValue, (), (key, value))

struct Attribute {
  std::string name;
  std::optional<std::string> value;  ///< A capability has none.
  friend bool operator==(const Attribute&, const Attribute&) = default;
};
BOOST_DESCRIBE_STRUCT(Attribute, (), (name, value))

struct Resource {
  std::string name;
  std::string type;  ///< INTEGER or STRINGSET.
  std::optional<std::int64_t> integer_value;
  std::optional<std::vector<std::string>> string_set_value;

  /// A number; 0 is left out on the wire.
  [[nodiscard]] static Resource integer(std::string name, std::int64_t value);
  /// A set of texts; sent even when empty.
  [[nodiscard]] static Resource string_set(std::string name, std::vector<std::string> values);
  friend bool operator==(const Resource&, const Resource&) = default;
};
BOOST_DESCRIBE_STRUCT(Resource, (), (name, type, integer_value, string_set_value))

struct PlatformDevice {
  std::string id;
  std::string type;  ///< GPU.
  friend bool operator==(const PlatformDevice&, const PlatformDevice&) = default;
};
BOOST_DESCRIBE_STRUCT(PlatformDevice, (), (id, type))

struct CreateClusterRequest {
  std::string cluster_name;
};
BOOST_DESCRIBE_STRUCT(CreateClusterRequest, (), (cluster_name))

struct Cluster {
  std::string cluster_name;
  std::string cluster_arn;
};
BOOST_DESCRIBE_STRUCT(Cluster, (), (cluster_name, cluster_arn))

struct CreateClusterResponse {
  Cluster cluster;
};
BOOST_DESCRIBE_STRUCT(CreateClusterResponse, (), (cluster))

struct RegisterContainerInstanceRequest {
  std::string cluster;
  std::optional<std::string> container_instance_arn;
  std::string client_token;
  std::string instance_identity_document;
  std::string instance_identity_document_signature;
  std::vector<Resource> total_resources;
  std::vector<Attribute> attributes;
  std::optional<std::vector<KeyValue>> tags;
  std::optional<std::vector<PlatformDevice>> platform_devices;
};
BOOST_DESCRIBE_STRUCT(RegisterContainerInstanceRequest, (),
                      (cluster, container_instance_arn, client_token, instance_identity_document,
                       instance_identity_document_signature, total_resources, attributes, tags, platform_devices))

struct ContainerInstance {
  std::string container_instance_arn;
  std::vector<Attribute> attributes;
};
BOOST_DESCRIBE_STRUCT(ContainerInstance, (), (container_instance_arn, attributes))

struct RegisterContainerInstanceResponse {
  ContainerInstance container_instance;
};
BOOST_DESCRIBE_STRUCT(RegisterContainerInstanceResponse, (), (container_instance))

struct DiscoverPollEndpointRequest {
  std::string cluster;
  std::string container_instance;
  std::string zone_id;  ///< Always present; empty on EC2.
};
BOOST_DESCRIBE_STRUCT(DiscoverPollEndpointRequest, (), (cluster, container_instance, zone_id))

struct DiscoverPollEndpointResponse {
  std::optional<std::string> endpoint;
  std::optional<std::string> telemetry_endpoint;
  std::optional<std::string> service_connect_endpoint;
  std::optional<std::string> system_logs_endpoint;
};
BOOST_DESCRIBE_STRUCT(DiscoverPollEndpointResponse, (),
                      (endpoint, telemetry_endpoint, service_connect_endpoint, system_logs_endpoint))

/// Either container_port and host_port, or the two ranges.
struct NetworkBinding {
  std::string bind_ip;
  std::string protocol;
  std::optional<std::int64_t> container_port;
  std::optional<std::int64_t> host_port;
  std::optional<std::string> container_port_range;
  std::optional<std::string> host_port_range;
  static constexpr json::Rename kJsonNames[] = {{"bind_ip", "bindIP"}};
  friend bool operator==(const NetworkBinding&, const NetworkBinding&) = default;
};
BOOST_DESCRIBE_STRUCT(NetworkBinding, (),
                      (bind_ip, protocol, container_port, host_port, container_port_range, host_port_range))

struct ContainerStateChange {
  std::string container_name;
  std::string status;
  std::optional<std::int64_t> exit_code;
  std::optional<std::string> reason;
  std::optional<std::string> runtime_id;
  std::optional<std::string> image_digest;
  std::optional<std::vector<NetworkBinding>> network_bindings;
};
BOOST_DESCRIBE_STRUCT(ContainerStateChange, (),
                      (container_name, status, exit_code, reason, runtime_id, image_digest, network_bindings))

struct ManagedAgentStateChange {
  std::string container_name;
  std::string managed_agent_name;
  std::string status;
  std::string reason;
};
BOOST_DESCRIBE_STRUCT(ManagedAgentStateChange, (), (container_name, managed_agent_name, status, reason))

struct AttachmentStateChange {
  std::string attachment_arn;
  std::string status;
};
BOOST_DESCRIBE_STRUCT(AttachmentStateChange, (), (attachment_arn, status))

/// `status` and `reason` are absent only in the variant that reports an attachment.
struct SubmitTaskStateChangeRequest {
  std::string cluster;
  std::string task;
  std::optional<std::string> status;
  std::optional<std::string> reason;
  std::optional<std::vector<ContainerStateChange>> containers;
  std::optional<std::vector<ManagedAgentStateChange>> managed_agents;
  std::optional<std::vector<AttachmentStateChange>> attachments;
  std::optional<double> pull_started_at;
  std::optional<double> pull_stopped_at;
  std::optional<double> execution_stopped_at;
};
BOOST_DESCRIBE_STRUCT(SubmitTaskStateChangeRequest, (),
                      (cluster, task, status, reason, containers, managed_agents, attachments, pull_started_at,
                       pull_stopped_at, execution_stopped_at))

struct UpdateContainerInstancesStateRequest {
  std::string cluster;
  std::vector<std::string> container_instances;
  std::string status;
};
BOOST_DESCRIBE_STRUCT(UpdateContainerInstancesStateRequest, (), (cluster, container_instances, status))

}  // namespace ecs::aws
