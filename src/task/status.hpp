// The status lattices of containers and tasks, and the words they are known by. Order matters: a later value is further
// on, and a known status only moves forward.
#pragma once

#include <string_view>

namespace ecs::task {

enum class ContainerStatus { kNone, kManifestPulled, kPulled, kCreated, kRunning, kResourcesProvisioned, kStopped };

/// kPulled is never used; it keeps the order of the two lattices alike.
enum class TaskStatus { kNone, kManifestPulled, kPulled, kCreated, kRunning, kStopped };

/// Of what a task needs besides containers. kRemoved is reached from anywhere.
enum class ResourceStatus { kNone, kCreated, kRemoved };

enum class Health { kUnknown, kHealthy, kUnhealthy };

/// Those that are not kNormal are the agent's own: nobody is told of them.
enum class ContainerType { kNormal, kNamespacePause };
[[nodiscard]] std::string_view to_string(ContainerType type);
[[nodiscard]] bool from_string(std::string_view word, ContainerType& type);

/// When a container may go on, said of another container.
enum class Condition { kCreate, kStart, kComplete, kSuccess, kHealthy };

enum class PullBehavior { kDefault, kAlways, kOnce, kPreferCached };

/// One piece of work on a container or a resource, or a report on the task.
enum class StepKind {
  kResolve,
  kPull,
  kCreate,
  kStart,
  kRestart,
  kStop,
  kInspect,
  kReport,
  kCheckResource,  ///< Whether what exists already is what the task needs; before anything else is done.
  kCreateResource,
};
[[nodiscard]] std::string_view to_string(StepKind kind);

/// The internal word: NONE, MANIFEST_PULLED, ... In state rows and in events of the agent.
[[nodiscard]] std::string_view to_string(ContainerStatus status);
[[nodiscard]] std::string_view to_string(TaskStatus status);
[[nodiscard]] std::string_view to_string(ResourceStatus status);
[[nodiscard]] std::string_view to_string(Health health);
[[nodiscard]] std::string_view to_string(Condition condition);
[[nodiscard]] std::string_view to_string(PullBehavior behavior);

/// False when the word is not one of the lattice. Legacy words are accepted: UNKNOWN is NONE, DEAD is STOPPED.
[[nodiscard]] bool from_string(std::string_view word, ContainerStatus& status);
[[nodiscard]] bool from_string(std::string_view word, TaskStatus& status);
[[nodiscard]] bool from_string(std::string_view word, ResourceStatus& status);
[[nodiscard]] bool from_string(std::string_view word, Health& health);
[[nodiscard]] bool from_string(std::string_view word, Condition& condition);
[[nodiscard]] bool from_string(std::string_view word, PullBehavior& behavior);

/// What the control plane sees: RUNNING, STOPPED, and PENDING for all else.
[[nodiscard]] std::string_view wire_word(ContainerStatus status);
[[nodiscard]] std::string_view wire_word(TaskStatus status);

/// The status of a task whose least advanced container has this one.
[[nodiscard]] TaskStatus task_status_of(ContainerStatus status);

[[nodiscard]] inline bool is_running(ContainerStatus status) {
  return status == ContainerStatus::kRunning || status == ContainerStatus::kResourcesProvisioned;
}

}  // namespace ecs::task
