// The steps that touch a task's resources: check, create, remove (engine.md 9.1, 9.2).
#pragma once

#include <string>

#include "base/async.hpp"
#include "docker/client.hpp"
#include "store/store.hpp"
#include "task/observation.hpp"

namespace ecs::engine {

/// The task cgroups of this machine. Failures are std::exception, with a text that names the file and the cause.
class TaskCgroups {
 public:
  TaskCgroups() = default;
  TaskCgroups(const TaskCgroups&) = delete;
  TaskCgroups& operator=(const TaskCgroups&) = delete;
  virtual ~TaskCgroups() = default;

  /// Makes the cgroup with its limits. One that exists gets the limits all the same: its making may have been cut
  /// short.
  virtual base::Async<> create(task::CgroupSpec spec) = 0;

  /// Removes it with what is left below it. One that does not exist is no error.
  virtual base::Async<> remove(std::string root) = 0;
};

/// Failures are answers here: none of the three throws, but for cancellation.
class ResourceSteps {
 public:
  /// `cgroups` may be null: tasks that need one fail then.
  ResourceSteps(docker::Client& docker, TaskCgroups* cgroups, bool match_full_config)
      : docker_(docker), cgroups_(cgroups), match_full_config_(match_full_config) {}

  /// Compares what outlives tasks with what the task needs. Of the observation only `exists` and `refused` are set;
  /// `refused` is the cause alone.
  base::Async<task::ResourceChecked> check(task::Resource resource);

  /// `name_stored`: what is about to be made is durable. A crash before the call or after it leaves a row that says
  /// NONE; the next process makes it again, which changes nothing of what is there already. The reason of a failure in
  /// the words of the control plane's users; empty when it went well.
  base::Async<std::string> create(store::Committed name_stored, task::Resource resource);

  /// A crash in the middle makes the next process do it again. Failures are logged.
  base::Async<> remove(std::string task_id, task::Resource resource);

 private:
  base::Async<> remove_volume(std::string task_id, task::VolumeSpec volume);
  base::Async<> remove_cgroup(std::string task_id, std::string root);

  docker::Client& docker_;
  TaskCgroups* cgroups_;
  bool match_full_config_;
};

/// A map as Go prints it: `map[a:1 b:2]`.
[[nodiscard]] std::string go_map(const std::map<std::string, std::string>& map);

}  // namespace ecs::engine
