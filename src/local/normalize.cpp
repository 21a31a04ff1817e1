#include "local/payload.hpp"
#include "local/required_attributes.hpp"

namespace ecs::local {
namespace {

// The values that ECS documents for members that are left out.
constexpr std::int32_t kHealthInterval = 30;
constexpr std::int32_t kHealthTimeout = 5;
constexpr std::int32_t kHealthRetries = 3;
constexpr std::int32_t kRestartPeriod = 300;

void drop_refused(ContainerDefinition& container) {
  // validate() let only empty ones pass.
  container.repository_credentials.reset();
  container.environment_files.reset();
  container.secrets.reset();
  container.firelens_configuration.reset();
  container.credential_specs.reset();
  if (container.log_configuration) container.log_configuration->secret_options.reset();
}

void fill_defaults(ContainerDefinition& container, const std::string& network_mode) {
  for (auto& port : container.port_mappings) {
    if (!port.protocol) port.protocol = "tcp";
    if (port.container_port && port.host_port.value_or(0) == 0) {
      port.host_port = network_mode == "host" ? *port.container_port : 0;
    }
  }
  if (container.restart_policy && !container.restart_policy->restart_attempt_period) {
    container.restart_policy->restart_attempt_period = kRestartPeriod;
  }
  if (container.health_check) {
    HealthCheck& check = *container.health_check;
    if (!check.interval) check.interval = kHealthInterval;
    if (!check.timeout) check.timeout = kHealthTimeout;
    if (!check.retries) check.retries = kHealthRetries;
  }
}

void fill_defaults(Volume& volume) {
  volume.efs_volume_configuration.reset();
  volume.fsx_windows_file_server_volume_configuration.reset();
  if (volume.docker_volume_configuration) {
    if (!volume.docker_volume_configuration->scope) volume.docker_volume_configuration->scope = "task";
  } else if (!volume.host) {
    volume.host.emplace();
  }
}

}  // namespace

TaskDefinition normalize(RegisterTaskDefinitionRequest request) {
  const std::string network_mode = request.network_mode.value_or("bridge");
  TaskDefinition definition;
  definition.requires_attributes = required_attributes(request);
  for (auto& container : request.container_definitions) {
    drop_refused(container);
    fill_defaults(container, network_mode);
  }
  for (auto& volume : request.volumes) fill_defaults(volume);
  definition.container_definitions = std::move(request.container_definitions);
  definition.family = std::move(request.family);
  definition.network_mode = std::move(request.network_mode);
  definition.volumes = std::move(request.volumes);
  definition.status = "ACTIVE";
  definition.compatibilities = {"EXTERNAL", "EC2"};
  definition.runtime_platform = std::move(request.runtime_platform);
  definition.requires_compatibilities = std::move(request.requires_compatibilities);
  definition.cpu = std::move(request.cpu);
  definition.memory = std::move(request.memory);
  definition.pid_mode = std::move(request.pid_mode);
  definition.ipc_mode = std::move(request.ipc_mode);
  return definition;
}

}  // namespace ecs::local
