#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include "task/dependencies.hpp"
#include "task/planner.hpp"

namespace ecs::task {

namespace {

/// The work that takes a container from `known` to the next status.
StepKind next_step(ContainerStatus known) {
  switch (known) {
    case ContainerStatus::kNone:
      return StepKind::kResolve;
    case ContainerStatus::kManifestPulled:
      return StepKind::kPull;
    case ContainerStatus::kPulled:
      return StepKind::kCreate;
    default:
      return StepKind::kStart;
  }
}

bool stop_due(const Task& task, std::size_t i, UnixNanos now) {
  const Container& c = task.containers[i];
  if (now < c.retry_stop_at) return false;
  if (c.started_again) return true;
  if (c.desired != ContainerStatus::kStopped) return false;
  return (is_running(c.known) || (c.may_run && !c.is(ContainerStatus::kStopped))) && may_stop(task, i);
}

bool advance_due(const Task& task, std::size_t i) {
  const Container& c = task.containers[i];
  return task.admitted && c.desired != ContainerStatus::kStopped && c.known < c.desired &&
         c.known < ContainerStatus::kRunning && may_advance(task, i) &&
         (!c.is(ContainerStatus::kManifestPulled) || has_resources(task, i));
}

bool is_checked(const Task& task) { return std::ranges::none_of(task.resources, &Resource::needs_check); }

bool images_are_known(const Task& task) {
  return std::ranges::all_of(task.containers,
                             [](const Container& c) { return c.known >= ContainerStatus::kManifestPulled; });
}

/// Checks come before everything else, also before the host has room: a task that cannot be run is refused at once.
/// Volumes are created when all images are known, so that no pull begins before PENDING is reported: as the original,
/// whose slower creates have that effect.
void add_resource_steps(const Task& task, std::vector<Step>& steps) {
  const bool checked = is_checked(task);
  for (std::size_t i = 0; i < task.resources.size(); ++i) {
    const Resource& r = task.resources[i];
    if (r.doing || r.desired != ResourceStatus::kCreated || r.known != ResourceStatus::kNone) continue;
    if (r.needs_check()) {
      steps.push_back({StepKind::kCheckResource, i});
    } else if (checked && task.admitted && (r.kind == ResourceKind::kCgroup || images_are_known(task))) {
      steps.push_back({StepKind::kCreateResource, i});
    }
  }
}

bool is_of_resource(StepKind kind) { return kind == StepKind::kCheckResource || kind == StepKind::kCreateResource; }

bool restart_due(const Container& c) { return c.restart_due && c.desired != ContainerStatus::kStopped; }

bool any_running(const Task& task) {
  return std::ranges::any_of(task.containers, [](const Container& c) { return is_running(c.known); });
}

}  // namespace

std::vector<Step> plan(const Task& task, base::WallTime now) {
  std::vector<Step> steps(task.outbox.size(), Step{.kind = StepKind::kReport});
  add_resource_steps(task, steps);
  const bool checked = is_checked(task);
  const bool poll = task.poll_at != 0 && nanos(now) >= task.poll_at;
  for (std::size_t i = 0; i < task.containers.size(); ++i) {
    const Container& c = task.containers[i];
    if (!c.doing) {
      if (stop_due(task, i, nanos(now))) {
        steps.push_back({StepKind::kStop, i});
      } else if (restart_due(c)) {
        steps.push_back({StepKind::kRestart, i});
      } else if (checked && advance_due(task, i)) {
        steps.push_back({next_step(c.known), i});
      }
    }
    if (poll && c.is_there()) steps.push_back({StepKind::kInspect, i});
  }
  return steps;
}

void begin(Task& task, const Step& step, base::WallTime now) {
  if (step.kind == StepKind::kReport) return;
  if (is_of_resource(step.kind)) {
    task.resources.at(step.container).doing = step.kind;
    return;
  }
  Container& c = task.containers.at(step.container);
  if (step.kind == StepKind::kInspect) {
    task.poll_at = nanos(now + task.policy.poll_interval);
  } else {
    c.doing = step.kind;
    c.restart_due = false;
  }
}

Report take_report(Task& task) {
  if (task.outbox.empty()) throw std::logic_error("no report to take");
  Report report = std::move(task.outbox.front());
  task.outbox.erase(task.outbox.begin());
  return report;
}

bool adds_something(const Task& task, const Report& report) {
  return report.status > task.sent || std::ranges::any_of(report.containers, [&](const ContainerReport& c) {
           const auto at = task.find(c.name);
           return at && c.status > task.containers[*at].sent;
         });
}

std::optional<base::WallTime> next_wake(const Task& task, base::WallTime looked) {
  // A limit has passed only after its moment.
  constexpr auto kAfter = std::chrono::milliseconds(1);
  auto next = next_timeout(task, looked - kAfter);
  if (next) *next += kAfter;
  const auto consider = [&next, looked](UnixNanos when) {
    if (wall_time(when) > looked && (!next || wall_time(when) < *next)) next = wall_time(when);
  };
  if (any_running(task)) consider(task.poll_at);
  for (const Container& c : task.containers) {
    const bool stopping =
        c.started_again || (c.desired == ContainerStatus::kStopped && !c.is(ContainerStatus::kStopped));
    if (stopping && !c.doing) consider(c.retry_stop_at);
  }
  return next;
}

}  // namespace ecs::task
