// The containers that tasks have on the engine, found by the agent's labels.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "docker/client.hpp"

namespace ecs::local {

/// How long a container without a stopTimeout has when a person wants the end: as `docker compose` does it. The agent
/// itself would wait 30 s.
inline constexpr std::chrono::seconds kInteractiveStop{10};

/// All containers, running or not, of tasks whose ARN starts with `arn_prefix`. Throws docker::Error.
base::Async<std::vector<docker::ContainerSummary>> list_task_containers(docker::Client& engine, std::string arn_prefix);

/// The docker volumes that the agent made for the tasks of these containers: mounted there, and named after the task's
/// family and version with 20 hex digits at the end.
[[nodiscard]] std::set<std::string> task_volumes(const std::vector<docker::ContainerSummary>& containers);

/// Kills those that run. One that has ended meanwhile is no error. Throws docker::Error.
base::Async<> kill_task_containers(docker::Client& engine, std::string arn_prefix);

}  // namespace ecs::local
