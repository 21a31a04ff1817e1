#include <fmt/format.h>

#include <algorithm>

#include "base/time_text.hpp"
#include "local/check.hpp"
#include "local/lookup.hpp"
#include "local/operations.hpp"
#include "local/payload.hpp"
#include "local/placement.hpp"

namespace ecs::local {
namespace {

constexpr std::int64_t kMaxCount = 10;

void check_request(const RunTaskRequest& request) {
  require(!request.task_definition.empty(), "taskDefinition");
  const std::string one_instance = "every task runs on the one instance of this machine";
  refuse(request.capacity_provider_strategy, "capacityProviderStrategy", one_instance);
  refuse(request.placement_constraints, "placementConstraints", one_instance);
  refuse(request.network_configuration, "networkConfiguration", "it has no elastic network interfaces");
  refuse(request.platform_version, "platformVersion", "it is for Fargate tasks");
  refuse(request.volume_configurations, "volumeConfigurations", "it has no EBS");
  if (request.enable_execute_command) {
    throw client_error("enableExecuteCommand: not supported by this control plane: it has no ECS Exec");
  }
  check_word(request.launch_type, {"EC2", "FARGATE", "EXTERNAL"}, "launchType");
  if (request.launch_type && *request.launch_type != "EC2") {
    throw client_error(fmt::format("launchType: not supported by this control plane: it runs EC2 tasks, not {}",
                                   *request.launch_type));
  }
  check_word(request.propagate_tags, {"TASK_DEFINITION", "SERVICE", "NONE"}, "propagateTags");
  if (request.propagate_tags == "SERVICE") throw client_error("propagateTags: SERVICE is not possible in RunTask");
  for (std::size_t i = 0; i < request.placement_strategy.size(); ++i) {
    check_word(request.placement_strategy[i].type, {"random", "spread", "binpack"},
               at("placementStrategy", i) + ".type");
  }
  for (std::size_t i = 0; i < request.tags.size(); ++i) require(!request.tags[i].key.empty(), at("tags", i) + ".key");
  if (const auto count = request.count.value_or(1); count < 1 || count > kMaxCount) {
    throw invalid_parameter(fmt::format("count: must be from 1 to {}, got {}", kMaxCount, count));
  }
  if (request.started_by.value_or("").size() > 128) throw invalid_parameter("startedBy: at most 128 characters");
}

std::vector<Tag> tags_of(const RunTaskRequest& request, const DefinitionRecord& definition,
                         const std::string& cluster) {
  std::vector<Tag> tags = request.tags;
  const auto add = [&tags](const Tag& tag) {
    if (std::ranges::find(tags, tag.key, &Tag::key) == tags.end()) tags.push_back(tag);
  };
  if (request.propagate_tags == "TASK_DEFINITION") std::ranges::for_each(definition.tags, add);
  if (request.enable_ecs_managed_tags) add({.key = "aws:ecs:clusterName", .value = cluster});
  return tags;
}

Container new_container(State& state, const std::string& task_arn, const ContainerDefinition& definition,
                        const TaskOverride& overrides) {
  OptionalInt memory = definition.memory;
  OptionalInt reservation = definition.memory_reservation;
  std::int32_t cpu = definition.cpu;
  for (const auto& one : overrides.container_overrides) {
    if (one.name != definition.name) continue;
    if (one.memory) memory = one.memory;
    if (one.memory_reservation) reservation = one.memory_reservation;
    if (one.cpu) cpu = *one.cpu;
  }
  Container container;
  container.container_arn = state.new_container_arn(task_arn);
  container.task_arn = task_arn;
  container.name = definition.name;
  container.image = definition.image;
  container.last_status = "PENDING";
  container.health_status = "UNKNOWN";
  container.cpu = fmt::to_string(cpu);
  if (memory) container.memory = fmt::to_string(*memory);
  if (reservation) container.memory_reservation = fmt::to_string(*reservation);
  return container;
}

TaskRecord new_task(ApiContext& context, const RunTaskRequest& request, const DefinitionRecord& definition,
                    const InstanceRecord& instance, const Demand& demand, Texts free) {
  State& state = context.state;
  TaskRecord record;
  record.cluster = instance.cluster;
  record.client_token = request.client_token;
  Task& task = record.task;
  task.task_arn = state.new_arn("task", instance.cluster);
  task.cluster_arn = state.cluster_arn(instance.cluster);
  task.container_instance_arn = instance.instance.container_instance_arn;
  task.task_definition_arn = definition.definition.task_definition_arn;
  task.availability_zone = state.availability_zone();
  task.attributes = {{.name = "ecs.cpu-architecture", .value = context.machine}};
  task.connectivity = "CONNECTED";
  task.created_at = base::epoch_seconds(context.clock.wall());
  task.connectivity_at = task.created_at;
  task.desired_status = "RUNNING";
  task.last_status = "PENDING";
  task.health_status = "UNKNOWN";
  task.launch_type = "EC2";
  task.group = request.group.value_or("family:" + definition.definition.family);
  task.started_by = request.started_by;
  task.overrides = request.overrides;
  task.tags = tags_of(request, definition, instance.cluster);
  task.cpu = fmt::to_string(demand.cpu);
  task.memory = fmt::to_string(demand.memory);
  for (const auto& container : definition.definition.container_definitions) {
    task.containers.push_back(new_container(state, task.task_arn, container, request.overrides));
    const auto count = static_cast<std::ptrdiff_t>(gpu_count(container));
    if (count == 0) continue;
    task.containers.back().gpu_ids.emplace(free.begin(), free.begin() + count);
    free.erase(free.begin(), free.begin() + count);
  }
  return record;
}

InstanceRecord& only_instance(State& state, const Cluster& cluster) {
  for (auto& [arn, record] : state.instances()) {
    if (record.cluster == cluster.cluster_name && record.instance.status == "ACTIVE") return record;
  }
  throw invalid_parameter(
      fmt::format("No Container Instances were found in your cluster. No agent is registered and ACTIVE in '{}'",
                  cluster.cluster_name));
}

/// The tasks of an earlier call with the same token: a repeated call starts nothing.
std::vector<Task> tasks_of_token(State& state, const std::string& cluster, const RunTaskRequest& request) {
  std::vector<Task> tasks;
  if (!request.client_token) return tasks;
  for (const auto& [arn, record] : state.tasks()) {
    if (record.cluster == cluster && record.client_token == request.client_token) tasks.push_back(record.task);
  }
  return tasks;
}

}  // namespace

base::Async<TasksResponse> run_task(ApiContext& context, RunTaskRequest request) {
  check_request(request);
  const Cluster& cluster = find_cluster(context.state, request.cluster);
  const DefinitionRecord& definition = find_definition(context.state, request.task_definition);
  validate(request.overrides, definition.definition);
  TasksResponse response;
  response.tasks = tasks_of_token(context.state, cluster.cluster_name, request);
  if (!response.tasks.empty()) co_return response;
  if (context.closing) throw client_error("the control plane is going down: it takes no new tasks");
  const InstanceRecord& instance = only_instance(context.state, cluster);
  const Demand demand = demand_of(definition.definition, request.overrides);
  std::vector<const TaskRecord*> started;
  for (int i = 0; i < request.count.value_or(1); ++i) {
    const ContainerInstance now = with_counts(context.state, instance);
    if (auto failure = why_not(now, definition.definition, demand, context.machine)) {
      response.failures.push_back(std::move(*failure));
      continue;
    }
    TaskRecord record = new_task(context, request, definition, instance, demand, free_gpus(now));
    const std::string arn = record.task.task_arn;
    started.push_back(&context.state.tasks().emplace(arn, std::move(record)).first->second);
    response.tasks.push_back(started.back()->task);
  }
  // A crash before this line forgets tasks that nobody has heard of; one after it finds them and sends them.
  co_await context.state.save(started);
  for (const auto* record : started) context.sender.send(*record);
  co_return response;
}

}  // namespace ecs::local
