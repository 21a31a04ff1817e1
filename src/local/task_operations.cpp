#include <fmt/format.h>

#include "base/time_text.hpp"
#include "local/check.hpp"
#include "local/lookup.hpp"
#include "local/operations.hpp"

namespace ecs::local {
namespace {

constexpr std::size_t kMaxDescribed = 100;

TaskRecord& require_task(State& state, const std::string& cluster, const OptionalText& reference) {
  require(!reference.value_or("").empty(), "task");
  TaskRecord* record = find_task(state, cluster, *reference);
  if (record == nullptr) {
    throw invalid_parameter(
        fmt::format("The referenced task was not found. Cluster '{}' has no task '{}'", cluster, *reference));
  }
  return *record;
}

bool matches(const TaskRecord& record, const ListTasksRequest& request, State& state) {
  const Task& task = record.task;
  if (task.desired_status != request.desired_status.value_or("RUNNING")) return false;
  if (request.started_by && task.started_by != request.started_by) return false;
  if (request.launch_type && task.launch_type != *request.launch_type) return false;
  if (request.container_instance) {
    const InstanceRecord* instance = find_instance(state, record.cluster, *request.container_instance);
    if (instance == nullptr || instance->instance.container_instance_arn != task.container_instance_arn) return false;
  }
  if (request.family) {
    const auto definition = state.definitions().find(task.task_definition_arn);
    if (definition == state.definitions().end() || definition->second.definition.family != *request.family) {
      return false;
    }
  }
  return true;
}

}  // namespace

base::Async<StopTaskResponse> stop_task(ApiContext& context, StopTaskRequest request) {
  const Cluster& cluster = find_cluster(context.state, request.cluster);
  TaskRecord& record = require_task(context.state, cluster.cluster_name, request.task);
  Task& task = record.task;
  if (task.desired_status != "STOPPED") {
    task.desired_status = "STOPPED";
    task.stop_code = "UserInitiated";
    task.stopped_reason = request.reason.value_or("Task stopped by user");
    task.stopping_at = base::epoch_seconds(context.clock.wall());
    ++task.version;
    co_await context.state.save(record);
    context.sender.send(record);
  }
  co_return StopTaskResponse{task};
}

base::Async<TasksResponse> describe_tasks(ApiContext& context, DescribeTasksRequest request) {
  const Cluster& cluster = find_cluster(context.state, request.cluster);
  const auto include = request.include.value_or(Texts());
  for (std::size_t i = 0; i < include.size(); ++i) check_word(include[i], {"TAGS"}, at("include", i));
  if (request.tasks.empty()) throw invalid_parameter("tasks: required, but missing or empty");
  if (request.tasks.size() > kMaxDescribed) {
    throw invalid_parameter(fmt::format("tasks: at most {} in one call, got {}", kMaxDescribed, request.tasks.size()));
  }
  TasksResponse response;
  for (const auto& reference : request.tasks) {
    const TaskRecord* record = find_task(context.state, cluster.cluster_name, reference);
    if (record == nullptr) {
      const bool is_arn = reference.starts_with("arn:");
      const std::string prefix = context.state.task_arn_prefix(cluster.cluster_name);
      response.failures.push_back({.arn = is_arn ? reference : prefix + reference, .reason = "MISSING"});
      continue;
    }
    response.tasks.push_back(record->task);
    if (include.empty()) response.tasks.back().tags.clear();
  }
  co_return response;
}

base::Async<ListTasksResponse> list_tasks(ApiContext& context, ListTasksRequest request) {
  const Cluster& cluster = find_cluster(context.state, request.cluster);
  check_word(request.desired_status, {"RUNNING", "PENDING", "STOPPED"}, "desiredStatus");
  check_word(request.launch_type, {"EC2", "FARGATE", "EXTERNAL"}, "launchType");
  if (request.service_name) {
    throw ApiError(
        "ServiceNotFoundException",
        fmt::format("Service not found. This control plane has no services, so none is '{}'", *request.service_name));
  }
  if (request.container_instance &&
      find_instance(context.state, cluster.cluster_name, *request.container_instance) == nullptr) {
    throw invalid_parameter(fmt::format("containerInstance: cluster '{}' has no instance '{}'", cluster.cluster_name,
                                        *request.container_instance));
  }
  Texts all;
  for (const auto& [arn, record] : context.state.tasks()) {
    if (record.cluster == cluster.cluster_name && matches(record, request, context.state)) all.push_back(arn);
  }
  ListTasksResponse response;
  std::tie(response.task_arns, response.next_token) = page(all, request.max_results, request.next_token);
  co_return response;
}

}  // namespace ecs::local
