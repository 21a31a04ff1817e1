// Requests and answers of the ECS API operations that this control plane has (models: ecs.json). As in
// definition_types.hpp, members of type Refused are part of the model but cannot be honoured.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "local/definition_types.hpp"
#include "local/resource_types.hpp"

namespace ecs::local {

// ---- Clusters ------------------------------------------------------------------------------------------------------

struct CreateClusterRequest {
  OptionalText cluster_name;
  std::optional<std::vector<Tag>> tags;
  Refused settings;
  Refused configuration;
  Refused capacity_providers;
  Refused default_capacity_provider_strategy;
  Refused service_connect_defaults;
};
BOOST_DESCRIBE_STRUCT(CreateClusterRequest, (),
                      (cluster_name, tags, settings, configuration, capacity_providers,
                       default_capacity_provider_strategy, service_connect_defaults))

struct CreateClusterResponse {
  Cluster cluster;
};
BOOST_DESCRIBE_STRUCT(CreateClusterResponse, (), (cluster))

struct DescribeClustersRequest {
  std::optional<Texts> clusters;
  std::optional<Texts> include;
};
BOOST_DESCRIBE_STRUCT(DescribeClustersRequest, (), (clusters, include))

struct DescribeClustersResponse {
  std::vector<Cluster> clusters;
  std::vector<Failure> failures;
};
BOOST_DESCRIBE_STRUCT(DescribeClustersResponse, (), (clusters, failures))

struct ListClustersRequest {
  OptionalText next_token;
  OptionalInt max_results;
};
BOOST_DESCRIBE_STRUCT(ListClustersRequest, (), (next_token, max_results))

struct ListClustersResponse {
  Texts cluster_arns;
  OptionalText next_token;
};
BOOST_DESCRIBE_STRUCT(ListClustersResponse, (), (cluster_arns, next_token))

// ---- Task definitions ----------------------------------------------------------------------------------------------

struct TaskDefinitionResponse {
  TaskDefinition task_definition;
  std::vector<Tag> tags;
};
BOOST_DESCRIBE_STRUCT(TaskDefinitionResponse, (), (task_definition, tags))

struct DescribeTaskDefinitionRequest {
  OptionalText task_definition;
  std::optional<Texts> include;
};
BOOST_DESCRIBE_STRUCT(DescribeTaskDefinitionRequest, (), (task_definition, include))

struct ListTaskDefinitionsRequest {
  OptionalText family_prefix;
  OptionalText status;
  OptionalText sort;
  OptionalText next_token;
  OptionalInt max_results;
};
BOOST_DESCRIBE_STRUCT(ListTaskDefinitionsRequest, (), (family_prefix, status, sort, next_token, max_results))

struct ListTaskDefinitionsResponse {
  Texts task_definition_arns;
  OptionalText next_token;
};
BOOST_DESCRIBE_STRUCT(ListTaskDefinitionsResponse, (), (task_definition_arns, next_token))

// ---- Tasks ---------------------------------------------------------------------------------------------------------

struct PlacementStrategy {
  OptionalText type;
  OptionalText field;
};
BOOST_DESCRIBE_STRUCT(PlacementStrategy, (), (type, field))

struct RunTaskRequest {
  static constexpr json::Rename kJsonNames[] = {{"enable_ecs_managed_tags", "enableECSManagedTags"}};
  Refused capacity_provider_strategy;
  OptionalText cluster;
  OptionalInt count;
  bool enable_ecs_managed_tags = false;
  bool enable_execute_command = false;
  OptionalText group;
  OptionalText launch_type;
  Refused network_configuration;
  TaskOverride overrides;
  Refused placement_constraints;
  std::vector<PlacementStrategy> placement_strategy;  ///< With one instance each of them leads to the same place.
  Refused platform_version;
  OptionalText propagate_tags;
  OptionalText reference_id;
  OptionalText started_by;
  std::vector<Tag> tags;
  std::string task_definition;
  OptionalText client_token;
  Refused volume_configurations;
};
BOOST_DESCRIBE_STRUCT(RunTaskRequest, (),
                      (capacity_provider_strategy, cluster, count, enable_ecs_managed_tags, enable_execute_command,
                       group, launch_type, network_configuration, overrides, placement_constraints, placement_strategy,
                       platform_version, propagate_tags, reference_id, started_by, tags, task_definition, client_token,
                       volume_configurations))

struct TasksResponse {
  std::vector<Task> tasks;
  std::vector<Failure> failures;
};
BOOST_DESCRIBE_STRUCT(TasksResponse, (), (tasks, failures))

struct StopTaskRequest {
  OptionalText cluster;
  OptionalText task;
  OptionalText reason;
};
BOOST_DESCRIBE_STRUCT(StopTaskRequest, (), (cluster, task, reason))

struct StopTaskResponse {
  Task task;
};
BOOST_DESCRIBE_STRUCT(StopTaskResponse, (), (task))

struct DescribeTasksRequest {
  OptionalText cluster;
  Texts tasks;
  std::optional<Texts> include;
};
BOOST_DESCRIBE_STRUCT(DescribeTasksRequest, (), (cluster, tasks, include))

struct ListTasksRequest {
  OptionalText cluster;
  OptionalText container_instance;
  OptionalText family;
  OptionalText next_token;
  OptionalInt max_results;
  OptionalText started_by;
  OptionalText service_name;
  OptionalText desired_status;
  OptionalText launch_type;
};
BOOST_DESCRIBE_STRUCT(ListTasksRequest, (),
                      (cluster, container_instance, family, next_token, max_results, started_by, service_name,
                       desired_status, launch_type))

struct ListTasksResponse {
  Texts task_arns;
  OptionalText next_token;
};
BOOST_DESCRIBE_STRUCT(ListTasksResponse, (), (task_arns, next_token))

// ---- Container instances -------------------------------------------------------------------------------------------

struct ListContainerInstancesRequest {
  OptionalText cluster;
  Refused filter;
  OptionalText next_token;
  OptionalInt max_results;
  OptionalText status;
};
BOOST_DESCRIBE_STRUCT(ListContainerInstancesRequest, (), (cluster, filter, next_token, max_results, status))

struct ListContainerInstancesResponse {
  Texts container_instance_arns;
  OptionalText next_token;
};
BOOST_DESCRIBE_STRUCT(ListContainerInstancesResponse, (), (container_instance_arns, next_token))

struct DescribeContainerInstancesRequest {
  OptionalText cluster;
  Texts container_instances;
  std::optional<Texts> include;
};
BOOST_DESCRIBE_STRUCT(DescribeContainerInstancesRequest, (), (cluster, container_instances, include))

struct ContainerInstancesResponse {
  std::vector<ContainerInstance> container_instances;
  std::vector<Failure> failures;
};
BOOST_DESCRIBE_STRUCT(ContainerInstancesResponse, (), (container_instances, failures))

struct PlatformDevice {
  OptionalText id;
  OptionalText type;
};
BOOST_DESCRIBE_STRUCT(PlatformDevice, (), (id, type))

struct RegisterContainerInstanceRequest {
  OptionalText cluster;
  OptionalText instance_identity_document;
  OptionalText instance_identity_document_signature;
  std::vector<Resource> total_resources;
  VersionInfo version_info;
  OptionalText container_instance_arn;
  std::vector<Attribute> attributes;
  std::vector<PlatformDevice> platform_devices;
  std::vector<Tag> tags;
  OptionalText client_token;
};
BOOST_DESCRIBE_STRUCT(RegisterContainerInstanceRequest, (),
                      (cluster, instance_identity_document, instance_identity_document_signature, total_resources,
                       version_info, container_instance_arn, attributes, platform_devices, tags, client_token))

struct RegisterContainerInstanceResponse {
  ContainerInstance container_instance;
};
BOOST_DESCRIBE_STRUCT(RegisterContainerInstanceResponse, (), (container_instance))

struct UpdateContainerInstancesStateRequest {
  OptionalText cluster;
  Texts container_instances;
  OptionalText status;
};
BOOST_DESCRIBE_STRUCT(UpdateContainerInstancesStateRequest, (), (cluster, container_instances, status))

// ---- The agent's own -----------------------------------------------------------------------------------------------

struct DiscoverPollEndpointRequest {
  OptionalText container_instance;
  OptionalText cluster;
  OptionalText zone_id;
};
BOOST_DESCRIBE_STRUCT(DiscoverPollEndpointRequest, (), (container_instance, cluster, zone_id))

struct DiscoverPollEndpointResponse {
  std::string endpoint;
  std::string telemetry_endpoint;
};
BOOST_DESCRIBE_STRUCT(DiscoverPollEndpointResponse, (), (endpoint, telemetry_endpoint))

struct ContainerStateChange {
  OptionalText container_name;
  OptionalText image_digest;
  OptionalText runtime_id;
  OptionalInt exit_code;
  std::optional<std::vector<NetworkBinding>> network_bindings;
  OptionalText reason;
  OptionalText status;
};
BOOST_DESCRIBE_STRUCT(ContainerStateChange, (),
                      (container_name, image_digest, runtime_id, exit_code, network_bindings, reason, status))

struct AttachmentStateChange {
  OptionalText attachment_arn;
  OptionalText status;
};
BOOST_DESCRIBE_STRUCT(AttachmentStateChange, (), (attachment_arn, status))

struct ManagedAgentStateChange {
  OptionalText container_name;
  OptionalText managed_agent_name;
  OptionalText status;
  OptionalText reason;
};
BOOST_DESCRIBE_STRUCT(ManagedAgentStateChange, (), (container_name, managed_agent_name, status, reason))

struct SubmitTaskStateChangeRequest {
  OptionalText cluster;
  OptionalText task;
  OptionalText status;
  OptionalText reason;
  std::vector<ContainerStateChange> containers;
  std::vector<AttachmentStateChange> attachments;
  std::vector<ManagedAgentStateChange> managed_agents;
  OptionalTime pull_started_at;
  OptionalTime pull_stopped_at;
  OptionalTime execution_stopped_at;
};
BOOST_DESCRIBE_STRUCT(SubmitTaskStateChangeRequest, (),
                      (cluster, task, status, reason, containers, attachments, managed_agents, pull_started_at,
                       pull_stopped_at, execution_stopped_at))

struct SubmitContainerStateChangeRequest {
  OptionalText cluster;
  OptionalText task;
  OptionalText container_name;
  OptionalText runtime_id;
  OptionalText status;
  OptionalInt exit_code;
  OptionalText reason;
  std::vector<NetworkBinding> network_bindings;
};
BOOST_DESCRIBE_STRUCT(SubmitContainerStateChangeRequest, (),
                      (cluster, task, container_name, runtime_id, status, exit_code, reason, network_bindings))

struct SubmitAttachmentStateChangesRequest {
  OptionalText cluster;
  std::vector<AttachmentStateChange> attachments;
};
BOOST_DESCRIBE_STRUCT(SubmitAttachmentStateChangesRequest, (), (cluster, attachments))

struct SubmitResponse {
  std::string acknowledgment;
};
BOOST_DESCRIBE_STRUCT(SubmitResponse, (), (acknowledgment))

}  // namespace ecs::local
