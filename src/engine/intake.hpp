// From the task as ACS sends it to the task as the engine runs it (acs.md 9 and 10, engine.md 2.1).
#pragma once

#include <string>
#include <variant>

#include "acs/task_shapes.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "engine/settings.hpp"
#include "task/task.hpp"

namespace ecs::engine {

/// The task cannot be read at all: reported STOPPED as `UnrecogniedTaskError: Error loading task - <cause>`, never run,
/// and the payload is not acknowledged.
struct Refused {
  std::string arn;  ///< Empty: nobody to report to.
  std::string cause;
};

/// A task to run; or one with neither containers nor a future: known STOPPED with its `reason`, to be reported and kept
/// as any other.
using Intake = std::variant<task::Task, Refused>;

/// Converts one task. Docker names and the uuid of the metadata variables are drawn from `random`. Throws nothing.
[[nodiscard]] Intake convert(const acs::Task& payload, const Settings& settings, base::Random& random,
                             base::WallTime now);

/// The reason of a refused task as it is on the wire, misspelling included.
[[nodiscard]] std::string refusal_reason(const Refused& refused);

/// What the task asks for that this agent does not do: `container app: secrets`; empty when there is nothing.
[[nodiscard]] std::string unsupported(const acs::Task& payload);

/// The docker name of a container: `ecs-<family>-<version>-<clean name>-<20 hex digits>`.
[[nodiscard]] std::string docker_name(const std::string& family, const std::string& version, const std::string& name,
                                      base::Random& random);

}  // namespace ecs::engine
