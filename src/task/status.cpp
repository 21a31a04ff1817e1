#include "task/status.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <utility>

#include "task/task.hpp"

namespace ecs::task {

namespace {

template <class E, std::size_t N>
std::string_view word_of(const std::array<std::pair<E, std::string_view>, N>& words, E value) {
  const auto* found = std::ranges::find(words, value, &std::pair<E, std::string_view>::first);
  return found == words.end() ? "NONE" : found->second;
}

template <class E, std::size_t N>
bool value_of(const std::array<std::pair<E, std::string_view>, N>& words, std::string_view word, E& value) {
  const auto* found = std::ranges::find(words, word, &std::pair<E, std::string_view>::second);
  if (found == words.end()) return false;
  value = found->first;
  return true;
}

// The first word of a value is the one that is written.
constexpr std::array<std::pair<ContainerStatus, std::string_view>, 9> kContainerWords{{
    {ContainerStatus::kNone, "NONE"},
    {ContainerStatus::kManifestPulled, "MANIFEST_PULLED"},
    {ContainerStatus::kPulled, "PULLED"},
    {ContainerStatus::kCreated, "CREATED"},
    {ContainerStatus::kRunning, "RUNNING"},
    {ContainerStatus::kResourcesProvisioned, "RESOURCES_PROVISIONED"},
    {ContainerStatus::kStopped, "STOPPED"},
    {ContainerStatus::kNone, "UNKNOWN"},
    {ContainerStatus::kStopped, "DEAD"},
}};

constexpr std::array<std::pair<TaskStatus, std::string_view>, 7> kTaskWords{{
    {TaskStatus::kNone, "NONE"},
    {TaskStatus::kManifestPulled, "MANIFEST_PULLED"},
    {TaskStatus::kCreated, "CREATED"},
    {TaskStatus::kRunning, "RUNNING"},
    {TaskStatus::kStopped, "STOPPED"},
    {TaskStatus::kNone, "UNKNOWN"},
    {TaskStatus::kStopped, "DEAD"},
}};

constexpr std::array<std::pair<ResourceStatus, std::string_view>, 3> kResourceWords{{
    {ResourceStatus::kNone, "NONE"},
    {ResourceStatus::kCreated, "CREATED"},
    {ResourceStatus::kRemoved, "REMOVED"},
}};

constexpr std::array<std::pair<ResourceKind, std::string_view>, 2> kResourceKinds{{
    {ResourceKind::kCgroup, "cgroup"},
    {ResourceKind::kVolume, "dockerVolume"},
}};

constexpr std::array<std::pair<Health, std::string_view>, 3> kHealthWords{{
    {Health::kUnknown, "UNKNOWN"},
    {Health::kHealthy, "HEALTHY"},
    {Health::kUnhealthy, "UNHEALTHY"},
}};

constexpr std::array<std::pair<ContainerType, std::string_view>, 2> kContainerTypes{{
    {ContainerType::kNormal, "NORMAL"},
    {ContainerType::kNamespacePause, "NAMESPACE_PAUSE"},
}};

constexpr std::array<std::pair<Condition, std::string_view>, 5> kConditionWords{{
    {Condition::kCreate, "CREATE"},
    {Condition::kStart, "START"},
    {Condition::kComplete, "COMPLETE"},
    {Condition::kSuccess, "SUCCESS"},
    {Condition::kHealthy, "HEALTHY"},
}};

constexpr std::array<std::pair<PullBehavior, std::string_view>, 4> kPullWords{{
    {PullBehavior::kDefault, "default"},
    {PullBehavior::kAlways, "always"},
    {PullBehavior::kOnce, "once"},
    {PullBehavior::kPreferCached, "prefer-cached"},
}};

constexpr std::array<std::pair<StepKind, std::string_view>, 10> kStepWords{{
    {StepKind::kResolve, "resolve"},
    {StepKind::kPull, "pull"},
    {StepKind::kCreate, "create"},
    {StepKind::kStart, "start"},
    {StepKind::kRestart, "restart"},
    {StepKind::kStop, "stop"},
    {StepKind::kInspect, "inspect"},
    {StepKind::kReport, "report"},
    {StepKind::kCheckResource, "check of resource"},
    {StepKind::kCreateResource, "create of resource"},
}};

}  // namespace

std::string_view to_string(ContainerStatus status) { return word_of(kContainerWords, status); }
std::string_view to_string(TaskStatus status) { return word_of(kTaskWords, status); }
std::string_view to_string(ResourceStatus status) { return word_of(kResourceWords, status); }
std::string_view to_string(ResourceKind kind) { return word_of(kResourceKinds, kind); }
std::string_view to_string(Health health) { return word_of(kHealthWords, health); }
std::string_view to_string(ContainerType type) { return word_of(kContainerTypes, type); }
std::string_view to_string(Condition condition) { return word_of(kConditionWords, condition); }
std::string_view to_string(PullBehavior behavior) { return word_of(kPullWords, behavior); }
std::string_view to_string(StepKind kind) { return word_of(kStepWords, kind); }

bool from_string(std::string_view word, ContainerStatus& status) { return value_of(kContainerWords, word, status); }
bool from_string(std::string_view word, TaskStatus& status) { return value_of(kTaskWords, word, status); }
bool from_string(std::string_view word, ResourceStatus& status) { return value_of(kResourceWords, word, status); }
bool from_string(std::string_view word, ResourceKind& kind) { return value_of(kResourceKinds, word, kind); }
bool from_string(std::string_view word, Health& health) { return value_of(kHealthWords, word, health); }
bool from_string(std::string_view word, ContainerType& type) { return value_of(kContainerTypes, word, type); }
bool from_string(std::string_view word, Condition& condition) { return value_of(kConditionWords, word, condition); }
bool from_string(std::string_view word, PullBehavior& behavior) { return value_of(kPullWords, word, behavior); }

std::string_view wire_word(ContainerStatus status) {
  if (is_running(status)) return "RUNNING";
  return status == ContainerStatus::kStopped ? "STOPPED" : "PENDING";
}

std::string_view wire_word(TaskStatus status) {
  if (status == TaskStatus::kRunning) return "RUNNING";
  return status == TaskStatus::kStopped ? "STOPPED" : "PENDING";
}

TaskStatus task_status_of(ContainerStatus status) {
  switch (status) {
    case ContainerStatus::kNone:
      return TaskStatus::kNone;
    case ContainerStatus::kManifestPulled:
    case ContainerStatus::kPulled:
      return TaskStatus::kManifestPulled;
    case ContainerStatus::kCreated:
      return TaskStatus::kCreated;
    case ContainerStatus::kRunning:
    case ContainerStatus::kResourcesProvisioned:
      return TaskStatus::kRunning;
    case ContainerStatus::kStopped:
      return TaskStatus::kStopped;
  }
  return TaskStatus::kNone;
}

}  // namespace ecs::task
