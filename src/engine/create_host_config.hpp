// The HostConfig of a create request (engine.md 4.3 steps 1 to 6, 4.4, 4.7).
#pragma once

#include <boost/json/fwd.hpp>

#include "engine/create_body.hpp"

namespace ecs::engine {

/// Throws StepError: HostConfigError.
[[nodiscard]] boost::json::object host_config_of(const CreateInput& input);

}  // namespace ecs::engine
