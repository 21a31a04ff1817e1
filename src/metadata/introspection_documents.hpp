// The JSON documents of the introspection endpoint. Order of members is that of the wire.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "engine/engine.hpp"
#include "json/mapping.hpp"

namespace ecs::metadata::v1 {

struct Agent {
  std::string cluster;
  std::string container_instance_arn;
  std::string version;
};
BOOST_DESCRIBE_STRUCT(Agent, (), (cluster, container_instance_arn, version))

struct Port {
  std::optional<std::uint16_t> container_port;
  std::optional<std::string> protocol;
  std::optional<std::uint16_t> host_port;
};
BOOST_DESCRIBE_STRUCT(Port, (), (container_port, protocol, host_port))

struct Volume {
  std::optional<std::string> docker_name;
  std::optional<std::string> source;
  std::optional<std::string> destination;
};
BOOST_DESCRIBE_STRUCT(Volume, (), (docker_name, source, destination))

struct Container {
  std::string docker_id;
  std::string docker_name;
  std::string name;
  std::string image;
  std::string image_id;
  std::optional<std::string> created_at;
  std::optional<std::string> started_at;
  std::optional<std::vector<Port>> ports;
  std::optional<std::vector<Volume>> volumes;
  std::optional<std::int64_t> restart_count;  ///< Of containers with a restart policy, also 0.
  static constexpr json::Rename kJsonNames[] = {{"image_id", "ImageID"}};
};
BOOST_DESCRIBE_STRUCT(Container, (),
                      (docker_id, docker_name, name, image, image_id, created_at, started_at, ports, volumes,
                       restart_count))

struct Task {
  std::string arn;
  std::optional<std::string> desired_status;
  std::string known_status;
  std::string family;
  std::string version;
  std::vector<Container> containers;
};
BOOST_DESCRIBE_STRUCT(Task, (), (arn, desired_status, known_status, family, version, containers))

struct Tasks {
  std::vector<Task> tasks;
};
BOOST_DESCRIBE_STRUCT(Tasks, (), (tasks))

/// One cause for which a task is not where it should be. Ours; the original has no such document.
struct Wait {
  std::optional<std::string> container;  ///< Absent: the task as a whole.
  std::string why;
  std::string since;
};
BOOST_DESCRIBE_STRUCT(Wait, (), (container, why, since))

struct WaitingTask {
  std::string arn;
  std::string family;
  std::string version;
  std::string desired_status;  ///< The agent's own words here and below: CREATED is not PENDING.
  std::string known_status;
  std::vector<Wait> waiting;
};
BOOST_DESCRIBE_STRUCT(WaitingTask, (), (arn, family, version, desired_status, known_status, waiting))

struct WaitingTasks {
  std::vector<WaitingTask> tasks;
};
BOOST_DESCRIBE_STRUCT(WaitingTasks, (), (tasks))

[[nodiscard]] Task describe(const task::Task& task);

/// Those that wait for something, in the order in which they came.
[[nodiscard]] WaitingTasks describe_waiting(const std::vector<engine::TaskView>& tasks);

/// The body of every answer that should have been one task and is none.
inline constexpr const char* kNoTask = R"({"Arn":"","KnownStatus":"","Family":"","Version":"","Containers":null})";

}  // namespace ecs::metadata::v1

namespace ecs::json {
template <>
inline constexpr Case kCase<metadata::v1::Agent> = Case::kPascal;
template <>
inline constexpr Case kCase<metadata::v1::Port> = Case::kPascal;
template <>
inline constexpr Case kCase<metadata::v1::Volume> = Case::kPascal;
template <>
inline constexpr Case kCase<metadata::v1::Container> = Case::kPascal;
template <>
inline constexpr Case kCase<metadata::v1::Task> = Case::kPascal;
template <>
inline constexpr Case kCase<metadata::v1::Tasks> = Case::kPascal;
template <>
inline constexpr Case kCase<metadata::v1::Wait> = Case::kPascal;
template <>
inline constexpr Case kCase<metadata::v1::WaitingTask> = Case::kPascal;
template <>
inline constexpr Case kCase<metadata::v1::WaitingTasks> = Case::kPascal;
}  // namespace ecs::json
