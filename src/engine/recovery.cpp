// What the last process left behind: its rows, and the containers that belong to them (engine.md 8.6).
#include <algorithm>
#include <utility>

#include "engine/impl.hpp"
#include "log/log.hpp"

namespace ecs::engine {

namespace {

/// Its containers use the host already.
bool holds_resources(const task::Task& task) {
  return !task.ended() && std::ranges::any_of(task.containers, [](const task::Container& c) {
    return c.known >= task::ContainerStatus::kManifestPulled && c.known < task::ContainerStatus::kStopped;
  });
}

}  // namespace

void Engine::Impl::report_lost(const LostRow& lost) {
  log::error("Part of the saved state cannot be read; its rows stay where they are", {{"error", lost.problem}});
  if (lost.task.empty()) return;
  task::Task task;
  task.arn = lost.task;
  const task::Report report{.status = task::TaskStatus::kStopped,
                            .reason = "TaskStateError: the saved state cannot be read: " + lost.problem};
  reporter.send({.request = request_of(task, report, settings)});
}

/// Every container that may exist is looked for, by its id or by the name chosen for it: what was created or started
/// just before a crash is known here although no row says so, and is neither created nor started again.
base::Async<> Engine::Impl::find_containers(task::Task& task) {
  task::Recovered found;
  for (const task::Container& c : task.containers) {
    const std::string id = c.docker_id.empty() ? c.docker_name : c.docker_id;
    // Of an ended container the rows know all there is to know.
    const bool ended = c.is(task::ContainerStatus::kStopped) || id.empty();
    found.containers.push_back(ended ? std::nullopt : co_await steps.look({id, std::nullopt}));
  }
  task::observe(task, found, parts.clock.wall());
  // What is to be reported is collected anew from what is known now and was not accepted yet.
  task.events.clear();
  task.outbox.clear();
  --searches;
  search_done.pulse();
}

base::Async<> Engine::Impl::recover() {
  images.load();
  loaded = load_tasks(parts.store);
  scope.spawn("container engine events", events.run());
  co_await events.opened();

  searches = loaded.tasks.size();
  for (task::Task& task : loaded.tasks) scope.spawn("look for " + task.arn, find_containers(task));
  while (searches > 0) co_await search_done.wait();

  if (!loaded.tasks.empty()) {
    std::vector<store::Write> batch;
    for (const task::Task& task : loaded.tasks) {
      for (store::Write& row : rows_of(task)) batch.push_back(std::move(row));
    }
    const store::Committed stored = co_await parts.store.commit(std::move(batch));
    for (const task::Task& task : loaded.tasks) {
      if (holds_resources(task)) resources.take(task.arn, holdings_of(task));
    }
    for (task::Task& task : loaded.tasks) {
      const bool holds = holds_resources(task);
      log::info("Took up a task again", {{"task", task.id()},
                                         {"knownStatus", log::bare(task::to_string(task.known))},
                                         {"desiredStatus", log::bare(task::to_string(task.desired))}});
      add(std::move(task), stored, holds);
    }
  }
  for (const LostRow& lost : loaded.lost) report_lost(lost);
  loaded = {};
  scope.spawn("container events", follow_events());
  scope.spawn("collected reports", drain_reports());
  scope.spawn("queue for host resources", look_at_queue());
  scope.spawn("finished tasks", remove_finished());
}

}  // namespace ecs::engine
