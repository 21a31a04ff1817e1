#include "local/placement.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "local/payload.hpp"

namespace ecs::local {
namespace {

struct Sizes {
  std::int64_t cpu = 0;
  std::int64_t memory = 0;
};

Sizes container_sizes(const ContainerDefinition& container, const TaskOverride& overrides) {
  Sizes sizes{.cpu = container.cpu, .memory = container.memory_reservation.value_or(container.memory.value_or(0))};
  for (const auto& one : overrides.container_overrides) {
    if (one.name != container.name) continue;
    if (one.cpu) sizes.cpu = *one.cpu;
    if (one.memory_reservation) {
      sizes.memory = *one.memory_reservation;
    } else if (one.memory && !container.memory_reservation) {
      sizes.memory = *one.memory;
    }
  }
  return sizes;
}

Resource* find_resource(std::vector<Resource>& resources, std::string_view name) {
  const auto found = std::ranges::find(resources, name, [](const Resource& r) { return r.name.value_or(""); });
  return found == resources.end() ? nullptr : &*found;
}

std::int64_t amount(const std::vector<Resource>& resources, std::string_view name) {
  for (const auto& resource : resources) {
    if (resource.name == name) return resource.integer_value.value_or(0);
  }
  return 0;
}

std::string clash(const std::vector<Resource>& resources, std::string_view name, const std::set<std::string>& wanted) {
  for (const auto& resource : resources) {
    if (resource.name != name) continue;
    for (const auto& port : resource.string_set_value.value_or(Texts())) {
      if (wanted.contains(port)) return port;
    }
  }
  return {};
}

void add_ports(std::vector<Resource>& resources, std::string_view name, const std::set<std::string>& ports) {
  Resource* resource = find_resource(resources, name);
  if (resource == nullptr || ports.empty()) return;
  if (!resource->string_set_value) resource->string_set_value.emplace();
  resource->string_set_value->insert(resource->string_set_value->end(), ports.begin(), ports.end());
}

/// What is left of a set of GPUs are those that nobody has, unlike ports.
void take_gpus(std::vector<Resource>& resources, const Task& task) {
  Resource* resource = find_resource(resources, "GPU");
  if (resource == nullptr || !resource->string_set_value) return;
  for (const auto& container : task.containers) {
    for (const auto& id : container.gpu_ids.value_or(Texts())) std::erase(*resource->string_set_value, id);
  }
}

std::string architecture(const std::string& machine) {
  if (machine == "x86_64") return "X86_64";
  return machine == "aarch64" ? "ARM64" : machine;
}

std::string missing_attribute(const ContainerInstance& instance, const TaskDefinition& definition) {
  for (const auto& wanted : definition.requires_attributes) {
    if (std::ranges::find(instance.attributes, wanted.name, &Attribute::name) == instance.attributes.end()) {
      return wanted.name;
    }
  }
  return {};
}

Failure failure(const ContainerInstance& instance, std::string reason, std::string detail) {
  return {.arn = instance.container_instance_arn, .reason = std::move(reason), .detail = std::move(detail)};
}

}  // namespace

Texts free_gpus(const ContainerInstance& instance) {
  for (const auto& resource : instance.remaining_resources) {
    if (resource.name == "GPU") return resource.string_set_value.value_or(Texts());
  }
  return {};
}

Demand demand_of(const TaskDefinition& definition, const TaskOverride& overrides) {
  Demand demand;
  for (const auto& container : definition.container_definitions) {
    const Sizes sizes = container_sizes(container, overrides);
    demand.cpu += sizes.cpu;
    demand.memory += sizes.memory;
    demand.gpus += gpu_count(container);
    for (const auto& port : container.port_mappings) {
      if (port.host_port.value_or(0) == 0) continue;
      (port.protocol == "udp" ? demand.udp_ports : demand.tcp_ports).insert(fmt::to_string(*port.host_port));
    }
  }
  const auto& cpu = overrides.cpu ? overrides.cpu : definition.cpu;
  const auto& memory = overrides.memory ? overrides.memory : definition.memory;
  if (cpu) demand.cpu = parse_cpu(*cpu, "cpu");
  if (memory) demand.memory = parse_memory(*memory, "memory");
  return demand;
}

std::vector<Resource> remaining_resources(State& state, const InstanceRecord& instance,
                                          const std::vector<const TaskRecord*>& tasks) {
  std::vector<Resource> left = instance.instance.registered_resources;
  for (const auto* record : tasks) {
    const auto definition = state.definitions().find(record->task.task_definition_arn);
    if (definition == state.definitions().end()) continue;
    const Demand demand = demand_of(definition->second.definition, record->task.overrides);
    const auto take = [&left](std::string_view name, std::int64_t count) {
      Resource* resource = find_resource(left, name);
      if (resource == nullptr) return;
      resource->integer_value = static_cast<std::int32_t>(std::int64_t{resource->integer_value.value_or(0)} - count);
    };
    take("CPU", demand.cpu);
    take("MEMORY", demand.memory);
    add_ports(left, "PORTS", demand.tcp_ports);
    add_ports(left, "PORTS_UDP", demand.udp_ports);
    take_gpus(left, record->task);
  }
  return left;
}

std::optional<Failure> why_not(const ContainerInstance& instance, const TaskDefinition& definition,
                               const Demand& demand, const std::string& machine) {
  if (!instance.agent_connected) return failure(instance, "AGENT", "the agent is not connected");
  const auto platform = definition.runtime_platform.value_or(RuntimePlatform());
  if (platform.cpu_architecture && *platform.cpu_architecture != architecture(machine)) {
    return failure(instance, "ATTRIBUTE",
                   fmt::format("cpuArchitecture {} is wanted, this machine is {}", *platform.cpu_architecture,
                               architecture(machine)));
  }
  if (const auto name = missing_attribute(instance, definition); !name.empty()) {
    return failure(instance, "ATTRIBUTE", "the agent does not offer " + name);
  }
  const auto& left = instance.remaining_resources;
  if (demand.cpu > amount(left, "CPU")) {
    return failure(instance, "RESOURCE:CPU",
                   fmt::format("{} CPU units wanted, {} left", demand.cpu, amount(left, "CPU")));
  }
  if (demand.memory > amount(left, "MEMORY")) {
    return failure(instance, "RESOURCE:MEMORY",
                   fmt::format("{} MiB wanted, {} left", demand.memory, amount(left, "MEMORY")));
  }
  std::string port = clash(left, "PORTS", demand.tcp_ports);
  if (port.empty()) port = clash(left, "PORTS_UDP", demand.udp_ports);
  const std::size_t gpus = free_gpus(instance).size();
  if (demand.gpus > gpus) {
    return failure(instance, "RESOURCE:GPU", fmt::format("{} GPUs wanted, {} left", demand.gpus, gpus));
  }
  if (!port.empty()) return failure(instance, "RESOURCE:PORTS", fmt::format("host port {} is taken", port));
  return std::nullopt;
}

}  // namespace ecs::local
