// What the task needs besides containers: made before the first pull, removed at the end.
#include <utility>

#include "engine/actor.hpp"
#include "log/log.hpp"

namespace ecs::engine {

base::Async<task::Observation> TaskActor::check_resource(std::size_t resource) {
  task::ResourceChecked result = co_await parts_.resource_steps.check(task_.resources[resource]);
  result.resource = resource;
  if (!result.refused.empty()) {
    result.refused = "resource cannot be initialized for task " + task_.arn + ": " + result.refused;
  }
  co_return result;
}

base::Async<task::Observation> TaskActor::create_resource(std::size_t resource) {
  // Its name was stored when the task was accepted.
  std::string reason = co_await parts_.resource_steps.create(stored_, task_.resources[resource]);
  if (reason.empty()) co_return task::ResourceCreated{resource};
  co_return task::ResourceFailed{resource, std::move(reason)};
}

/// Containers come first: a volume in use cannot be removed, nor can a cgroup with processes.
base::Async<> TaskActor::remove_resources() {
  for (std::size_t i = 0; i < task_.resources.size(); ++i) {
    // A create that outlived the task would leave behind what nobody knows of.
    while (task_.resources[i].doing) co_await letter_done_.wait();
    co_await parts_.resource_steps.remove(std::string(task_.id()), task_.resources[i]);
    tell(task::ResourceRemoved{i});
  }
}

}  // namespace ecs::engine
