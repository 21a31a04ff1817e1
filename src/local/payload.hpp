// Task definition to ACS payload, as ECS does it: pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "acs/messages.hpp"
#include "local/definition_types.hpp"

namespace ecs::local {

/// What a run of a definition adds to it.
struct TaskIdentity {
  std::string task_arn;
  std::string cluster_arn;
  std::string group;                        ///< `family:<family>` unless the caller of RunTask named one.
  std::vector<std::string> container_arns;  ///< One for each container definition, in order.
  std::vector<Texts> gpu_ids;               ///< Likewise; may be shorter.
};

/// Refuses a definition with ApiError: ClientException for members that cannot be honoured, naming them; in the same
/// way for missing members and values outside the model. Succeeds silently.
void validate(const RegisterTaskDefinitionRequest& request);

/// Refuses overrides that name no container of the definition or that cannot be honoured.
void validate(const TaskOverride& overrides, const TaskDefinition& definition);

/// The definition that a valid request registers, with the defaults of ECS filled in (essential, protocol, health
/// check times, attributes that an instance must have). ARN, revision and time stay empty.
[[nodiscard]] TaskDefinition normalize(RegisterTaskDefinitionRequest request);

/// The task as it goes to the agent, desired RUNNING. Both arguments have passed validate(). Environment, cpu and
/// memory overrides are merged into the containers; a command override goes as the container's `overrides` JSON.
[[nodiscard]] acs::Task to_payload(const TaskDefinition& definition, const TaskOverride& overrides,
                                   const TaskIdentity& identity);

/// The container's `dockerConfig`: Docker's own JSON for all that the payload has no member for (engine.md 4.3).
/// Overrides are merged into `container` already.
[[nodiscard]] acs::DockerConfig docker_config(const ContainerDefinition& container, const std::string& network_mode);

/// The GPUs that the container requires; 0 when it requires none, or the text is no number from 1 to 99.
[[nodiscard]] std::size_t gpu_count(const ContainerDefinition& container);

/// Task size in CPU units (1024 to the vCPU) from `256`, `.5 vCPU`, `1 vcpu`; MiB from `512`, `1GB`, `0.5 GB`. Throws
/// ApiError naming `member`.
[[nodiscard]] std::int32_t parse_cpu(const std::string& text, const std::string& member);
[[nodiscard]] std::int32_t parse_memory(const std::string& text, const std::string& member);

}  // namespace ecs::local
