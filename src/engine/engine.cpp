#include "engine/engine.hpp"

#include <algorithm>
#include <utility>
#include <variant>

#include "engine/impl.hpp"
#include "engine/intake.hpp"
#include "log/log.hpp"

namespace ecs::engine {

namespace {

constexpr std::size_t kFinishedTasks = 1U << 20U;

}  // namespace

Engine::Impl::Impl(Settings given, Parts given_parts)
    : settings(std::move(given)),
      parts(given_parts),
      scope(parts.executor),
      steps(parts.docker, parts.clock, parts.random),
      resource_steps(parts.docker, parts.cgroups, settings.shared_volume_match_full_config),
      images(settings.pull_behavior, settings.pull_dependent_containers_upfront, parts.docker, parts.clock,
             parts.random, parts.store),
      pause_image(parts.docker),
      resources(settings),
      ports(settings.dynamic_host_ports.value_or(kernel_port_range()),
            [this](std::uint16_t port, std::string_view protocol) {
              return !resources.port_taken(port, protocol) && can_bind(port, protocol);
            }),
      reporter(scope, parts.clock, parts.random, parts.submitter),
      events(parts.docker, parts.clock, parts.random),
      actor_parts{settings,
                  parts.executor,
                  parts.clock,
                  parts.random,
                  parts.store,
                  parts.docker,
                  steps,
                  resource_steps,
                  images,
                  pause_image,
                  ports,
                  resources,
                  reporter,
                  parts.sink,
                  [this](const std::string& arn, const std::string& docker_id) { owners[docker_id] = arn; },
                  [this](const std::string& arn) { (void)finished.try_push(std::string(arn)); }},
      finished(kFinishedTasks) {}

TaskActor* Engine::Impl::find(std::string_view arn) const {
  const auto found = actors.find(arn);
  return found == actors.end() ? nullptr : found->second.get();
}

void Engine::Impl::add(task::Task task, store::Committed stored, bool holds_resources) {
  const std::string arn = task.arn;
  order.push_back(arn);
  auto actor = std::make_unique<TaskActor>(std::move(task), stored, actor_parts);
  TaskActor& added = *actor;
  actors.emplace(arn, std::move(actor));
  added.start(holds_resources);
}

void Engine::Impl::refuse(const Refused& refused) {
  log::warn("A task of the payload cannot be read", {{"task", refused.arn}, {"error", refused.cause}});
  // Of a task that runs here its own actor tells; a broken repetition of it says nothing about it.
  if (refused.arn.empty() || find(refused.arn) != nullptr) return;
  task::Task task;
  task.arn = refused.arn;
  const task::Report report{.status = task::TaskStatus::kStopped, .reason = refusal_reason(refused)};
  reporter.send({.request = request_of(task, report, settings)});
}

/// Of a known task only the desired status counts.
base::Async<bool> Engine::Impl::want(std::string arn, task::TaskStatus status) {
  TaskActor* actor = find(arn);
  if (actor == nullptr || actor->task().ended()) co_return true;
  if (status <= actor->task().desired) {
    actor->tell(task::Wanted{status});
    co_return true;
  }
  try {
    co_await actor->tell_and_save(task::Wanted{status});
    co_return true;
  } catch (const store::Error& e) {
    log::error("Could not save the desired status of a task", {{"task", arn}, {"error", e}});
    co_return false;
  }
}

/// A crash before the commit: the payload was not acknowledged and comes again. A crash after it: the next process has
/// the task, with the names of its containers, and a repeated payload changes nothing.
base::Async<bool> Engine::Impl::take(std::vector<task::Task> fresh) {
  if (fresh.empty()) co_return true;
  std::vector<store::Write> batch;
  for (const task::Task& task : fresh) {
    for (store::Write& row : rows_of(task)) batch.push_back(std::move(row));
  }
  std::optional<store::Committed> stored;
  try {
    stored = co_await parts.store.commit(std::move(batch));
  } catch (const store::Error& e) {
    log::error("Could not save the tasks of the payload; they are not run", {{"error", e}});
  }
  if (!stored) co_return false;
  for (task::Task& task : fresh) add(std::move(task), *stored, false);
  co_return true;
}

TaskView Engine::Impl::view(const TaskActor& actor) const {
  TaskView view{.task = &actor.task(), .waiting = {}};
  if (auto why = resources.why_waiting(actor.task().arn)) {
    view.waiting.push_back({"", std::move(*why), task::wall_time(actor.task().accepted_at)});
  }
  view.waiting.insert(view.waiting.end(), actor.waits().begin(), actor.waits().end());
  return view;
}

Engine::Engine(Settings settings, Parts parts) : impl_(std::make_unique<Impl>(std::move(settings), parts)) {}
Engine::~Engine() = default;

base::Async<> Engine::start() { co_await impl_->recover(); }

base::Async<bool> Engine::accept(std::vector<std::optional<acs::Task>> payload) {
  bool all_well = true;
  std::vector<task::Task> tasks;
  for (const auto& one : payload) {
    Intake intake = one ? convert(*one, impl_->settings, impl_->parts.random, impl_->parts.clock.wall())
                        : Intake(Refused{"", "the task is null"});
    if (const auto* refused = std::get_if<Refused>(&intake)) {
      impl_->refuse(*refused);
      all_well = false;
    } else {
      tasks.push_back(std::move(std::get<task::Task>(intake)));
    }
  }
  std::vector<task::Task> fresh;
  std::vector<std::pair<std::string, task::TaskStatus>> known;
  for (const bool stopped : {true, false}) {
    for (task::Task& task : tasks) {
      if ((task.desired == task::TaskStatus::kStopped) != stopped) continue;
      const bool repeated = std::ranges::any_of(fresh, [&](const task::Task& t) { return t.arn == task.arn; });
      if (repeated) continue;
      if (impl_->find(task.arn) != nullptr) {
        known.emplace_back(task.arn, task.desired);
      } else {
        fresh.push_back(std::move(task));
      }
    }
  }
  // Those that are to stop make room for the others.
  for (const auto& [arn, status] : known) {
    if (status == task::TaskStatus::kStopped && !co_await impl_->want(arn, status)) all_well = false;
  }
  if (!co_await impl_->take(std::move(fresh))) all_well = false;
  for (const auto& [arn, status] : known) {
    if (status != task::TaskStatus::kStopped && !co_await impl_->want(arn, status)) all_well = false;
  }
  co_return all_well;
}

base::Async<> Engine::stop_tasks(std::vector<std::string> arns) {
  for (const std::string& arn : arns) {
    TaskActor* actor = impl_->find(arn);
    if (actor == nullptr || actor->task().ended()) continue;
    co_await actor->tell_and_save(task::Wanted{task::TaskStatus::kStopped});
  }
}

std::vector<std::string> Engine::running_tasks() const {
  std::vector<std::string> arns;
  for (const std::string& arn : impl_->order) {
    const TaskActor* actor = impl_->find(arn);
    if (actor != nullptr && actor->task().desired == task::TaskStatus::kRunning) arns.push_back(arn);
  }
  return arns;
}

std::vector<TaskView> Engine::tasks() const {
  std::vector<TaskView> all;
  for (const std::string& arn : impl_->order) {
    if (const TaskActor* actor = impl_->find(arn)) all.push_back(impl_->view(*actor));
  }
  return all;
}

std::optional<TaskView> Engine::task(std::string_view arn) const {
  const TaskActor* actor = impl_->find(arn);
  if (actor == nullptr) return std::nullopt;
  return impl_->view(*actor);
}

std::optional<TaskView> Engine::task_of_container(std::string_view docker_id) const {
  const auto owner = impl_->owners.find(docker_id);
  return owner == impl_->owners.end() ? std::nullopt : task(owner->second);
}

std::optional<TaskView> Engine::task_of_endpoint(std::string_view endpoint_id) const {
  for (const auto& [arn, actor] : impl_->actors) {
    for (const task::Container& c : actor->task().containers) {
      if (c.endpoint_id == endpoint_id) return impl_->view(*actor);
    }
  }
  return std::nullopt;
}

bool Engine::engine_connected() const { return impl_->events.connected(); }

base::Async<> Engine::stop() {
  impl_->scope.cancel();
  co_await impl_->scope.join();
  std::vector<store::Write> batch;
  for (const auto& [arn, actor] : impl_->actors) {
    co_await actor->stop();
    for (store::Write& row : actor->unsaved()) batch.push_back(std::move(row));
  }
  if (batch.empty()) co_return;
  try {
    (void)co_await impl_->parts.store.commit(std::move(batch));
  } catch (const store::Error& e) {
    log::error("Could not save the state of the tasks at the end", {{"error", e}});
  }
}

}  // namespace ecs::engine
