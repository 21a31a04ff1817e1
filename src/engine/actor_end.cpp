// What is left to do when a task has ended: its containers and its rows go, some time after the control plane knows.
#include <algorithm>

#include "engine/actor.hpp"
#include "engine/rows.hpp"
#include "log/log.hpp"

namespace ecs::engine {

namespace {

constexpr base::Duration kSentPoll = std::chrono::seconds(30);
constexpr int kSentPolls = 8640;  // 72 h

}  // namespace

base::Async<> TaskActor::finish() {
  const base::Duration jitter(static_cast<base::Duration::rep>(
      parts_.random.below(static_cast<std::uint64_t>(parts_.settings.cleanup_jitter.count()))));
  const base::WallTime due = task::wall_time(task_.known_at) + parts_.settings.cleanup_wait + jitter;
  co_await parts_.clock.sleep_for(std::max(due - now(), base::Duration::zero()));
  int polls = 0;
  while (task_.sent != task::TaskStatus::kStopped && !quarantined_) {
    if (++polls > kSentPolls) {
      log::error("The task's end was never accepted; nothing of it is removed", {{"task", task_.id()}});
      co_return;
    }
    co_await parts_.clock.sleep_for(kSentPoll);
  }
  if (!quarantined_) co_await sweep();
}

/// A crash in the middle leaves rows of an ended task: the next process sweeps it again, and what is gone already is no
/// failure. The rows go last.
base::Async<> TaskActor::sweep() {
  for (std::size_t i = 0; i < task_.containers.size(); ++i) {
    const std::string id = ref(i).id_or_name;
    if (id.empty()) continue;
    try {
      co_await parts_.docker.remove_container(id, false);
    } catch (const docker::Error& e) {
      log::warn("Could not remove a container of an ended task", {{"task", task_.id()}, {"id", id}, {"error", e}});
    }
  }
  co_await remove_resources();
  while (true) {
    try {
      (void)co_await parts_.store.commit(deletions_of(task_));
      break;
    } catch (const store::Error& e) {
      log::error("Could not remove the rows of an ended task", {{"task", task_.id()}, {"error", e}});
    }
    co_await parts_.clock.sleep_for(kSentPoll);
  }
  log::info("The task is removed", {{"task", task_.id()}});
  parts_.on_finished(task_.arn);
}

}  // namespace ecs::engine
