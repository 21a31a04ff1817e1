#include "agent/task_cgroups.hpp"

#include <fmt/format.h>

#include <utility>

#include "log/log.hpp"

namespace ecs::agent {

namespace {

constexpr docker::ApiVersion kCgroupParentSince{1, 22};
constexpr std::string_view kSystemd = "systemd";

/// How the container engine makes its cgroups; what an old one does not say is what was usual then.
base::Async<std::string> cgroup_driver(docker::Client& docker, cgroup::Version version) {
  try {
    const docker::Info info = co_await docker.info();
    if (!info.cgroup_driver.empty()) co_return info.cgroup_driver;
  } catch (const docker::Error& e) {
    log::warn("The container engine does not say how it makes cgroups", {{"error", e}});
  }
  co_return version == cgroup::Version::kV2 ? std::string(kSystemd) : std::string("cgroupfs");
}

std::shared_ptr<cgroup::Hierarchy> hierarchy_for(const std::string& mount, cgroup::Version version,
                                                 const std::string& driver, const std::string& bus) {
  if (version == cgroup::Version::kV2) {
    if (driver == kSystemd) return cgroup::make_systemd(mount, cgroup::usual_addresses(bus));
    return cgroup::make_v2(mount);
  }
  if (driver == kSystemd) {
    throw cgroup::Error("the container engine leaves cgroups to systemd, which is possible with cgroup v2 only");
  }
  return cgroup::make_v1(mount);
}

void switch_off(config::Config& config, const std::string& cause) {
  if (config.task_cpu_mem_limit.is_explicit()) {
    throw LimitsNotPossible(fmt::format(
        "ECS_ENABLE_TASK_CPU_MEM_LIMIT=true, but limits of tasks are not possible on this machine: {}", cause));
  }
  log::warn("Task-level CPU and memory limits are off: they are not possible on this machine", {{"error", cause}});
  config.task_cpu_mem_limit.set(false);
}

}  // namespace

TaskCgroups::TaskCgroups(base::Executor executor, std::shared_ptr<cgroup::Hierarchy> hierarchy)
    : hierarchy_(std::move(hierarchy)), pool_(std::move(executor)) {}

base::Async<> TaskCgroups::prepare() {
  const auto work = [hierarchy = hierarchy_] { hierarchy->prepare(); };
  co_await pool_.run(work);
}

base::Async<> TaskCgroups::create(task::CgroupSpec spec) {
  const cgroup::Limits limits{spec.cpu_quota, spec.cpu_period, spec.cpu_shares, spec.memory, spec.pids};
  const auto work = [hierarchy = hierarchy_, root = spec.root, limits] { hierarchy->create(root, limits); };
  co_await pool_.run(work);
}

base::Async<> TaskCgroups::remove(std::string root) {
  const auto work = [hierarchy = hierarchy_, root] { hierarchy->remove(root); };
  co_await pool_.run(work);
}

base::Async<std::unique_ptr<TaskCgroups>> prepare_task_cgroups(config::Config& config, docker::Client& docker,
                                                               base::Executor executor, std::string bus) {
  const cgroup::Version version = cgroup::version_at(config.cgroup_path);
  const std::string driver = co_await cgroup_driver(docker, version);
  std::unique_ptr<TaskCgroups> cgroups;
  std::string problem;
  try {
    cgroups = std::make_unique<TaskCgroups>(executor, hierarchy_for(config.cgroup_path, version, driver, bus));
    if (config.task_cpu_mem_limit.on()) co_await cgroups->prepare();
  } catch (const cgroup::Error& e) {
    problem = e.what();
  }
  if (!docker.versions().supports(kCgroupParentSince)) problem = "the container engine is older than API version 1.22";
  if (!problem.empty() && config.task_cpu_mem_limit.on()) switch_off(config, problem);
  co_return cgroups;
}

void switch_off_limits_for(const std::string& arn, config::Config& config) {
  if (config.task_cpu_mem_limit.on()) {
    switch_off(config, fmt::format("task {} was started without them and still runs", arn));
  }
}

void add_cgroup_settings(const config::Config& config, const TaskCgroups* cgroups, engine::Settings& settings) {
  const bool v2 = cgroup::version_at(config.cgroup_path) == cgroup::Version::kV2;
  settings.propagate_task_memory = v2 && config.propagate_task_memory_limit.on();
  if (cgroups == nullptr || !config.task_cpu_mem_limit.on()) return;
  const cgroup::Naming naming = cgroups->naming();
  settings.task_cgroups = engine::TaskCgroupSettings{.root_prefix = naming.prefix,
                                                     .root_suffix = naming.suffix,
                                                     .cpu_period = config.cgroup_cpu_period,
                                                     .pids_limit = config.task_pids_limit};
}

}  // namespace ecs::agent
