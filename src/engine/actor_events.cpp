// What local tools see of the task.
#include <utility>

#include "engine/actor.hpp"
#include "log/log.hpp"

namespace ecs::engine {

void TaskActor::emit(Event event) {
  if (parts_.sink == nullptr) return;
  event.time = now();
  event.task = task_.arn;
  parts_.sink->emit(event);
}

TaskActor::Shown TaskActor::shown() const {
  Shown shown{.known = task_.known, .containers = {}};
  shown.containers.reserve(task_.containers.size());
  for (const task::Container& c : task_.containers) {
    shown.containers.push_back({c.known, c.health, !c.docker_id.empty()});
  }
  return shown;
}

void TaskActor::show_container(const task::Container& c) {
  log::info("Container changed", {{"task", task_.id()},
                                  {"container", c.name},
                                  {"knownStatus", log::bare(task::to_string(c.known))},
                                  {"desiredStatus", log::bare(task::to_string(c.desired))}});
  emit({.kind = Event::Kind::kContainerStatus,
        .container = c.name,
        .status = std::string(task::to_string(c.known)),
        .reason = c.error ? c.error->full() : std::string(),
        .exit_code = c.exit_code,
        .runtime_id = c.docker_id,
        .image = c.image});
}

void TaskActor::show_changes(const Shown& before) {
  for (std::size_t i = 0; i < task_.containers.size(); ++i) {
    const task::Container& c = task_.containers[i];
    if (!before.containers[i].has_id && !c.docker_id.empty()) parts_.on_docker_id(task_.arn, c.docker_id);
    if (c.known != before.containers[i].known) show_container(c);
    if (c.health == before.containers[i].health) continue;
    emit({.kind = Event::Kind::kHealth,
          .container = c.name,
          .status = std::string(task::to_string(c.health)),
          .runtime_id = c.docker_id,
          .image = c.image});
  }
  if (task_.known == before.known) return;
  log::info("Task changed", {{"task", task_.id()},
                             {"knownStatus", log::bare(task::to_string(task_.known))},
                             {"desiredStatus", log::bare(task::to_string(task_.desired))}});
  emit({.kind = Event::Kind::kTaskStatus, .status = std::string(task::to_string(task_.known)), .reason = task_.reason});
}

void TaskActor::show_progress(const std::string& container, const std::string& image,
                              const docker::PullProgress& progress) {
  const bool counted = progress.progress_detail.has_value();
  emit({.kind = Event::Kind::kPullProgress,
        .container = container,
        .image = image,
        .layer = progress.id,
        .detail = progress.status,
        .current = counted ? progress.progress_detail->current : 0,
        .total = counted ? progress.progress_detail->total : 0});
}

}  // namespace ecs::engine
