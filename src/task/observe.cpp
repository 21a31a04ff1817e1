#include <algorithm>
#include <chrono>
#include <utility>

#include "task/dependencies.hpp"
#include "task/planner.hpp"
#include "task/restart.hpp"

namespace ecs::task {

namespace {

constexpr base::Duration kStopRetry = std::chrono::seconds(5);
constexpr base::Duration kOrderingPoll = std::chrono::seconds(5);
/// What Docker shows for a process that SIGTERM ended; here it never ran, but the control plane wants a number.
constexpr int kGivenUpExitCode = 143;
constexpr std::string_view kStuckReason = "TaskStateError: Agent could not progress task's state to stopped";

/// Draws the conclusions for one observation.
class Observer {
 public:
  Observer(Task& task, base::WallTime now) : task_(task), now_(now) {}

  void operator()(const Wanted& what) { task_.desired = std::max(task_.desired, what.status); }
  void operator()(const Admitted&) { task_.admitted = true; }
  void operator()(const Unfit& what) {
    if (task_.reason.empty()) task_.reason = what.reason;
    task_.desired = TaskStatus::kStopped;
  }
  void operator()(const Resolved& what);
  void operator()(const PullStarted& what);
  void operator()(const Pulled& what);
  void operator()(const Seen& what);
  void operator()(const StepFailed& what);
  void operator()(const Vanished& what);
  void operator()(const Recovered& what);
  void operator()(const ResourceChecked& what);
  void operator()(const ResourceCreated& what) { end_resource_step(what.resource).known = ResourceStatus::kCreated; }
  void operator()(const ResourceFailed& what);
  void operator()(const ResourceRemoved& what) { end_resource_step(what.resource).known = ResourceStatus::kRemoved; }
  void operator()(const Tick&) {}
  void operator()(const Drain&);
  void operator()(const ReportSent& what);

  void settle();
  void collect_unsent();
  void restart_poll();

 private:
  [[nodiscard]] Container& at(std::size_t container) { return task_.containers.at(container); }
  [[nodiscard]] UnixNanos now() const { return nanos(now_); }

  Resource& end_resource_step(std::size_t resource);
  void never_ran(std::string reason);
  void advance(Container& c, ContainerStatus status);
  void collect(const Container& c);
  void end_step(Container& c, StepKind step);
  void refresh(Container& c, const Facts& facts);
  void after_stopped(Container& c, const Facts& facts);
  void ended(Container& c, const Exit& exit);
  bool restarts(Container& c, const Seen& what);
  void note_restart(Container& c, const Facts& facts);
  void undo_restart(Container& c);
  static void forget_restart(Container& c);
  void restart_failed(Container& c, const StepFailed& what);
  void image_failed(Container& c, const StepFailed& what);
  void stop_failed(Container& c, const StepFailed& what);
  void derive_desired();
  bool end_unstarted();
  bool give_up_blocked();
  bool drop_restarts();
  void derive_known();
  void report();

