#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "local/check.hpp"
#include "local/payload.hpp"
#include "local/validate.hpp"

namespace ecs::local {
namespace {

void refuse_unsupported(const RegisterTaskDefinitionRequest& request) {
  refuse(request.task_role_arn, "taskRoleArn", "it has no role credentials to give to a task");
  refuse(request.execution_role_arn, "executionRoleArn", "it has no role credentials to give to the agent");
  refuse(request.placement_constraints, "placementConstraints", "every task runs on the one instance of this machine");
  refuse(request.proxy_configuration, "proxyConfiguration", "it has no App Mesh");
  refuse(request.inference_accelerators, "inferenceAccelerators", "it has no Elastic Inference");
  refuse(request.ephemeral_storage, "ephemeralStorage", "it is for Fargate tasks");
  check_word(request.network_mode, {"bridge", "host", "awsvpc", "none"}, "networkMode");
  if (request.network_mode == "awsvpc") {
    throw client_error(
        "networkMode: not supported by this control plane: awsvpc needs elastic network interfaces; "
        "use bridge, host or none");
  }
}

void validate_compatibility(const RegisterTaskDefinitionRequest& request) {
  const auto list = request.requires_compatibilities.value_or(Texts());
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::string path = at("requiresCompatibilities", i);
    check_word(list[i], {"EC2", "FARGATE", "EXTERNAL"}, path);
    if (list[i] == "FARGATE") throw client_error(path + ": not supported by this control plane: it runs EC2 tasks");
  }
  if (!request.runtime_platform) return;
  const RuntimePlatform& platform = *request.runtime_platform;
  check_word(platform.operating_system_family, {"LINUX"}, "runtimePlatform.operatingSystemFamily");
  check_word(platform.cpu_architecture, {"X86_64", "ARM64"}, "runtimePlatform.cpuArchitecture");
}

void validate_size(const RegisterTaskDefinitionRequest& request) {
  std::int64_t cpu = 0;
  for (const auto& container : request.container_definitions) cpu += container.cpu;
  if (request.cpu && cpu > parse_cpu(*request.cpu, "cpu")) {
    throw client_error(
        fmt::format("cpu: the containers together ask for {} units, more than the task's {}", cpu, *request.cpu));
  }
  if (!request.memory) return;
  const auto limit = parse_memory(*request.memory, "memory");
  for (std::size_t i = 0; i < request.container_definitions.size(); ++i) {
    const auto& memory = request.container_definitions[i].memory;
    if (memory && *memory > limit) {
      throw client_error(
          fmt::format("containerDefinitions[{}].memory: {} MiB are more than the task's {} MiB", i, *memory, limit));
    }
  }
}

void validate_containers(const RegisterTaskDefinitionRequest& request, const DefinitionView& view) {
  const auto& containers = request.container_definitions;
  require(!containers.empty(), "containerDefinitions");
  std::set<std::string> names;
  for (std::size_t i = 0; i < containers.size(); ++i) {
    const std::string path = at("containerDefinitions", i);
    check_name(containers[i].name, path + ".name");
    if (!names.insert(containers[i].name).second) {
      throw client_error(
          fmt::format("{}.name: '{}' is the name of an earlier container too", path, containers[i].name));
    }
  }
  for (std::size_t i = 0; i < containers.size(); ++i) {
    validate_container(containers[i], view, at("containerDefinitions", i));
  }
  if (!std::ranges::any_of(containers, &ContainerDefinition::essential)) {
    throw client_error("containerDefinitions: at least one container must be essential");
  }
  validate_order(request);
}

void validate_host_ports(const RegisterTaskDefinitionRequest& request) {
  std::set<std::pair<std::string, std::int32_t>> taken;
  for (std::size_t i = 0; i < request.container_definitions.size(); ++i) {
    const auto& ports = request.container_definitions[i].port_mappings;
    for (std::size_t j = 0; j < ports.size(); ++j) {
      const std::int32_t port = ports[j].host_port.value_or(0);
      if (port != 0 && !taken.emplace(ports[j].protocol.value_or("tcp"), port).second) {
        throw client_error(fmt::format(
            "containerDefinitions[{}].portMappings[{}].hostPort: {} is mapped twice in this task", i, j, port));
      }
    }
  }
}

void validate_tags(const std::vector<Tag>& tags) {
  for (std::size_t i = 0; i < tags.size(); ++i) require(!tags[i].key.empty(), at("tags", i) + ".key");
}

}  // namespace

void validate_volume(const Volume& volume, const std::string& path) {
  check_name(volume.name, path + ".name");
  refuse(volume.efs_volume_configuration, path + ".efsVolumeConfiguration", "it has no EFS");
  refuse(volume.fsx_windows_file_server_volume_configuration, path + ".fsxWindowsFileServerVolumeConfiguration",
         "it has no FSx");
  if (volume.configured_at_launch.value_or(false)) {
    throw client_error(path + ".configuredAtLaunch: not supported by this control plane: it has no EBS");
  }
  if (volume.host && volume.docker_volume_configuration) {
    throw client_error(path + ".dockerVolumeConfiguration: a volume has either this or host, not both");
  }
  if (volume.docker_volume_configuration) {
    const DockerVolume& docker = *volume.docker_volume_configuration;
    check_word(docker.scope, {"task", "shared"}, path + ".dockerVolumeConfiguration.scope");
    if (docker.autoprovision.value_or(false) && docker.scope.value_or("task") == "task") {
      throw client_error(path + ".dockerVolumeConfiguration.autoprovision: only for scope shared");
    }
  }
}

void validate_order(const RegisterTaskDefinitionRequest& request) {
  std::map<std::string, std::set<std::string>> waits_for;
  for (const auto& container : request.container_definitions) {
    auto& targets = waits_for[container.name];
    for (const auto& dependency : container.depends_on.value_or(std::vector<ContainerDependency>())) {
      targets.insert(dependency.container_name.value_or(""));
    }
    for (const auto& link : container.links.value_or(Texts())) targets.insert(link.substr(0, link.find(':')));
    for (const auto& from : container.volumes_from) targets.insert(from.source_container.value_or(""));
  }
  while (!waits_for.empty()) {
    const auto free = std::ranges::find_if(waits_for, [](const auto& entry) { return entry.second.empty(); });
    if (free == waits_for.end()) {
      throw client_error(fmt::format("containerDefinitions: '{}' is in a cycle of dependsOn, links and volumesFrom",
                                     waits_for.begin()->first));
    }
    const std::string name = free->first;
    waits_for.erase(free);
    for (auto& [other, targets] : waits_for) targets.erase(name);
  }
}

void validate(const RegisterTaskDefinitionRequest& request) {
  check_name(request.family, "family");
  refuse_unsupported(request);
  check_word(request.pid_mode, {"host", "task"}, "pidMode");
  check_word(request.ipc_mode, {"host", "task", "none"}, "ipcMode");
  validate_compatibility(request);
  std::set<std::string> names;
  for (std::size_t i = 0; i < request.volumes.size(); ++i) {
    validate_volume(request.volumes[i], at("volumes", i));
    if (!names.insert(request.volumes[i].name).second) {
      throw client_error(
          fmt::format("volumes[{}].name: '{}' is the name of an earlier volume too", i, request.volumes[i].name));
    }
  }
  validate_containers(request, {.request = request, .network_mode = request.network_mode.value_or("bridge")});
  validate_host_ports(request);
  validate_size(request);
  if (request.tags) validate_tags(*request.tags);
}

}  // namespace ecs::local
