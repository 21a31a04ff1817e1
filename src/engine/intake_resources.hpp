// Volumes and the cgroup of a task, from its payload (engine.md 9.1, 9.2).
#pragma once

#include <string>

#include "acs/task_shapes.hpp"
#include "base/random.hpp"
#include "engine/settings.hpp"
#include "task/task.hpp"

namespace ecs::engine {

/// Gives the task its cgroup, when tasks get one. The text says why the task cannot have it; empty when it can.
[[nodiscard]] std::string add_cgroup(task::Task& task, const Settings& settings);

/// Gives the task its volumes and checks that every mount point names one. The names of new docker volumes are drawn
/// from `random`. The text says what is wrong: the original's words, then the member.
[[nodiscard]] std::string add_volumes(const acs::Task& payload, task::Task& task, base::Random& random);

}  // namespace ecs::engine
