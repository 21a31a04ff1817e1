// Loads the configuration with what instance metadata adds to it.
#pragma once

#include "aws/imds.hpp"
#include "base/async.hpp"
#include "config/loader.hpp"

namespace ecs::aws {

/// Environment, file, user data, region. Throws config::Error; its text is what the agent logs before exit code 1.
base::Async<config::Config> load_config(config::Environment environment, config::Host host, Imds& imds);

}  // namespace ecs::aws
