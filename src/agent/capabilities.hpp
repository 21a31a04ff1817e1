// The attributes with which this instance registers: what it says it can do (ecs-api.md 4.4).
#pragma once

#include <string>
#include <vector>

#include "aws/ecs_types.hpp"
#include "config/config.hpp"

namespace ecs::agent {

/// What the attributes depend on besides the configuration, in which limits of tasks are on only if they are possible.
struct CapabilityFacts {
  std::vector<std::string> docker_api_versions;  ///< Usable ones, `1.17` and up, ascending.
  std::string gpu_driver_version;                ///< Empty: none is known.
  bool optimized_cpu = false;                    ///< See has_optimized_cpu().
  std::vector<std::string> volume_drivers;       ///< See volume_driver_names().
};

/// Capabilities in the order of the wire. A capability is listed only when the agent really has it; those for which
/// the original does nothing itself are listed as it does.
[[nodiscard]] std::vector<aws::Attribute> capabilities(const config::Config& config, const CapabilityFacts& facts);

/// Everything that is registered: custom attributes (first registration only), capabilities, OS, and the CPU
/// architecture on external instances. `outpost_arn` may be empty.
[[nodiscard]] std::vector<aws::Attribute> registration_attributes(const config::Config& config,
                                                                  const CapabilityFacts& facts, bool first,
                                                                  const std::string& outpost_arn);

/// CPU, MEMORY, PORTS, PORTS_UDP in that order. Throws std::invalid_argument when more memory is reserved than there
/// is.
[[nodiscard]] std::vector<aws::Resource> registration_resources(const config::Config& config, int cpus,
                                                                std::int64_t memory_mib);

}  // namespace ecs::agent
