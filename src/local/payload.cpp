#include "local/payload.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "json/value.hpp"

namespace ecs::local {
namespace {

constexpr double kUnitsPerCpu = 1024;

/// The definition of the container that runs: environment and sizes as overridden, the command still the definition's.
ContainerDefinition merge(ContainerDefinition container, const ContainerOverride& override_) {
  for (const auto& variable : override_.environment.value_or(std::vector<KeyValue>())) {
    container.environment.push_back(variable);
  }
  if (override_.cpu) container.cpu = *override_.cpu;
  if (override_.memory) container.memory = override_.memory;
  if (override_.memory_reservation) container.memory_reservation = override_.memory_reservation;
  return container;
}

std::string overrides_text(const ContainerOverride* override_) {
  boost::json::object out;
  if (override_ != nullptr && override_->command) {
    boost::json::array& command = (out["command"] = boost::json::array()).get_array();
    for (const auto& word : *override_->command) command.emplace_back(word);
  }
  return json::write(out);
}

template <class Out, class In, class Map>
void map_all(std::vector<Out>& out, const std::vector<In>& all, Map map) {
  for (const auto& one : all) out.push_back(map(one));
}

acs::PortMapping port_mapping(const PortMapping& in) {
  acs::PortMapping out;
  if (in.container_port) out.container_port = *in.container_port;
  if (in.host_port) out.host_port = *in.host_port;
  out.container_port_range = in.container_port_range;
  out.protocol = in.protocol.value_or("tcp");
  return out;
}

acs::RestartPolicy restart_policy(const RestartPolicy& in) {
  acs::RestartPolicy out;
  out.enabled = in.enabled;
  for (const auto code : in.ignored_exit_codes.value_or(std::vector<std::int32_t>())) {
    out.ignored_exit_codes.push_back(code);
  }
  if (in.restart_attempt_period) out.restart_attempt_period = *in.restart_attempt_period;
  return out;
}

void copy_lists(acs::Container& out, const ContainerDefinition& in) {
  for (const auto& variable : in.environment) out.environment[*variable.name] = variable.value.value_or("");
  out.command = in.command.value_or(Texts());
  out.entry_point = in.entry_point;
  out.links = in.links.value_or(Texts());
  map_all(out.port_mappings, in.port_mappings, port_mapping);
  map_all(out.mount_points, in.mount_points, [](const MountPoint& mount) {
    return acs::MountPoint{mount.source_volume, mount.container_path, mount.read_only.value_or(false)};
  });
  map_all(out.volumes_from, in.volumes_from, [](const VolumeFrom& from) {
    return acs::VolumeFrom{from.source_container, from.read_only.value_or(false)};
  });
  map_all(out.depends_on, in.depends_on.value_or(std::vector<ContainerDependency>()),
          [](const ContainerDependency& on) { return acs::ContainerDependency{on.container_name, on.condition}; });
}

acs::Container container_payload(const ContainerDefinition& in, const std::string& network_mode) {
  acs::Container out;
  out.name = in.name;
  out.image = in.image;
  copy_lists(out, in);
  out.cpu = in.cpu;
  out.memory = in.memory.value_or(0);
  out.essential = in.essential;
  if (in.start_timeout) out.start_timeout = *in.start_timeout;
  if (in.stop_timeout) out.stop_timeout = *in.stop_timeout;
  if (in.health_check && in.health_check->command.front() != "NONE") out.health_check_type = "docker";
  if (in.restart_policy) out.restart_policy = restart_policy(*in.restart_policy);
  out.docker_config = docker_config(in, network_mode);
  return out;
}

acs::Volume volume_payload(const Volume& in) {
  acs::Volume out;
  out.name = in.name;
  if (!in.docker_volume_configuration) {
    out.type = "host";
    out.host = acs::HostVolume{in.host.value_or(HostVolume()).source_path};
    return out;
  }
  const DockerVolume& docker = *in.docker_volume_configuration;
  out.type = "docker";
  out.docker_volume_configuration.emplace();
  out.docker_volume_configuration->scope = docker.scope;
  out.docker_volume_configuration->autoprovision = docker.autoprovision.value_or(false);
  out.docker_volume_configuration->driver = docker.driver.value_or("local");
  out.docker_volume_configuration->driver_opts = docker.driver_opts.value_or(TextMap());
  out.docker_volume_configuration->labels = docker.labels.value_or(TextMap());
  return out;
}

const ContainerOverride* find_override(const TaskOverride& overrides, const std::string& name) {
  const auto found = std::ranges::find(overrides.container_overrides, name, &ContainerOverride::name);
  return found == overrides.container_overrides.end() ? nullptr : &*found;
}

}  // namespace

acs::Task to_payload(const TaskDefinition& definition, const TaskOverride& overrides, const TaskIdentity& identity) {
  const std::string network_mode = definition.network_mode.value_or("bridge");
  acs::Task task;
  task.arn = identity.task_arn;
  task.task_cluster_arn = identity.cluster_arn;
  task.desired_status = "RUNNING";
  task.family = definition.family;
  task.version = fmt::to_string(definition.revision);
  task.overrides = "{}";
  task.network_mode = network_mode;
  task.pid_mode = definition.pid_mode;
  task.ipc_mode = definition.ipc_mode;
  task.launch_type = "EC2";
  task.group = identity.group;
  const auto& cpu = overrides.cpu ? overrides.cpu : definition.cpu;
  const auto& memory = overrides.memory ? overrides.memory : definition.memory;
  if (cpu) task.cpu = parse_cpu(*cpu, "cpu") / kUnitsPerCpu;
  if (memory) task.memory = parse_memory(*memory, "memory");
  map_all(task.volumes, definition.volumes, volume_payload);
  for (std::size_t i = 0; i < definition.container_definitions.size(); ++i) {
    const ContainerDefinition& container = definition.container_definitions[i];
    const ContainerOverride* override_ = find_override(overrides, container.name);
    const auto merged = override_ == nullptr ? container : merge(container, *override_);
    auto& out = task.containers.emplace_back(container_payload(merged, network_mode));
    out.overrides = overrides_text(override_);
    if (i < identity.container_arns.size()) out.container_arn = identity.container_arns[i];
    for (const auto& gpu : i < identity.gpu_ids.size() ? identity.gpu_ids[i] : Texts()) {
      task.associations.push_back(
          {.name = gpu, .type = "gpu", .content = acs::EncodedString{"", ""}, .containers = {container.name}});
    }
  }
  return task;
}

}  // namespace ecs::local
