// What a container is seen to be: runs, has ended, is gone.
#include <algorithm>
#include <chrono>
#include <utility>

#include "task/dependencies.hpp"
#include "task/observer.hpp"
#include "task/restart.hpp"

namespace ecs::task {

namespace {

constexpr base::Duration kStopRetry = std::chrono::seconds(5);

}  // namespace

/// An ended container that runs: somebody started it by hand. It is stopped, once per task. A look that was under way
/// while the container ended shows the old process, and is no such thing.
void Observer::after_stopped(Container& c, const Facts& facts) {
  const bool another_process = facts.started_at > c.started_at || c.finished_at == 0;
  if (!is_running(facts.status) || !another_process || task_.forced_stop_used) return;
  task_.forced_stop_used = true;
  c.started_again = true;
}

/// A restart that was noted and is not made after all.
void Observer::forget_restart(Container& c) {
  if (std::exchange(c.restart_due, false)) --c.restart_count;
}

void Observer::ended(Container& c, const Exit& exit) {
  forget_restart(c);
  c.exit_code = exit.code;
  if (exit.finished_at != 0) c.finished_at = exit.finished_at;
  if (exit.error) keep_error(c, *exit.error);
  advance(c, ContainerStatus::kStopped);
}

/// Count and moment are noted before the call, and the step waits until they are durable.
void Observer::note_restart(Container& c, const Facts& facts) {
  const bool owed = recovering_ && restart_is_owed(c, facts);
  if (!owed) {
    ++c.restart_count;
    c.restarted_at = now();
  }
  c.restart_due = true;
}

/// An operator's stop counts although the policy has started the container again, or is about to: the control plane
/// hears of the end, and what runs is stopped.
void Observer::undo_restart(Container& c) {
  if (!c.exit) return;
  ended(c, *c.exit);
  task_.forced_stop_used = true;
  c.started_again = true;
}

/// True when the exit is undone by the restart policy, or what was seen is older than a restart.
bool Observer::restarts(Container& c, const Seen& what) {
  if (!c.restart_policy.enabled || !is_running(c.known)) return false;
  const bool seen_running = is_running(what.facts.status);
  const bool by_hand = what.stopped_by_hand && c.desired != ContainerStatus::kStopped;
  if (by_hand && c.doing == StepKind::kRestart) c.stopped_by_hand = true;
  if (seen_running) {
    const bool undo = by_hand || (what.ends == StepKind::kRestart && c.stopped_by_hand);
    if (undo && !c.doing) undo_restart(c);
    return false;
  }
  if (what.facts.status != ContainerStatus::kStopped) return false;
  if (c.doing == StepKind::kRestart || what.facts.started_at < c.started_at) return true;
  const bool by_policy =
      should_restart(c, what.facts.exit_code, now_) || (recovering_ && restart_is_owed(c, what.facts));
  if (by_hand || c.stopped_by_hand || !(by_policy || c.restart_due)) return false;
  c.exit = Exit{what.facts.exit_code, what.facts.error, what.facts.finished_at};
  if (!c.restart_due) note_restart(c, what.facts);
  return true;
}

void Observer::restart_failed(Container& c, const StepFailed& what) {
  if (c.is(ContainerStatus::kStopped)) return;
  // The exit takes its course; why the start failed is no reason of the container's.
  ended(c, c.exit.value_or(Exit{}));
  c.started_again = what.may_have_happened;
}

/// What is to be stopped is not started again.
bool Observer::drop_restarts() {
  bool changed = false;
  for (Container& c : task_.containers) {
    if (!c.restart_due || c.desired != ContainerStatus::kStopped) continue;
    ended(c, c.exit.value_or(Exit{}));
    changed = true;
  }
  return changed;
}

void Observer::operator()(const Seen& what) {
  Container& c = at(what.container);
  const bool starting = c.doing == StepKind::kStart;
  ContainerStatus status = what.facts.status;
  // Of a start that failed the engine shows an end as well; the step itself knows the reason and tells it.
  if (starting && !what.ends && status == ContainerStatus::kStopped && what.facts.started_at == 0) return;

  if (what.ends) end_step(c, *what.ends);
  if (what.ends == StepKind::kStop) {
    c.may_run = false;
    c.started_again = false;
    if (is_running(status)) c.retry_stop_at = nanos(now_ + kStopRetry);
  }
  if (c.is(ContainerStatus::kStopped)) {
    after_stopped(c, what.facts);
    return;
  }
  if (restarts(c, what)) return;
  if (c.is(ContainerStatus::kStopped)) return;
  if (what.ends == StepKind::kStart && status == ContainerStatus::kCreated) status = ContainerStatus::kRunning;
  refresh(c, what.facts);
  if (status == ContainerStatus::kStopped) {
    // What was started ran, however briefly: the control plane hears of both.
    if (starting && c.known < ContainerStatus::kRunning) {
      advance(c, ContainerStatus::kRunning);
      settle();
      if (restarts(c, what)) return;
    }
    ended(c, {what.facts.exit_code, what.facts.error, what.facts.finished_at});
    return;
  }
  advance(c, status);
}

void Observer::stop_failed(Container& c, const StepFailed& what) {
  if (!what.engine_answers) {
    c.retry_stop_at = nanos(now_ + kStopRetry);
    return;
  }
  c.may_run = false;
  c.started_again = false;
  if (c.is(ContainerStatus::kStopped)) return;
  // It cannot be stopped again and again: it has ended already, is gone, or as good as.
  keep_error(c, what.error);
  advance(c, ContainerStatus::kStopped);
}

void Observer::operator()(const Vanished& what) {
  Container& c = at(what.container);
  if (c.is(ContainerStatus::kStopped) || (c.known < ContainerStatus::kCreated && c.docker_id.empty())) return;
  if (c.restart_due || c.doing == StepKind::kRestart) {
    // Removed right after its end, which is known.
    ended(c, c.exit.value_or(Exit{}));
    return;
  }
  keep_error(c, {.name = "ContainerVanishedError", .text = "No container matching saved ID found"});
  c.may_run = false;
  advance(c, ContainerStatus::kStopped);
}

void Observer::operator()(const Recovered& what) {
  recovering_ = true;
  for (std::size_t i = 0; i < what.containers.size(); ++i) {
    if (what.containers[i]) {
      (*this)(Seen{i, *what.containers[i], std::nullopt});
    } else {
      (*this)(Vanished{i});
    }
  }
}

}  // namespace ecs::task
