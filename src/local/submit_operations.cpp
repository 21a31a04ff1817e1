// What the agent reports. A task's last status only moves forward: PENDING, RUNNING, STOPPED.
#include <fmt/format.h>

#include <algorithm>

#include "base/time_text.hpp"
#include "local/check.hpp"
#include "local/lookup.hpp"
#include "local/operations.hpp"

namespace ecs::local {
namespace {

int rank(std::string_view status) {
  if (status == "RUNNING") return 1;
  return status == "STOPPED" ? 2 : 0;
}

/// The task that a report is about. The agent drops a report that is answered with InvalidParameterException, which is
/// right for one about a task that nobody remembers.
TaskRecord& reported_task(State& state, const OptionalText& cluster, const OptionalText& task) {
  require(!task.value_or("").empty(), "task");
  TaskRecord* record = find_task(state, find_cluster(state, cluster).cluster_name, *task);
  if (record == nullptr) {
    throw invalid_parameter(fmt::format("task: cluster '{}' has no task '{}'", cluster_name(cluster), *task));
  }
  return *record;
}

Container& reported_container(Task& task, const OptionalText& name, const std::string& member) {
  require(!name.value_or("").empty(), member);
  const auto found = std::ranges::find(task.containers, *name, &Container::name);
  if (found == task.containers.end()) {
    throw invalid_parameter(fmt::format("{}: task {} has no container '{}'", member, task.task_arn, *name));
  }
  return *found;
}

void apply(Container& container, const ContainerStateChange& change) {
  const std::string status = change.status.value_or("PENDING");
  if (rank(status) >= rank(container.last_status)) container.last_status = status;
  if (change.exit_code) container.exit_code = change.exit_code;
  if (!change.reason.value_or("").empty()) container.reason = change.reason;
  if (change.runtime_id) container.runtime_id = change.runtime_id;
  if (change.image_digest) container.image_digest = change.image_digest;
  if (change.network_bindings) container.network_bindings = *change.network_bindings;
}

/// Why a task stopped that nobody asked to stop.
void explain_stop(Task& task, const std::string& reason) {
  if (task.stop_code) return;
  const bool ran = task.started_at.has_value() ||
                   std::ranges::any_of(task.containers, [](const Container& one) { return one.exit_code.has_value(); });
  task.stop_code = ran ? "EssentialContainerExited" : "TaskFailedToStart";
  task.stopped_reason = ran ? "Essential container in task exited" : "Task failed to start";
  if (!reason.empty()) task.stopped_reason = reason;
}

void apply(Task& task, const SubmitTaskStateChangeRequest& request, double now) {
  if (request.pull_started_at) task.pull_started_at = request.pull_started_at;
  if (request.pull_stopped_at) task.pull_stopped_at = request.pull_stopped_at;
  if (request.execution_stopped_at) task.execution_stopped_at = request.execution_stopped_at;
  const std::string status = request.status.value_or(task.last_status);
  if (rank(status) <= rank(task.last_status)) return;
  task.last_status = status;
  if (status == "RUNNING") task.started_at = now;
  if (status != "STOPPED") return;
  task.desired_status = "STOPPED";
  task.stopped_at = now;
  if (!task.stopping_at) task.stopping_at = request.execution_stopped_at.value_or(now);
  explain_stop(task, request.reason.value_or(""));
}

void check(const SubmitTaskStateChangeRequest& request) {
  check_word(request.status, {"PENDING", "RUNNING", "STOPPED"}, "status");
  if (!request.status && request.attachments.empty()) require(false, "status");
  for (std::size_t i = 0; i < request.containers.size(); ++i) {
    check_word(request.containers[i].status, {"PENDING", "RUNNING", "STOPPED"}, at("containers", i) + ".status");
  }
}

void check(const std::vector<AttachmentStateChange>& attachments) {
  for (std::size_t i = 0; i < attachments.size(); ++i) {
    require(attachments[i].attachment_arn.has_value(), at("attachments", i) + ".attachmentArn");
    require(attachments[i].status.has_value(), at("attachments", i) + ".status");
  }
}

}  // namespace

base::Async<SubmitResponse> submit_task_state_change(ApiContext& context, SubmitTaskStateChangeRequest request) {
  check(request);
  check(request.attachments);
  TaskRecord& record = reported_task(context.state, request.cluster, request.task);
  for (std::size_t i = 0; i < request.containers.size(); ++i) {
    static_cast<void>(
        reported_container(record.task, request.containers[i].container_name, at("containers", i) + ".containerName"));
  }
  for (const auto& change : request.containers) {
    apply(reported_container(record.task, change.container_name, "containerName"), change);
  }
  apply(record.task, request, base::epoch_seconds(context.clock.wall()));
  ++record.task.version;
  const std::string arn = record.task.task_arn;
  const bool stopped = record.task.last_status == "STOPPED";
  co_await context.state.save(record);
  if (stopped) context.sender.forget(arn);
  co_return SubmitResponse{"ok"};
}

base::Async<SubmitResponse> submit_container_state_change(ApiContext& context,
                                                          SubmitContainerStateChangeRequest request) {
  check_word(request.status, {"PENDING", "RUNNING", "STOPPED"}, "status");
  TaskRecord& record = reported_task(context.state, request.cluster, request.task);
  ContainerStateChange change;
  change.status = request.status;
  change.exit_code = request.exit_code;
  change.reason = request.reason;
  change.runtime_id = request.runtime_id;
  if (!request.network_bindings.empty()) change.network_bindings = request.network_bindings;
  apply(reported_container(record.task, request.container_name, "containerName"), change);
  ++record.task.version;
  co_await context.state.save(record);
  co_return SubmitResponse{"ok"};
}

base::Async<SubmitResponse> submit_attachment_state_changes(ApiContext& context,
                                                            SubmitAttachmentStateChangesRequest request) {
  static_cast<void>(find_cluster(context.state, request.cluster));
  require(!request.attachments.empty(), "attachments");
  check(request.attachments);
  co_return SubmitResponse{"ok"};
}

}  // namespace ecs::local
