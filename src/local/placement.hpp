// Does a task fit on an instance? The account is kept as the agent keeps its own (engine.md 2.3).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "local/resource_types.hpp"
#include "local/state.hpp"

namespace ecs::local {

/// What a task takes of an instance.
struct Demand {
  std::int64_t cpu = 0;     ///< Units.
  std::int64_t memory = 0;  ///< MiB.
  std::set<std::string> tcp_ports;
  std::set<std::string> udp_ports;
  std::size_t gpus = 0;
};

[[nodiscard]] Demand demand_of(const TaskDefinition& definition, const TaskOverride& overrides);

/// The registered resources less what `tasks` take; ports are those taken, as ECS lists them.
[[nodiscard]] std::vector<Resource> remaining_resources(State& state, const InstanceRecord& instance,
                                                        const std::vector<const TaskRecord*>& tasks);

/// The ids of the GPUs that no task has, of an instance with its remaining resources.
[[nodiscard]] Texts free_gpus(const ContainerInstance& instance);

/// Why the task cannot be placed: AGENT, ATTRIBUTE, RESOURCE:CPU, RESOURCE:MEMORY, RESOURCE:PORTS, RESOURCE:GPU, with
/// the detail that names what is missing. Nothing when it fits.
[[nodiscard]] std::optional<Failure> why_not(const ContainerInstance& instance, const TaskDefinition& definition,
                                             const Demand& demand, const std::string& machine);

}  // namespace ecs::local
