// Restart policies: an exit that is undone by starting the same container again, unseen by the control plane.
#pragma once

#include <optional>

#include "base/clock.hpp"
#include "task/observation.hpp"
#include "task/task.hpp"

namespace ecs::task {

/// Whether an exit of the running container with this code is to be undone: its policy is on, it is not to be stopped,
/// the code is known and not ignored, and at least the attempt period has passed since the last restart, or since the
/// first start if there was none.
[[nodiscard]] bool should_restart(const Container& container, std::optional<int> exit_code, base::WallTime now);

/// Whether the exit that was seen is that of before a restart which was noted and not carried out: the process that
/// noted it died before the start call.
[[nodiscard]] bool restart_is_owed(const Container& container, const Facts& exit);

}  // namespace ecs::task
