#include "local/required_attributes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace ecs::local {
namespace {

constexpr int kLowestMinor = 17;

int logging_minor(const std::string& driver) {
  if (driver == "journald") return 19;
  if (driver == "gelf" || driver == "fluentd") return 20;
  if (driver == "awslogs") return 21;
  if (driver == "splunk") return 22;
  return 18;
}

int linux_minor(const LinuxParameters& parameters) {
  int minor = kLowestMinor;
  if (parameters.shared_memory_size || parameters.tmpfs) minor = 22;
  if (parameters.init_process_enabled.value_or(false)) minor = 25;
  return minor;
}

void add_container(const ContainerDefinition& container, std::set<std::string>& names) {
  const std::string one = "com.amazonaws.ecs.capability.";
  const std::string two = "ecs.capability.";
  if (container.privileged.value_or(false)) names.insert(one + "privileged-container");
  if (container.log_configuration) names.insert(one + "logging-driver." + *container.log_configuration->log_driver);
  for (const auto& option : container.docker_security_options.value_or(Texts())) {
    if (option.starts_with("label:")) names.insert(one + "selinux");
    if (option.starts_with("apparmor:")) names.insert(one + "apparmor");
  }
  if (container.health_check) names.insert(two + "container-health-check");
  if (container.depends_on && !container.depends_on->empty()) names.insert(two + "container-ordering");
  if (container.restart_policy) names.insert(two + "container-restart-policy");
  const auto is_range = [](const PortMapping& port) { return port.container_port_range.has_value(); };
  if (std::ranges::any_of(container.port_mappings, is_range)) names.insert(two + "network.container-port-range");
  const int minor = docker_api_minor(container);
  if (minor > kLowestMinor) names.insert(fmt::format("{}docker-remote-api.1.{}", one, minor));
}

}  // namespace

int docker_api_minor(const ContainerDefinition& container) {
  int minor = kLowestMinor;
  const auto at_least = [&minor](int other) { minor = std::max(minor, other); };
  if (container.log_configuration) at_least(logging_minor(container.log_configuration->log_driver.value_or("")));
  if (container.ulimits && !container.ulimits->empty()) at_least(18);
  if (container.linux_parameters) at_least(linux_minor(*container.linux_parameters));
  if (!container.system_controls.empty()) at_least(24);
  if (container.health_check) at_least(container.health_check->start_period ? 29 : 24);
  if (container.memory_reservation) at_least(21);
  return minor;
}

std::vector<Attribute> required_attributes(const RegisterTaskDefinitionRequest& request) {
  std::set<std::string> names;
  for (const auto& container : request.container_definitions) add_container(container, names);
  if (request.cpu || request.memory) names.insert("ecs.capability.task-cpu-mem-limit");
  if (request.pid_mode == "task" || request.ipc_mode == "task") {
    names.insert("ecs.capability.pid-ipc-namespace-sharing");
  }
  for (const auto& volume : request.volumes) {
    if (!volume.docker_volume_configuration) continue;
    std::string driver = volume.docker_volume_configuration->driver.value_or("local");
    std::ranges::replace(driver, ':', '.');
    names.insert("ecs.capability.docker-plugin." + driver);
  }
  std::vector<Attribute> attributes;
  for (const auto& name : names) attributes.push_back({.name = name, .value = {}, .target_type = {}, .target_id = {}});
  return attributes;
}

}  // namespace ecs::local