  Task& task_;
  base::WallTime now_;
  bool recovering_ = false;
};

void keep_error(Container& c, const Error& error) {
  if (!c.error) c.error = error;
}

/// The original's form of a task's reason: single spaces, a capital letter first.
std::string as_sentence(std::string_view text) {
  std::string sentence;
  for (const char c : text) {
    const bool space = std::string_view(" \t\n\v\f\r").contains(c);
    if (!space) {
      sentence.push_back(c);
    } else if (!sentence.empty() && sentence.back() != ' ') {
      sentence.push_back(' ');
    }
  }
  if (sentence.ends_with(' ')) sentence.pop_back();
  if (!sentence.empty() && sentence[0] >= 'a' && sentence[0] <= 'z') sentence[0] = static_cast<char>(sentence[0] - 32);
  return sentence;
}

bool reportable(const Container& c) {
  if (c.is(ContainerStatus::kManifestPulled)) return c.digest_resolved;
  return is_running(c.known) || c.is(ContainerStatus::kStopped);
}

Resource& Observer::end_resource_step(std::size_t resource) {
  Resource& r = task_.resources.at(resource);
  r.doing.reset();
  return r;
}

/// The task ends before anything of it began: its containers are not spoken of.
void Observer::never_ran(std::string reason) {
  task_.desired = TaskStatus::kStopped;
  task_.reason = std::move(reason);
  for (Container& c : task_.containers) c.desired = c.known = c.sent = ContainerStatus::kStopped;
}

void Observer::operator()(const ResourceChecked& what) {
  Resource& r = end_resource_step(what.resource);
  r.checked = true;
  if (what.exists) r.known = ResourceStatus::kCreated;
  if (what.refused.empty() || task_.desired == TaskStatus::kStopped) return;
  const bool begun =
      std::ranges::any_of(task_.containers, [](const Container& c) { return !c.is(ContainerStatus::kNone); });
  if (!begun) return never_ran(what.refused);
  // A process before this one ended while the task was on its way.
  (*this)(ResourceFailed{what.resource, what.refused});
}

void Observer::operator()(const ResourceFailed& what) {
  Resource& r = end_resource_step(what.resource);
  r.terminal_reason = what.reason;
  task_.desired = TaskStatus::kStopped;
  if (task_.reason.empty()) task_.reason = as_sentence(what.reason);
}

void Observer::advance(Container& c, ContainerStatus status) {
  if (status <= c.known) return;
  c.known = status;
  if (status == ContainerStatus::kStopped && c.essential && task_.execution_stopped_at == 0) {
    task_.execution_stopped_at = now();
  }
  collect(c);
}

void Observer::collect(const Container& c) {
  if (!reportable(c) || c.sent >= c.known) return;
  task_.events.push_back({.name = c.name,
                          .status = c.known,
                          .exit_code = c.exit_code,
                          .reason = c.error ? c.error->full() : std::string(),
                          .runtime_id = c.docker_id,
                          .image_digest = c.image_digest,
                          .bindings = c.bindings});
}

void Observer::end_step(Container& c, StepKind step) {
  if (c.doing == step) c.doing.reset();
}

void Observer::operator()(const Resolved& what) {
  Container& c = at(what.container);
  end_step(c, StepKind::kResolve);
  if (c.known >= ContainerStatus::kManifestPulled) return;
  c.image_present = what.image_present;
  if (!what.digest.empty()) {
    c.image_digest = what.digest;
    c.digest_resolved = what.news;
  }
  advance(c, ContainerStatus::kManifestPulled);
}

void Observer::operator()(const PullStarted& what) {
  (void)at(what.container);
  if (task_.pull_started_at == 0) task_.pull_started_at = now();
}

void Observer::operator()(const Pulled& what) {
  Container& c = at(what.container);
  end_step(c, StepKind::kPull);
  if (what.pulled) task_.pull_stopped_at = now();
  advance(c, ContainerStatus::kPulled);
}

void Observer::refresh(Container& c, const Facts& facts) {
  if (!facts.docker_id.empty()) c.docker_id = facts.docker_id;
  if (!facts.image_id.empty()) c.image_id = facts.image_id;
  // Ports and labels are those of the first look that has any: a stopped container shows none.
  if (c.bindings.empty()) c.bindings = facts.bindings;
  if (c.labels.empty()) c.labels = facts.labels;
  if (facts.created_at != 0) c.created_at = facts.created_at;
  if (facts.started_at != 0) c.started_at = facts.started_at;
  if (facts.finished_at != 0) c.finished_at = facts.finished_at;
  c.health = facts.health;
  c.health_output = facts.health_output;
}

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

void Observer::image_failed(Container& c, const StepFailed& what) {
  const bool pull = what.step == StepKind::kPull;
  if (pull && task_.pull_started_at != 0) task_.pull_stopped_at = now();
  if (c.is(ContainerStatus::kStopped)) return;
  keep_error(c, what.error);
  if (what.image_is_nowhere && c.essential) {
    task_.desired = TaskStatus::kStopped;
    if (task_.reason.empty()) task_.reason = what.error.full();
    return;
  }
  if (task_.policy.pull == PullBehavior::kAlways || task_.policy.pull == PullBehavior::kOnce) {
    task_.desired = TaskStatus::kStopped;
    return;
  }
  // A local image of that name may still do; the create decides.
  advance(c, pull ? ContainerStatus::kPulled : ContainerStatus::kManifestPulled);
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

void Observer::operator()(const StepFailed& what) {
  Container& c = at(what.container);
  end_step(c, what.step);
  switch (what.step) {
    case StepKind::kResolve:
    case StepKind::kPull:
      image_failed(c, what);
      break;
    case StepKind::kCreate:
    case StepKind::kStart:
      if (c.known >= ContainerStatus::kRunning) break;
      keep_error(c, what.error);
      c.desired = ContainerStatus::kStopped;
      c.may_run = what.step == StepKind::kStart && what.may_have_happened;
      break;
    case StepKind::kRestart:
      restart_failed(c, what);
      break;
    case StepKind::kStop:
      stop_failed(c, what);
      break;
    case StepKind::kInspect:
    case StepKind::kReport:
    case StepKind::kCheckResource:
    case StepKind::kCreateResource:
      break;
  }
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

void Observer::operator()(const Drain&) {
  // The control plane takes no changes of a stopped task, and the STOPPED report has taken all of them along.
  if (!task_.events.empty() && !task_.ended()) report();
}

void Observer::operator()(const ReportSent& what) {
  task_.sent = std::max(task_.sent, what.report.status);
  for (const ContainerReport& sent : what.report.containers) {
    if (const auto index = task_.find(sent.name)) at(*index).sent = std::max(at(*index).sent, sent.status);
  }
}

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

}  // namespace

void observe(Task& task, const Observation& what, base::WallTime now) {
  Observer observer(task, now);
  std::visit(observer, what);
  observer.settle();
  if (!std::holds_alternative<Tick>(what)) observer.restart_poll();
}

void resume(Task& task, base::WallTime now) {
  Observer observer(task, now);
  observer.collect_unsent();
  observer.restart_poll();
}

}  // namespace ecs::task
