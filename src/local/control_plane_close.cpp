// The way down: tasks, agent, containers, server, in this order.
#include <fmt/format.h>

#include <algorithm>

#include "base/time_text.hpp"
#include "local/control_plane_impl.hpp"
#include "local/task_containers.hpp"
#include "log/log.hpp"

namespace ecs::local {
namespace {

constexpr const char* kReason = "The local control plane ended";
constexpr base::Duration kLook = std::chrono::milliseconds(50);
constexpr base::Duration kAgentGrace = std::chrono::seconds(10);
constexpr base::Duration kReportGrace = std::chrono::seconds(15);

}  // namespace

std::size_t ControlPlane::Impl::unfinished() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      state->tasks(), [](const auto& entry) { return entry.second.task.last_status != "STOPPED"; }));
}

base::Duration ControlPlane::Impl::longest_stop() const {
  std::int32_t seconds = kInteractiveStop.count();
  for (const auto& [arn, record] : state->tasks()) {
    const auto definition = state->definitions().find(record.task.task_definition_arn);
    if (record.task.last_status == "STOPPED" || definition == state->definitions().end()) continue;
    for (const auto& container : definition->second.definition.container_definitions) {
      seconds = std::max(seconds, container.stop_timeout.value_or(0));
    }
  }
  return std::chrono::seconds(seconds);
}

bool ControlPlane::Impl::waiting_helps(const base::Event& hurry) const {
  return unfinished() > 0 && !hurry.is_set() && agent_connected();
}

base::Async<> ControlPlane::Impl::stop_tasks(base::Event& hurry) {
  const std::size_t count = unfinished();
  if (count == 0) co_return;
  tell(fmt::format("stopping {} task{} (Ctrl-C again to kill)", count, count == 1 ? "" : "s"));
  std::vector<std::string> arns;
  for (const auto& [arn, record] : state->tasks()) {
    if (record.task.last_status != "STOPPED") arns.push_back(arn);
  }
  for (const auto& arn : arns) {
    StopTaskRequest request;
    request.cluster = state->tasks().at(arn).cluster;
    request.task = arn;
    request.reason = kReason;
    co_await stop_task(*context, std::move(request));
  }
  const base::Instant limit = clock.now() + longest_stop();
  while (waiting_helps(hurry) && clock.now() < limit) co_await clock.sleep_for(kLook);
  if (!waiting_helps(hurry)) co_return;
  co_await kill_task_containers(engine, state->task_arn_prefix(options.cluster));
  const base::Instant last = clock.now() + kReportGrace;
  while (waiting_helps(hurry) && clock.now() < last) co_await clock.sleep_for(kLook);
}

base::Async<bool> ControlPlane::Impl::remove_containers() {
  bool all = true;
  const auto found = co_await list_task_containers(engine, state->task_arn_prefix(options.cluster));
  for (const auto& container : found) {
    try {
      co_await engine.remove_container(container.id, true);
    } catch (const docker::Error& error) {
      if (error.kind() == docker::Error::Kind::kNotFound) continue;
      all = false;
      tell(fmt::format("container {} could not be removed: {}", container.id.substr(0, 12), error.what()));
    }
  }
  // The agent is gone before it could; those in use stay, with a container that could not be removed.
  for (const std::string& volume : task_volumes(found)) {
    try {
      co_await engine.remove_volume(volume);
    } catch (const docker::Error& error) {
      if (error.kind() == docker::Error::Kind::kNotFound) continue;
      all = false;
      tell(fmt::format("volume {} could not be removed: {}", volume, error.what()));
    }
  }
  co_return all;
}

base::Async<> ControlPlane::Impl::mark_stopped() {
  std::vector<const TaskRecord*> changed;
  const double now = base::epoch_seconds(clock.wall());
  for (auto& [arn, record] : state->tasks()) {
    Task& task = record.task;
    if (task.last_status == "STOPPED") continue;
    task.last_status = "STOPPED";
    task.desired_status = "STOPPED";
    task.stopped_at = now;
    if (!task.stop_code) task.stop_code = "UserInitiated";
    if (!task.stopped_reason) task.stopped_reason = kReason;
    for (auto& container : task.containers) container.last_status = "STOPPED";
    changed.push_back(&record);
  }
  if (!changed.empty()) co_await state->save(changed);
}

base::Async<bool> ControlPlane::close(base::Event& hurry) {
  Impl& own = *impl_;
  bool clean = true;
  std::string problem;
  if (own.supervisor) {
    own.closing = own.context->closing = true;
    try {
      co_await own.stop_tasks(hurry);
      own.supervisor->stop(kAgentGrace);
      co_await own.agent_scope.join();
      clean = co_await own.remove_containers();
      co_await own.mark_stopped();
    } catch (const docker::Error& error) {
      problem = error.what();
    } catch (const store::Error& error) {
      problem = error.what();
    }
    own.supervisor->stop(kAgentGrace);
    co_await own.agent_scope.join();
  }
  if (!problem.empty()) own.tell("could not clean up: " + problem);
  if (own.server) own.server->stop();
  own.scope.cancel();
  co_await own.scope.join();
  if (own.lock.valid()) {
    std::error_code ignored;
    std::filesystem::remove(own.options.data_dir / kStatusFile, ignored);
  }
  co_return clean&& problem.empty();
}

}  // namespace ecs::local
