#include <algorithm>
#include <chrono>
#include <utility>

#include "task/observer.hpp"
#include "task/planner.hpp"

namespace ecs::task {

namespace {

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
  if (c.internal()) return false;
  if (c.is(ContainerStatus::kManifestPulled)) return c.digest_resolved;
  return is_running(c.known) || c.is(ContainerStatus::kStopped);
}

}  // namespace

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
  if (status == ContainerStatus::kStopped) leave_image_step(c);
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

/// Nobody waits for the image of a container that ended without it.
void Observer::leave_image_step(Container& c) {
  if (c.doing == StepKind::kResolve || c.doing == StepKind::kPull) c.doing.reset();
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
  if (c.is(ContainerStatus::kStopped)) return;
  if (what.pulled) task_.pull_stopped_at = now();
  advance(c, ContainerStatus::kPulled);
}

void Observer::refresh(Container& c, const Facts& facts) {
  if (!facts.docker_id.empty()) c.docker_id = facts.docker_id;
  if (!facts.image_id.empty()) c.image_id = facts.image_id;
  // Ports and labels are those of the first look that has any: a stopped container shows none.
  if (c.bindings.empty()) c.bindings = facts.bindings;
  if (c.labels.empty()) c.labels = facts.labels;
  if (!facts.mounts.empty()) c.mounts = facts.mounts;
  if (facts.created_at != 0) c.created_at = facts.created_at;
  if (facts.started_at != 0) c.started_at = facts.started_at;
  if (facts.finished_at != 0) c.finished_at = facts.finished_at;
  if (c.has_health_check()) note_health(c, facts);
}

void Observer::note_health(Container& c, const Facts& facts) {
  if (c.health != facts.health) c.health_since = now();
  c.health = facts.health;
  c.health_output = facts.health_output;
  c.health_exit_code = facts.health == Health::kUnhealthy ? facts.health_exit_code : std::nullopt;
}

void Observer::image_failed(Container& c, const StepFailed& what) {
  const bool pull = what.step == StepKind::kPull;
  if (c.is(ContainerStatus::kStopped)) return;
  if (pull && task_.pull_started_at != 0) task_.pull_stopped_at = now();
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
