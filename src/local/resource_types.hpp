// Clusters, container instances and tasks as the ECS API answers them; the state database holds the same shapes.
// Timestamps are seconds since 1970.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>
#include <boost/json/value.hpp>

#include "local/definition_types.hpp"

namespace ecs::local {

using OptionalTime = std::optional<double>;
using Nothing = std::vector<boost::json::value>;  ///< A list that is always empty here, but part of the answer.

struct Failure {
  std::string arn;
  std::string reason;
  OptionalText detail;
};
BOOST_DESCRIBE_STRUCT(Failure, (), (arn, reason, detail))

struct Cluster {
  std::string cluster_arn;
  std::string cluster_name;
  std::string status;
  std::int32_t registered_container_instances_count = 0;
  std::int32_t running_tasks_count = 0;
  std::int32_t pending_tasks_count = 0;
  std::int32_t active_services_count = 0;
  std::vector<KeyValue> statistics;
  std::vector<Tag> tags;
  Nothing settings;
  Texts capacity_providers;
  Nothing default_capacity_provider_strategy;
};
BOOST_DESCRIBE_STRUCT(Cluster, (),
                      (cluster_arn, cluster_name, status, registered_container_instances_count, running_tasks_count,
                       pending_tasks_count, active_services_count, statistics, tags, settings, capacity_providers,
                       default_capacity_provider_strategy))

struct VersionInfo {
  OptionalText agent_version;
  OptionalText agent_hash;
  OptionalText docker_version;
};
BOOST_DESCRIBE_STRUCT(VersionInfo, (), (agent_version, agent_hash, docker_version))

struct Resource {
  OptionalText name;
  OptionalText type;
  std::optional<double> double_value;
  std::optional<std::int64_t> long_value;
  OptionalInt integer_value;
  std::optional<Texts> string_set_value;
};
BOOST_DESCRIBE_STRUCT(Resource, (), (name, type, double_value, long_value, integer_value, string_set_value))

struct ContainerInstance {
  std::string container_instance_arn;
  OptionalText ec2_instance_id;
  std::int64_t version = 1;
  VersionInfo version_info;
  std::vector<Resource> remaining_resources;
  std::vector<Resource> registered_resources;
  std::string status;
  bool agent_connected = false;
  std::int32_t running_tasks_count = 0;
  std::int32_t pending_tasks_count = 0;
  std::vector<Attribute> attributes;
  double registered_at = 0;
  Nothing attachments;
  std::vector<Tag> tags;
};
BOOST_DESCRIBE_STRUCT(ContainerInstance, (),
                      (container_instance_arn, ec2_instance_id, version, version_info, remaining_resources,
                       registered_resources, status, agent_connected, running_tasks_count, pending_tasks_count,
                       attributes, registered_at, attachments, tags))

struct NetworkBinding {
  static constexpr json::Rename kJsonNames[] = {{"bind_ip", "bindIP"}};
  OptionalText bind_ip;
  OptionalInt container_port;
  OptionalInt host_port;
  OptionalText protocol;
  OptionalText container_port_range;
  OptionalText host_port_range;
};
BOOST_DESCRIBE_STRUCT(NetworkBinding, (),
                      (bind_ip, container_port, host_port, protocol, container_port_range, host_port_range))

struct Container {
  std::string container_arn;
  std::string task_arn;
  std::string name;
  std::string image;
  OptionalText image_digest;
  OptionalText runtime_id;
  std::string last_status;
  OptionalInt exit_code;
  OptionalText reason;
  std::vector<NetworkBinding> network_bindings;
  Nothing network_interfaces;
  std::string health_status;
  std::string cpu;
  OptionalText memory;
  OptionalText memory_reservation;
  std::optional<Texts> gpu_ids;
};
BOOST_DESCRIBE_STRUCT(Container, (),
                      (container_arn, task_arn, name, image, image_digest, runtime_id, last_status, exit_code, reason,
                       network_bindings, network_interfaces, health_status, cpu, memory, memory_reservation, gpu_ids))

struct Task {
  Nothing attachments;
  std::vector<Attribute> attributes;
  std::string availability_zone;
  std::string cluster_arn;
  OptionalText connectivity;
  OptionalTime connectivity_at;
  std::string container_instance_arn;
  std::vector<Container> containers;
  std::string cpu;
  double created_at = 0;
  std::string desired_status;
  bool enable_execute_command = false;
  OptionalTime execution_stopped_at;
  std::string group;
  std::string health_status;
  std::string last_status;
  std::string launch_type;
  std::string memory;
  TaskOverride overrides;
  OptionalTime pull_started_at;
  OptionalTime pull_stopped_at;
  OptionalTime started_at;
  OptionalText started_by;
  OptionalText stop_code;
  OptionalTime stopped_at;
  OptionalText stopped_reason;
  OptionalTime stopping_at;
  std::vector<Tag> tags;
  std::string task_arn;
  std::string task_definition_arn;
  std::int64_t version = 1;
};
BOOST_DESCRIBE_STRUCT(Task, (),
                      (attachments, attributes, availability_zone, cluster_arn, connectivity, connectivity_at,
                       container_instance_arn, containers, cpu, created_at, desired_status, enable_execute_command,
                       execution_stopped_at, group, health_status, last_status, launch_type, memory, overrides,
                       pull_started_at, pull_stopped_at, started_at, started_by, stop_code, stopped_at, stopped_reason,
                       stopping_at, tags, task_arn, task_definition_arn, version))

}  // namespace ecs::local
