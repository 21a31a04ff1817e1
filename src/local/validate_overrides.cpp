#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <set>

#include "local/check.hpp"
#include "local/payload.hpp"

namespace ecs::local {
namespace {

constexpr std::int64_t kMaxInt = std::numeric_limits<std::int32_t>::max();
constexpr std::int64_t kMinMemoryMib = 6;

void validate_container(const ContainerOverride& container, const TaskDefinition& definition, const std::string& path) {
  require(!container.name.value_or("").empty(), path + ".name");
  const auto found = std::ranges::find(definition.container_definitions, *container.name, &ContainerDefinition::name);
  if (found == definition.container_definitions.end()) {
    throw invalid_parameter(fmt::format("{}.name: '{}' is no container of task definition {}:{}", path, *container.name,
                                        definition.family, definition.revision));
  }
  refuse(container.environment_files, path + ".environmentFiles", "it has no S3");
  refuse(container.resource_requirements, path + ".resourceRequirements", "it places no GPUs");
  const auto environment = container.environment.value_or(std::vector<KeyValue>());
  for (std::size_t i = 0; i < environment.size(); ++i) {
    require(!environment[i].name.value_or("").empty(), at(path + ".environment", i) + ".name");
  }
  check_range(container.cpu, 0, kMaxInt, path + ".cpu");
  check_range(container.memory, kMinMemoryMib, kMaxInt, path + ".memory");
  check_range(container.memory_reservation, kMinMemoryMib, kMaxInt, path + ".memoryReservation");
  const OptionalInt memory = container.memory ? container.memory : found->memory;
  const OptionalInt reservation =
      container.memory_reservation ? container.memory_reservation : found->memory_reservation;
  if (memory && reservation && *memory < *reservation) {
    throw invalid_parameter(
        fmt::format("{}.memory: {} MiB are below the reservation of {} MiB", path, *memory, *reservation));
  }
}

}  // namespace

void validate(const TaskOverride& overrides, const TaskDefinition& definition) {
  const std::string own = "overrides";
  refuse(overrides.inference_accelerator_overrides, own + ".inferenceAcceleratorOverrides",
         "it has no Elastic Inference");
  refuse(overrides.execution_role_arn, own + ".executionRoleArn", "it has no role credentials to give to the agent");
  refuse(overrides.task_role_arn, own + ".taskRoleArn", "it has no role credentials to give to a task");
  refuse(overrides.ephemeral_storage, own + ".ephemeralStorage", "it is for Fargate tasks");
  if (overrides.cpu) static_cast<void>(parse_cpu(*overrides.cpu, own + ".cpu"));
  if (overrides.memory) static_cast<void>(parse_memory(*overrides.memory, own + ".memory"));
  std::set<std::string> names;
  for (std::size_t i = 0; i < overrides.container_overrides.size(); ++i) {
    const std::string path = at(own + ".containerOverrides", i);
    validate_container(overrides.container_overrides[i], definition, path);
    if (!names.insert(*overrides.container_overrides[i].name).second) {
      throw invalid_parameter(
          fmt::format("{}.name: container '{}' is overridden twice", path, *overrides.container_overrides[i].name));
    }
  }
}

}  // namespace ecs::local
