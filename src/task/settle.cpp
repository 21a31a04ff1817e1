// What follows for the task from the statuses of its containers.
#include <algorithm>
#include <chrono>
#include <utility>

#include "task/dependencies.hpp"
#include "task/observer.hpp"
#include "task/restart.hpp"

namespace ecs::task {

namespace {

constexpr base::Duration kOrderingPoll = std::chrono::seconds(5);
/// What Docker shows for a process that SIGTERM ended; here it never ran, but the control plane wants a number.
constexpr int kGivenUpExitCode = 143;
constexpr std::string_view kStuckReason = "TaskStateError: Agent could not progress task's state to stopped";

}  // namespace

void Observer::derive_desired() {
  const bool dying = std::ranges::any_of(task_.containers, [](const Container& c) {
    return c.essential && (c.is(ContainerStatus::kStopped) || c.desired == ContainerStatus::kStopped);
  });
  if (dying) task_.desired = TaskStatus::kStopped;
  auto wanted = ContainerStatus::kNone;
  if (task_.desired == TaskStatus::kCreated) wanted = ContainerStatus::kCreated;
  if (task_.desired == TaskStatus::kRunning) wanted = ContainerStatus::kRunning;
  if (task_.desired == TaskStatus::kStopped) wanted = ContainerStatus::kStopped;
  for (Container& c : task_.containers) c.desired = std::max(c.desired, wanted);
  if (wanted == ContainerStatus::kNone) return;
  const bool ending = wanted == ContainerStatus::kStopped;
  for (Resource& r : task_.resources) r.desired = ending ? ResourceStatus::kRemoved : ResourceStatus::kCreated;
}

/// What does not run needs no stopping. A create or start under way is waited for; a pull is not.
bool Observer::end_unstarted() {
  bool changed = false;
  for (std::size_t i = 0; i < task_.containers.size(); ++i) {
    Container& c = task_.containers[i];
    if (c.desired != ContainerStatus::kStopped || c.known >= ContainerStatus::kRunning || c.may_run) continue;
    if (c.doing == StepKind::kCreate || c.doing == StepKind::kStart || c.doing == StepKind::kStop) continue;
    if (!may_stop(task_, i)) continue;
    advance(c, ContainerStatus::kStopped);
    changed = true;
  }
  return changed;
}

bool Observer::give_up_blocked() {
  bool changed = false;
  for (std::size_t i = 0; i < task_.containers.size(); ++i) {
    Container& c = task_.containers[i];
    if (c.doing == StepKind::kCreate || c.doing == StepKind::kStart) continue;
    auto why = never_starts(task_, i, now_);
    if (!why) continue;
    c.desired = ContainerStatus::kStopped;
    c.exit_code = kGivenUpExitCode;
    keep_error(c, {.name = "CannotStartContainerError", .text = std::move(*why)});
    advance(c, ContainerStatus::kStopped);
    changed = true;
  }
  return changed;
}

void Observer::derive_known() {
  if (task_.containers.empty()) {
    if (task_.desired != TaskStatus::kStopped || task_.ended()) return;
    task_.reason = kStuckReason;
    task_.known = TaskStatus::kStopped;
  } else {
    auto least = ContainerStatus::kStopped;
    bool essential_ended = false;
    for (const Container& c : task_.containers) {
      least = std::min(least, c.known);
      essential_ended |= c.essential && c.is(ContainerStatus::kStopped);
    }
    const TaskStatus status = task_status_of(least);
    if (status <= task_.known || (is_running(least) && essential_ended)) return;
    task_.known = status;
  }
  task_.known_at = now();
  const bool news = std::ranges::any_of(task_.containers, &Container::digest_resolved);
  if (task_.sent >= task_.known || task_.known == TaskStatus::kCreated) return;
  if (task_.known == TaskStatus::kManifestPulled && !news) return;
  report();
}

void Observer::report() {
  task_.outbox.push_back({.status = task_.known,
                          .reason = task_.ended() ? task_.reason : std::string(),
                          .containers = std::exchange(task_.events, {}),
                          .pull_started_at = task_.pull_started_at,
                          .pull_stopped_at = task_.pull_stopped_at,
                          .execution_stopped_at = task_.execution_stopped_at});
}

void Observer::settle() {
  do {
    derive_desired();
  } while (drop_restarts() || end_unstarted() || give_up_blocked());
  derive_known();
}

void Observer::restart_poll() {
  // A waiting container's condition may come true without any event.
  bool blocked = false;
  for (std::size_t i = 0; i < task_.containers.size() && !blocked; ++i) {
    const Container& c = task_.containers[i];
    blocked = !c.doing && c.known < c.desired && c.desired != ContainerStatus::kStopped && !may_advance(task_, i);
  }
  task_.poll_at =
      nanos(now_ + (blocked ? std::min(kOrderingPoll, task_.policy.poll_interval) : task_.policy.poll_interval));
}

void Observer::collect_unsent() {
  for (const Container& c : task_.containers) collect(c);
  settle();
  const bool news = std::ranges::any_of(task_.containers, &Container::digest_resolved);
  const bool told =
      task_.known == TaskStatus::kRunning || task_.ended() || (task_.known == TaskStatus::kManifestPulled && news);
  if (told && task_.outbox.empty() && task_.known > task_.sent) report();
}

}  // namespace ecs::task
