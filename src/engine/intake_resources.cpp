#include "engine/intake_resources.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace ecs::engine {

namespace {

constexpr std::int64_t kMiB = 1024 * 1024;
constexpr std::int64_t kMinimumShares = 2;
constexpr std::int64_t kMaximumShares = 262144;

std::int64_t shares_of(const task::Task& task) {
  std::int64_t sum = 0;
  for (const task::Container& c : task.containers) {
    sum = std::min(sum + std::clamp(c.cpu, kMinimumShares, kMaximumShares), kMaximumShares);
  }
  return sum;
}

std::string volume_docker_name(const task::Task& task, const std::string& volume, base::Random& random) {
  return "ecs-" + task.family + "-" + task.version + "-" + volume + "-" + random.hex(20);
}

bool is_mounted(const task::Task& task, const std::string& volume) {
  return std::ranges::any_of(task.containers, [&](const task::Container& c) {
    return std::ranges::find(c.mount_points, volume, &task::MountPoint::source_volume) != c.mount_points.end();
  });
}

task::Resource volume_resource(const std::string& name, task::VolumeSpec spec) {
  task::Resource resource;
  resource.kind = task::ResourceKind::kVolume;
  resource.name = name;
  resource.volume = std::move(spec);
  return resource;
}

/// Without a path it is a docker volume of this task, made only if a container mounts it.
void add_host_volume(const acs::Volume& volume, const std::string& name, task::Task& task, base::Random& random) {
  std::string path = volume.host ? volume.host->source_path.value_or("") : "";
  if (path.empty() && is_mounted(task, name)) {
    path = volume_docker_name(task, name, random);
    task::VolumeSpec spec;
    spec.docker_name = path;
    spec.task_scope = true;
    spec.driver = "local";
    task.resources.push_back(volume_resource(name, std::move(spec)));
  }
  task.volumes.push_back({name, std::move(path)});
}

std::string add_docker_volume(const acs::DockerVolumeConfiguration& from, const std::string& name, task::Task& task,
                              base::Random& random) {
  task::VolumeSpec spec;
  spec.task_scope = from.scope == "task";
  spec.autoprovision = from.autoprovision.value_or(false);
  if (spec.task_scope && spec.autoprovision) {
    return "volume [" + name + "] : task scoped volume could not be autoprovisioned";
  }
  spec.docker_name = spec.task_scope ? volume_docker_name(task, name, random) : name;
  spec.driver = from.driver.value_or("");
  spec.driver_opts = from.driver_opts;
  spec.labels = from.labels;
  task.volumes.push_back({name, spec.docker_name});
  task.resources.push_back(volume_resource(name, std::move(spec)));
  return {};
}

/// `member` names the mount point in the payload.
std::string check_mount(const task::Task& task, const task::Container& c, const task::MountPoint& mount,
                        const std::string& member) {
  const auto volume = std::ranges::find(task.volumes, mount.source_volume, &task::Volume::name);
  if (volume == task.volumes.end()) {
    return "Invalid volume referenced: " + mount.source_volume + " (" + member +
           ".sourceVolume: no volume of the task has this name)";
  }
  if (!volume->source.empty() && !mount.container_path.empty()) return {};
  const std::string rule =
      mount.container_path.empty() ? ".containerPath: not empty" : ".sourceVolume: the volume has no source";
  return "Unable to resolve volume mounts; invalid path: " + c.name + " " + mount.source_volume + "; " +
         volume->source + " -> " + mount.container_path + " (" + member + rule + ")";
}

}  // namespace

std::string add_cgroup(task::Task& task, const Settings& settings) {
  if (!settings.task_cgroups) return {};
  const TaskCgroupSettings& of = *settings.task_cgroups;
  task::CgroupSpec spec;
  spec.root = of.root_prefix + std::string(task.id()) + of.root_suffix;
  if (task.cpu > 0) {
    spec.cpu_period = std::chrono::duration_cast<std::chrono::microseconds>(of.cpu_period).count();
    spec.cpu_quota = static_cast<std::int64_t>(task.cpu * static_cast<double>(spec.cpu_period));
  } else {
    spec.cpu_shares = shares_of(task);
  }
  if (task.memory > 0) {
    for (const task::Container& c : task.containers) {
      if (c.memory <= task.memory) continue;
      return "cgroup resource: unable to build resource spec for task: task memory spec builder: container memory "
             "limit(" +
             std::to_string(c.memory) + ") greater than task memory limit(" + std::to_string(task.memory) + ")";
    }
    spec.memory = task.memory * kMiB;
  }
  spec.pids = of.pids_limit;
  task::Resource resource;
  resource.kind = task::ResourceKind::kCgroup;
  resource.name = "cgroup";
  resource.cgroup = std::move(spec);
  task.resources.push_back(std::move(resource));
  return {};
}

std::string add_volumes(const acs::Task& payload, task::Task& task, base::Random& random) {
  for (const acs::Volume& volume : payload.volumes) {
    const std::string name = volume.name.value_or("");
    if (std::ranges::find(task.volumes, name, &task::Volume::name) != task.volumes.end()) {
      return "more than one volume has the name " + name;
    }
    const std::string type = volume.type.value_or("host");
    if (type == "docker" && volume.docker_volume_configuration) {
      std::string wrong = add_docker_volume(*volume.docker_volume_configuration, name, task, random);
      if (!wrong.empty()) return wrong;
    } else if (type == "fsxWindowsFileServer") {
      return "task with FSx for Windows File Server volumes is only supported on Windows container instance";
    } else {
      add_host_volume(volume, name, task, random);
    }
  }
  for (std::size_t i = 0; i < task.containers.size(); ++i) {
    const task::Container& c = task.containers[i];
    for (std::size_t m = 0; m < c.mount_points.size(); ++m) {
      const std::string member = "containers[" + std::to_string(i) + "].mountPoints[" + std::to_string(m) + "]";
      std::string wrong = check_mount(task, c, c.mount_points[m], member);
      if (!wrong.empty()) return wrong;
    }
  }
  return {};
}

}  // namespace ecs::engine
