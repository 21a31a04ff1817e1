// What can happen to a task. Observations are facts: they are told to `observe`, which draws the conclusions.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "task/task.hpp"

namespace ecs::task {

/// A container as an inspect shows it.
struct Facts {
  ContainerStatus status = ContainerStatus::kNone;  ///< kCreated, kRunning or kStopped.
  std::string docker_id;
  std::string image_id;
  std::optional<int> exit_code;
  std::optional<Error> error;  ///< OutOfMemoryError or DockerStateError.
  std::vector<PortBinding> bindings;
  std::map<std::string, std::string> labels;
  std::vector<Mount> mounts;
  UnixNanos created_at = 0;
  UnixNanos started_at = 0;
  UnixNanos finished_at = 0;
  Health health = Health::kUnknown;
  std::string health_output;  ///< Of the last check, at most 1024 bytes.
  std::optional<int> health_exit_code;
};

/// The control plane wants this. A status that is not higher than before changes nothing.
struct Wanted {
  TaskStatus status = TaskStatus::kNone;
};

/// The host's resources are counted for the task.
struct Admitted {};

/// This host can never give the task what it needs.
struct Unfit {
  std::string reason;  ///< Of the task, as the user sees it.
};

/// The digest of a container's image was looked for.
struct Resolved {
  std::size_t container = 0;
  std::string digest;  ///< Empty: the image has none.
  bool news = true;    ///< False when the payload named the digest itself.
  bool image_present = false;
};

struct PullStarted {
  std::size_t container = 0;
};

/// The pull step is over; `pulled` is false when nothing had to be pulled.
struct Pulled {
  std::size_t container = 0;
  bool pulled = true;
};

/// A container was seen. `ends` is the step whose result this is, if it is one.
struct Seen {
  std::size_t container = 0;
  Facts facts;
  std::optional<StepKind> ends;
  /// Somebody stopped it by the engine (`docker stop`), which a restart policy does not undo.
  bool stopped_by_hand = false;
};

/// A step failed.
struct StepFailed {
  std::size_t container = 0;
  StepKind step = StepKind::kResolve;
  Error error;
  bool engine_answers = true;      ///< Of a stop: without an engine nothing is concluded from the failure.
  bool may_have_happened = false;  ///< Of a start or restart: the container may run all the same.
  bool image_is_nowhere = false;   ///< Of a pull: no local image can take its place, so an essential container is lost.
};

/// The engine answered that it does not know the container any more.
struct Vanished {
  std::size_t container = 0;
};

/// A resource was compared with what the host has. `refused`: why the task cannot be run with it; nothing was done yet.
struct ResourceChecked {
  std::size_t resource = 0;
  bool exists = false;  ///< As it is needed: nothing has to be created.
  std::string refused;
};

struct ResourceCreated {
  std::size_t resource = 0;
};

/// It cannot be created: the task stops.
struct ResourceFailed {
  std::size_t resource = 0;
  std::string reason;
};

/// It is gone, or as good as.
struct ResourceRemoved {
  std::size_t resource = 0;
};

/// Every container of the task was looked for after a restart; by its index, nothing for one that the engine does not
/// know. Taken as one, since the end of one container decides what becomes of the others.
struct Recovered {
  std::vector<std::optional<Facts>> containers;
};

/// Time has passed: see next_wake().
struct Tick {};

/// Send what is collected although the task's own status has not changed.
struct Drain {};

/// The control plane has accepted the report.
struct ReportSent {
  Report report;
};

using Observation =
    std::variant<Wanted, Admitted, Unfit, Resolved, PullStarted, Pulled, Seen, StepFailed, Vanished, Recovered,
                 ResourceChecked, ResourceCreated, ResourceFailed, ResourceRemoved, Tick, Drain, ReportSent>;

}  // namespace ecs::task
