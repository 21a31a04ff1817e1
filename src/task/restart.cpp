#include "task/restart.hpp"

#include <algorithm>
#include <chrono>

namespace ecs::task {

bool should_restart(const Container& c, std::optional<int> exit_code, base::WallTime now) {
  if (!c.restart_policy.enabled || c.desired == ContainerStatus::kStopped || !is_running(c.known) || !exit_code) {
    return false;
  }
  if (std::ranges::find(c.restart_policy.ignored_exit_codes, *exit_code) != c.restart_policy.ignored_exit_codes.end()) {
    return false;
  }
  const UnixNanos since = c.restarted_at != 0 ? c.restarted_at : c.started_at;
  const auto passed = std::chrono::duration_cast<std::chrono::seconds>(now - wall_time(since));
  return passed.count() >= c.restart_policy.restart_attempt_period;
}

bool restart_is_owed(const Container& c, const Facts& exit) {
  return c.restart_policy.enabled && c.desired != ContainerStatus::kStopped && is_running(c.known) &&
         exit.status == ContainerStatus::kStopped && exit.finished_at != 0 && exit.finished_at <= c.restarted_at;
}

}  // namespace ecs::task
