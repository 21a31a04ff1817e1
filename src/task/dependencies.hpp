// Ordering between the containers of a task: when one may go on, when it never will, when it may stop.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "task/task.hpp"

namespace ecs::task {

/// Whether some order of starting satisfies every dependency: no unknown name, no cycle, no HEALTHY on a container
/// without a health check. Asked once, at intake.
[[nodiscard]] bool can_be_ordered(const Task& task);

/// What makes it impossible, for people: `container web waits for db: HEALTHY, but db has no health check`, or the
/// circle: `web waits for db, db waits for web`. Empty when the task can be ordered.
[[nodiscard]] std::string why_no_order(const Task& task);

/// Whether the container's next step towards running may be taken as far as its dependencies go.
[[nodiscard]] bool may_advance(const Task& task, std::size_t container);

/// The dependencies that keep it from that step.
[[nodiscard]] std::vector<const Dependency*> unmet(const Task& task, std::size_t container);

/// Whether the resources that the container needs before its pull exist: the cgroup, and the volumes that it mounts.
[[nodiscard]] bool has_resources(const Task& task, std::size_t container);

/// Why the container can never go on, in the words of the control plane's users; nothing while it still can.
[[nodiscard]] std::optional<std::string> never_starts(const Task& task, std::size_t container, base::WallTime now);

/// Whether everything that depends on the container has stopped.
[[nodiscard]] bool may_stop(const Task& task, std::size_t container);

/// The earliest moment behind `after` at which a start time-out gives up a waiting container; nothing when none is
/// running.
[[nodiscard]] std::optional<base::WallTime> next_timeout(const Task& task, base::WallTime after);

/// `<name>(<image>) (<known>-><desired>)`, and ` - Exit: <n>` when an exit code is known.
[[nodiscard]] std::string describe(const Container& container);

}  // namespace ecs::task
