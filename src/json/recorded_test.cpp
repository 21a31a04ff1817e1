// Bodies recorded from a running agent come back unchanged, both as raw documents and through mapped structs.
#include <gtest/gtest.h>

#include "base/file.hpp"
#include "json/json.hpp"

namespace ecs::json::recorded {

struct Limits {
  double cpu = 0;
  std::optional<std::int64_t> memory;
  static constexpr Rename kJsonNames[] = {{"cpu", "CPU"}};
};
BOOST_DESCRIBE_STRUCT(Limits, (), (cpu, memory))

struct Network {
  std::vector<std::string> addresses;
  std::string network_mode;
  static constexpr Rename kJsonNames[] = {{"addresses", "IPv4Addresses"}};
};
BOOST_DESCRIBE_STRUCT(Network, (), (addresses, network_mode))

struct Port {
  std::uint16_t container_port = 0;
  std::optional<std::string> host_ip;
  std::string host_port;
  std::string protocol;
};
BOOST_DESCRIBE_STRUCT(Port, (), (container_port, host_ip, host_port, protocol))

struct Container {
  std::optional<std::string> container_arn;
  std::string docker_id;
  std::string docker_name;
  std::string name;
  std::string image;
  std::string image_id;
  std::vector<Port> ports;
  std::map<std::string, std::string> labels;
  std::string desired_status;
  std::string known_status;
  Limits limits;
  std::string created_at;
  std::string started_at;
  std::string type;
  std::vector<Network> networks;
  static constexpr Rename kJsonNames[] = {{"container_arn", "ContainerARN"}, {"image_id", "ImageID"}};
};
BOOST_DESCRIBE_STRUCT(Container, (),
                      (container_arn, docker_id, docker_name, name, image, image_id, ports, labels, desired_status,
                       known_status, limits, created_at, started_at, type, networks))

struct Task {
  std::string cluster;
  std::string task_arn;
  std::string family;
  std::string revision;
  std::string desired_status;
  std::string known_status;
  std::vector<Container> containers;
  std::optional<Limits> limits;
  std::string pull_started_at;
  std::string pull_stopped_at;
  std::string availability_zone_id;
  std::string vpc_id;
  std::string launch_type;
  bool fault_injection_enabled = true;
  static constexpr Rename kJsonNames[] = {
      {"task_arn", "TaskARN"}, {"availability_zone_id", "AvailabilityZoneID"}, {"vpc_id", "VPCID"}};
};
BOOST_DESCRIBE_STRUCT(Task, (),
                      (cluster, task_arn, family, revision, desired_status, known_status, containers, limits,
                       pull_started_at, pull_stopped_at, availability_zone_id, vpc_id, launch_type,
                       fault_injection_enabled))

struct StoppedContainer {
  std::string container_name;
  std::optional<int> exit_code;
  std::vector<boost::json::value> network_bindings;
  std::string runtime_id;
  std::string status;
};
BOOST_DESCRIBE_STRUCT(StoppedContainer, (), (container_name, exit_code, network_bindings, runtime_id, status))

struct Stopped {
  std::vector<StoppedContainer> containers;
  std::string reason;
  std::string status;
  std::string pull_started_at;
  std::string pull_stopped_at;
  std::string execution_stopped_at;
};
BOOST_DESCRIBE_STRUCT(Stopped, (), (containers, reason, status, pull_started_at, pull_stopped_at, execution_stopped_at))

}  // namespace ecs::json::recorded

namespace ecs::json {

template <>
inline constexpr Case kCase<recorded::Limits> = Case::kPascal;
template <>
inline constexpr Case kCase<recorded::Network> = Case::kPascal;
template <>
inline constexpr Case kCase<recorded::Port> = Case::kPascal;
template <>
inline constexpr Case kCase<recorded::Container> = Case::kPascal;
template <>
inline constexpr Case kCase<recorded::Task> = Case::kPascal;

namespace recorded {
namespace {

boost::json::value load() { return parse(base::read_file(ECS_SOURCE_DIR "/src/json/testdata/recorded.json").value()); }

TEST(Recorded, RawDocumentsComeBackEqual) {
  const boost::json::value all = load();
  EXPECT_EQ(parse(write(all)), all);
  EXPECT_EQ(parse(write(all, {.escape_html = true, .sort = false, .indent = 2})), all);
  EXPECT_EQ(write(parse(write(all))), write(all));
}

TEST(Recorded, MappedBodiesComeBackEqual) {
  const boost::json::value all = load();
  const Options strict{.fold_case = false, .reject_unknown = true};
  EXPECT_EQ(to_value(from_value<Task>(all.at("task"), strict)), all.at("task"));
  EXPECT_EQ(to_value(from_value<Container>(all.at("container"), strict)), all.at("container"));
  EXPECT_EQ(to_value(from_value<Stopped>(all.at("stopped"), strict)), all.at("stopped"));
}

}  // namespace
}  // namespace recorded
}  // namespace ecs::json
