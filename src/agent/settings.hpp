// From the configuration to what the parts are told.
#pragma once

#include "config/config.hpp"
#include "docker/client.hpp"
#include "engine/settings.hpp"

namespace ecs::agent {

[[nodiscard]] docker::Timeouts docker_timeouts(const config::Config& config);

/// `cluster` is the one registered into; cpus and memory as in host.hpp.
[[nodiscard]] engine::Settings engine_settings(const config::Config& config, const std::string& cluster, int cpus,
                                               std::int64_t memory_mib);

}  // namespace ecs::agent
