// Whether tasks can have cgroups here, and the engine's way to them (config.md 9.1 step 6).
#pragma once

#include <memory>
#include <stdexcept>
#include <string>

#include "base/worker_pool.hpp"
#include "cgroup/hierarchy.hpp"
#include "config/config.hpp"
#include "docker/client.hpp"
#include "engine/resources.hpp"
#include "engine/settings.hpp"

namespace ecs::agent {

/// Keeps the blocking calls on threads of its own.
class TaskCgroups final : public engine::TaskCgroups {
 public:
  TaskCgroups(base::Executor executor, std::shared_ptr<cgroup::Hierarchy> hierarchy);

  /// Throws cgroup::Error.
  base::Async<> prepare();
  [[nodiscard]] cgroup::Naming naming() const { return hierarchy_->naming(); }

  base::Async<> create(task::CgroupSpec spec) override;
  base::Async<> remove(std::string root) override;

 private:
  std::shared_ptr<cgroup::Hierarchy> hierarchy_;
  base::WorkerPool pool_;
};

/// ECS_ENABLE_TASK_CPU_MEM_LIMIT=true was given, and cannot be had.
class LimitsNotPossible : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Makes the parent of the tasks' cgroups when limits are on; where that fails limits are switched off in `config`,
/// with one line that says why. `bus` is the variable DBUS_SYSTEM_BUS_ADDRESS. Nothing when the machine has no cgroups
/// that fit the container engine. Throws LimitsNotPossible when limits were asked for by name.
base::Async<std::unique_ptr<TaskCgroups>> prepare_task_cgroups(config::Config& config, docker::Client& docker,
                                                               base::Executor executor, std::string bus);

/// Tasks that an earlier process started without a cgroup run on without one, and new ones do too: `arn` is one of
/// them. Throws LimitsNotPossible when limits were asked for by name.
void switch_off_limits_for(const std::string& arn, config::Config& config);

/// Adds to the engine's settings what comes of the cgroups; `cgroups` may be null.
void add_cgroup_settings(const config::Config& config, const TaskCgroups* cgroups, engine::Settings& settings);

}  // namespace ecs::agent
