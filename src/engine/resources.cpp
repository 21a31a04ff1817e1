#include "engine/resources.hpp"

#include <exception>
#include <optional>
#include <stdexcept>
#include <utility>

#include "log/log.hpp"

namespace ecs::engine {

namespace {

using Kind = docker::Error::Kind;

constexpr const char* kCgroupReason = "CgroupError: Agent could not create task's platform resources";
constexpr const char* kVolumeReason = "VolumeError: Agent could not create task's volume resources";

/// Why the volume that exists is not the one of the task definition; empty when it is. The misspelling is the
/// original's.
std::string mismatch(const docker::Volume& existing, const task::VolumeSpec& wanted) {
  if (existing.labels != wanted.labels) {
    return "intialize volume: non-autoprovisioned volume does not match existing volume labels: existing: " +
           go_map(existing.labels) + ", expected: " + go_map(wanted.labels);
  }
  if (existing.options != wanted.driver_opts) {
    return "initialize volume: non-autoprovisioned volume does not match existing volume options: existing: " +
           go_map(existing.options) + ", expected: " + go_map(wanted.driver_opts);
  }
  return {};
}

}  // namespace

std::string go_map(const std::map<std::string, std::string>& map) {
  std::string text = "map[";
  for (const auto& [key, value] : map) {
    if (text.size() > 4) text += " ";
    text += key + ":" + value;
  }
  return text + "]";
}

base::Async<task::ResourceChecked> ResourceSteps::check(task::Resource resource) {
  task::ResourceChecked result;
  const task::VolumeSpec volume = resource.volume.value_or(task::VolumeSpec());
  std::optional<docker::Volume> existing;
  std::optional<docker::Error> error;
  try {
    existing = co_await docker_.inspect_volume(volume.docker_name);
  } catch (const docker::Error& e) {
    error = e;
  }
  if (existing) {
    result.exists = true;
    if (volume.autoprovision && match_full_config_) result.refused = mismatch(*existing, volume);
  } else if (!volume.autoprovision) {
    result.refused = "initialize volume: volume detection failed, volume '" + volume.docker_name +
                     "' does not exist and autoprovision is set to false: " + error->what();
  } else if (error->kind() == Kind::kTimeout) {
    result.refused = error->what();
  }
  co_return result;
}

base::Async<std::string> ResourceSteps::create(store::Committed /*name_stored*/, task::Resource resource) {
  std::exception_ptr failure;
  try {
    if (resource.volume) {
      const task::VolumeSpec& volume = *resource.volume;
      (void)co_await docker_.create_volume({volume.docker_name, volume.driver, volume.driver_opts, volume.labels});
    } else if (resource.cgroup && cgroups_ != nullptr) {
      co_await cgroups_->create(*resource.cgroup);
    } else {
      throw std::runtime_error("this machine has no cgroups for tasks");
    }
    co_return std::string();
  } catch (...) {
    failure = std::current_exception();
  }
  if (base::is_cancellation(failure)) std::rethrow_exception(failure);
  const std::string cause = base::describe(failure);
  log::error("A resource of a task could not be created", {{"resource", resource.name}, {"error", cause}});
  if (!resource.volume) co_return kCgroupReason;
  co_return cause.empty() ? kVolumeReason : cause;
}

base::Async<> ResourceSteps::remove_volume(std::string task_id, task::VolumeSpec volume) {
  if (!volume.task_scope) co_return;
  try {
    co_await docker_.remove_volume(volume.docker_name);
  } catch (const docker::Error& e) {
    if (e.kind() == Kind::kNotFound) co_return;
    log::warn("Could not remove a volume of an ended task",
              {{"task", task_id}, {"volume", volume.docker_name}, {"error", e}});
  }
}

base::Async<> ResourceSteps::remove_cgroup(std::string task_id, std::string root) {
  if (cgroups_ == nullptr) co_return;
  std::exception_ptr failure;
  try {
    co_await cgroups_->remove(root);
  } catch (...) {
    failure = std::current_exception();
  }
  if (!failure) co_return;
  if (base::is_cancellation(failure)) std::rethrow_exception(failure);
  log::warn("Could not remove the cgroup of an ended task",
            {{"task", task_id}, {"cgroup", root}, {"error", base::describe(failure)}});
}

base::Async<> ResourceSteps::remove(std::string task_id, task::Resource resource) {
  if (resource.volume) co_await remove_volume(task_id, *resource.volume);
  if (resource.cgroup) co_await remove_cgroup(task_id, resource.cgroup->root);
}

}  // namespace ecs::engine
