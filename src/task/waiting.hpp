// What a task waits for, for people.
#pragma once

#include <string>
#include <vector>

#include "base/clock.hpp"
#include "task/task.hpp"

namespace ecs::task {

struct Wait {
  std::string container;  ///< Empty: the task as a whole.
  std::string why;        ///< `pull is under way`, `needs HEALTHY of container db`. The same as long as the cause is.
  base::WallTime since;
  friend bool operator==(const Wait&, const Wait&) = default;
};

/// Each container that is not where it should be, and the task when the control plane has not accepted its status, with
/// what it waits for; all since `now`. What the host lacks is not known here.
[[nodiscard]] std::vector<Wait> waits_of(const Task& task, base::WallTime now);

/// Gives the waits that were there before, by container and cause, their old moment.
void keep_since(const std::vector<Wait>& before, std::vector<Wait>& waits);

}  // namespace ecs::task
