// Short ways to make tasks in tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "task/planner.hpp"

namespace ecs::task::testing {

inline constexpr base::WallTime kStart{std::chrono::seconds(1767225600)};

inline Container container(std::string name, bool essential = true, std::vector<Dependency> depends_on = {}) {
  Container c;
  c.name = std::move(name);
  c.image = "busybox:1";
  c.essential = essential;
  c.depends_on = std::move(depends_on);
  c.docker_name = "ecs-f-1-" + c.name + "-0123";
  return c;
}

inline Task make_task(std::vector<Container> containers, TaskStatus desired = TaskStatus::kRunning) {
  Task t;
  t.arn = "arn:aws:ecs:us-west-2:123456789012:task/c/0af3";
  t.containers = std::move(containers);
  observe(t, Wanted{desired}, kStart);
  observe(t, Admitted{}, kStart);
  return t;
}

inline Facts facts(ContainerStatus status, std::optional<int> exit_code = std::nullopt) {
  Facts f;
  f.status = status;
  f.docker_id = "id";
  f.created_at = nanos(kStart);
  if (status != ContainerStatus::kCreated) f.started_at = nanos(kStart);
  if (status == ContainerStatus::kStopped) f.finished_at = nanos(kStart) + 1;
  f.exit_code = exit_code;
  return f;
}

/// A task with a hand on it: plays the engine for one container at a time.
struct Play {
  Task task;
  base::WallTime now = kStart;

  void see(const Observation& what) { observe(task, what, now); }
  [[nodiscard]] std::vector<Step> steps() const { return plan(task, now); }
  [[nodiscard]] Container& at(std::size_t i) { return task.containers.at(i); }

  [[nodiscard]] bool wants(StepKind kind, std::size_t i = 0) const {
    for (const Step& s : steps()) {
      if (s.kind == kind && (kind == StepKind::kReport || s.container == i)) return true;
    }
    return false;
  }

  void start_step(StepKind kind, std::size_t i) { begin(task, {kind, i}, now); }

  /// Begins the step and lets it succeed.
  void pass(StepKind kind, std::size_t i = 0) {
    start_step(kind, i);
    switch (kind) {
      case StepKind::kResolve:
        return see(Resolved{.container = i, .digest = "sha256:aa"});
      case StepKind::kPull:
        see(PullStarted{i});
        return see(Pulled{.container = i});
      case StepKind::kCreate:
        return see(Seen{i, facts(ContainerStatus::kCreated), kind});
      case StepKind::kStart:
        return see(Seen{i, facts(ContainerStatus::kRunning), kind});
      case StepKind::kRestart: {
        Facts again = facts(ContainerStatus::kRunning);
        again.started_at = nanos(now);
        return see(Seen{i, again, kind});
      }
      case StepKind::kStop:
        return see(Seen{i, facts(ContainerStatus::kStopped, 137), kind});
      case StepKind::kCheckResource:
        return see(ResourceChecked{.resource = i, .refused = {}});
      case StepKind::kCreateResource:
        return see(ResourceCreated{i});
      case StepKind::kInspect:
      case StepKind::kReport:
        return;
    }
  }

  void fail(StepKind kind, std::size_t i, std::string name, std::string text = "boom") {
    start_step(kind, i);
    see(StepFailed{.container = i, .step = kind, .error = {std::move(name), std::move(text)}});
  }

  /// As far as `status` on the normal way.
  void bring(std::size_t i, ContainerStatus status) {
    if (at(i).known < status && at(i).known == ContainerStatus::kNone) pass(StepKind::kResolve, i);
    if (at(i).known < status && at(i).known == ContainerStatus::kManifestPulled) pass(StepKind::kPull, i);
    if (at(i).known < status && at(i).known == ContainerStatus::kPulled) pass(StepKind::kCreate, i);
    if (at(i).known < status && at(i).known == ContainerStatus::kCreated) pass(StepKind::kStart, i);
  }

  void exits(std::size_t i, int code) { see(Seen{i, facts(ContainerStatus::kStopped, code), {}}); }

  std::vector<Report> reports() {
    std::vector<Report> all;
    while (!task.outbox.empty()) all.push_back(take_report(task));
    return all;
  }
};

inline Play play(std::vector<Container> containers) { return {.task = make_task(std::move(containers))}; }

}  // namespace ecs::task::testing
