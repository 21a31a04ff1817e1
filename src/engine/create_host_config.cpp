#include "engine/create_host_config.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/text.hpp"
#include "engine/create_log_config.hpp"
#include "engine/docker_errors.hpp"
#include "engine/raw_docker.hpp"
#include "json/value.hpp"
#include "log/log.hpp"

namespace ecs::engine {

namespace {

namespace bj = boost::json;

constexpr std::int64_t kMiB = 1024 * 1024;
constexpr std::int64_t kMinimumMemory = 4 * kMiB;
constexpr std::int64_t kMinimumShares = 2;
constexpr std::int64_t kMaximumShares = 262144;
constexpr docker::ApiVersion kAutoRemoveSince{1, 25};
constexpr docker::ApiVersion kKernelMemorySince{1, 40};
constexpr docker::ApiVersion kKernelMemoryUntil{1, 42};

const task::Container& container_of(const CreateInput& input) { return input.task.containers.at(input.container); }

bj::object port_bindings(const std::vector<PublishedPort>& ports) {
  bj::object bindings;
  for (const PublishedPort& port : ports) {
    bj::value& place = bindings[port.key()];
    if (!place.is_array()) place.emplace_array();
    place.get_array().push_back(bj::object{{"HostIp", ""}, {"HostPort", std::to_string(port.host_port)}});
  }
  return bindings;
}

bj::array links(const CreateInput& input) {
  bj::array all;
  for (const std::string& link : container_of(input).links) {
    const auto parts = base::split(link, ':');
    if (parts.size() > 2) throw StepError("HostConfigError", "Invalid link format");
    const auto target = input.task.find(parts.front());
    if (!target) throw StepError("HostConfigError", "Link target not available: " + parts.front());
    all.emplace_back(input.task.containers[*target].docker_name + ":" + parts.back());
  }
  return all;
}

bj::array binds(const CreateInput& input) {
  bj::array all;
  for (const task::MountPoint& mount : container_of(input).mount_points) {
    const auto& volumes = input.task.volumes;
    const auto volume = std::ranges::find(volumes, mount.source_volume, &task::Volume::name);
    if (volume == volumes.end()) {
      throw StepError("HostConfigError", "Invalid volume referenced: " + mount.source_volume);
    }
    all.emplace_back(volume->source + ":" + mount.container_path + (mount.read_only ? ":ro" : ""));
  }
  return all;
}

/// The task's cgroup as the parent of the container's, when the task has one.
void set_cgroup_parent(const task::Task& task, bj::object& host) {
  for (const task::Resource& resource : task.resources) {
    if (resource.cgroup) host["CgroupParent"] = resource.cgroup->root;
  }
}

bj::array volumes_from(const CreateInput& input) {
  bj::array all;
  for (const task::VolumeFrom& volume : container_of(input).volumes_from) {
    const auto source = input.task.find(volume.source_container);
    if (!source) throw StepError("HostConfigError", "Volume target not available: " + volume.source_container);
    all.emplace_back(input.task.containers[*source].docker_name + (volume.read_only ? ":ro" : ""));
  }
  return all;
}

std::int64_t memory_bytes(const CreateInput& input) {
  const task::Container& c = container_of(input);
  // In a cgroup namespace of its own a process sees no limit but the container's.
  const bool inherits = c.memory == 0 && input.settings.propagate_task_memory;
  const std::int64_t bytes = (inherits ? input.task.memory : c.memory) * kMiB;
  if (bytes == 0 || bytes >= kMinimumMemory) return bytes;
  log::warn("The memory limit is too low; it is raised to the least that there is",
            {{"container", c.name}, {"bytes", kMinimumMemory}});
  return kMinimumMemory;
}

void add_devices(const CreateInput& input, bj::object& host) {
  const task::Container& c = container_of(input);
  const Settings& settings = input.settings;
  const bool gpu_task = std::ranges::any_of(input.task.containers, [](const auto& one) { return !one.gpus.empty(); });
  if (gpu_task && !settings.external && c.environment.contains("NVIDIA_VISIBLE_DEVICES")) {
    if (settings.nvidia_runtime.empty()) throw StepError("HostConfigError", "Runtime is not set for GPU containers");
    host["Runtime"] = settings.nvidia_runtime;
  }
  if (settings.external && !c.gpus.empty()) {
    bj::array capabilities;
    capabilities.push_back(bj::array{"gpu"});
    host["DeviceRequests"] = bj::array{bj::object{{"Driver", ""},
                                                  {"Count", 0},
                                                  {"DeviceIDs", bj::array(c.gpus.begin(), c.gpus.end())},
                                                  {"Capabilities", std::move(capabilities)},
                                                  {"Options", nullptr}}};
  }
  if (settings.neuron_support && c.environment.contains("AWS_NEURON_VISIBLE_DEVICES")) host["Runtime"] = "neuron";
}

/// Of the container whose namespaces the others share.
std::string namespaces_of_pause(const task::Task& task) {
  const auto pause = std::ranges::find(task.containers, task::ContainerType::kNamespacePause, &task::Container::type);
  if (pause == task.containers.end() || pause->docker_id.empty()) {
    throw StepError("HostConfigError", "the container whose namespaces are to be shared is not there");
  }
  return "container:" + pause->docker_id;
}

void set_modes(const CreateInput& input, bj::object& host) {
  const task::Task& task = input.task;
  if (container_of(input).internal()) {
    host["NetworkMode"] = "none";
    if (task.ipc_mode == "task") host["IpcMode"] = "shareable";
    return;
  }
  if (task.pid_mode == "host") host["PidMode"] = "host";
  if (task.pid_mode == "task") host["PidMode"] = namespaces_of_pause(task);
  if (task.ipc_mode == "host" || task.ipc_mode == "none") host["IpcMode"] = task.ipc_mode;
  if (task.ipc_mode == "task") host["IpcMode"] = namespaces_of_pause(task);
}

/// As Docker's own client does before it sends.
void fit_to_version(docker::ApiVersion version, bj::object& host) {
  if (version < kAutoRemoveSince) host["AutoRemove"] = false;
  if (version < kKernelMemorySince || version >= kKernelMemoryUntil) host.erase("KernelMemory");
}

}  // namespace

bj::object host_config_of(const CreateInput& input) {
  const task::Container& c = container_of(input);
  bj::object host = zero_host_config();
  host["Links"] = links(input);
  host["Binds"] = binds(input);
  host["PortBindings"] = port_bindings(input.ports);
  host["VolumesFrom"] = volumes_from(input);
  host["Memory"] = memory_bytes(input);
  host["CpuShares"] = std::clamp(c.cpu, kMinimumShares, kMaximumShares);
  add_devices(input, host);
  if (!c.docker_config.host_config.empty()) {
    try {
      overlay_host_config(host, c.docker_config.host_config);
    } catch (const json::Error& e) {
      throw StepError("HostConfigError", std::string("Unable to decode given host config: ") + e.what());
    }
  }
  set_cgroup_parent(input.task, host);
  set_modes(input, host);
  complete_log_config(input, host);
  fit_to_version(input.api_version, host);
  return host;
}

}  // namespace ecs::engine
