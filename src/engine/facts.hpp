// What an inspect means for a task (engine.md 4.10).
#pragma once

#include "docker/types.hpp"
#include "task/observation.hpp"

namespace ecs::engine {

[[nodiscard]] task::Facts facts_of(const docker::ContainerInspect& seen);

}  // namespace ecs::engine
