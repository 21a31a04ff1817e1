// The steps of one task: each is a coroutine that ends in an observation.
#include <algorithm>
#include <cstdint>
#include <exception>
#include <utility>

#include "docker/api_version.hpp"
#include "engine/actor.hpp"
#include "engine/create_body.hpp"
#include "engine/docker_errors.hpp"
#include "log/log.hpp"

namespace ecs::engine {

namespace {

std::string_view error_name(task::StepKind kind) {
  switch (kind) {
    case task::StepKind::kResolve:
      return "CannotPullImageManifestError";
    case task::StepKind::kPull:
      return "CannotPullContainerError";
    case task::StepKind::kCreate:
      return "CannotCreateContainerError";
    case task::StepKind::kStart:
    case task::StepKind::kRestart:
      return "CannotStartContainerError";
    default:
      return "CannotStopContainerError";
  }
}

task::StepFailed failed(const task::Step& step, const std::exception_ptr& error) {
  task::StepFailed what{.container = step.container, .step = step.kind, .error = named(error_name(step.kind), error)};
  try {
    std::rethrow_exception(error);
  } catch (const StepError& e) {
    what.engine_answers = e.engine_answers;
    what.may_have_happened = e.may_have_happened;
    what.image_is_nowhere = e.image_is_nowhere;
  } catch (...) {
    // Anything else is told by its text.
  }
  return what;
}

}  // namespace

ContainerRef TaskActor::ref(std::size_t container) const {
  const task::Container& c = task_.containers.at(container);
  return {c.docker_id.empty() ? c.docker_name : c.docker_id, docker::ApiVersion::parse(c.docker_config.version)};
}

const std::string& TaskActor::target_of(const task::Step& step) const {
  const bool resource = step.kind == task::StepKind::kCheckResource || step.kind == task::StepKind::kCreateResource;
  return resource ? task_.resources.at(step.container).name : task_.containers.at(step.container).name;
}

base::Async<> TaskActor::run_step(task::Step step) {
  std::exception_ptr error;
  try {
    tell(co_await perform(step));
  } catch (...) {
    error = std::current_exception();
  }
  if (!error) co_return;
  if (base::is_cancellation(error)) std::rethrow_exception(error);
  const task::StepFailed what = failed(step, error);
  log::warn("A step of the task failed", {{"task", task_.id()},
                                          {"container", target_of(step)},
                                          {"step", log::bare(task::to_string(step.kind))},
                                          {"error", what.error.full()}});
  tell(what);
}

base::Async<task::Observation> TaskActor::perform(task::Step step) {
  switch (step.kind) {
    case task::StepKind::kResolve:
      co_return co_await resolve(step.container);
    case task::StepKind::kPull:
      co_return co_await pull(step.container);
    case task::StepKind::kCreate:
      co_return co_await create(step.container);
    case task::StepKind::kStart:
      co_return task::Seen{step.container, co_await parts_.steps.start(ref(step.container)), step.kind};
    case task::StepKind::kRestart:
      co_return co_await restart(step.container);
    case task::StepKind::kStop:
      co_return co_await stop_container(step.container);
    case task::StepKind::kCheckResource:
      co_return co_await check_resource(step.container);
    case task::StepKind::kCreateResource:
      co_return co_await create_resource(step.container);
    case task::StepKind::kInspect:
    case task::StepKind::kReport:
      break;
  }
  throw std::logic_error("no such step");
}

base::Async<task::Observation> TaskActor::resolve(std::size_t container) {
  // The agent's own images are neither looked up nor pulled.
  if (task_.containers[container].internal()) co_return task::Resolved{.container = container};
  const Images::Digest found = co_await parts_.images.resolve(task_.containers[container].image);
  co_return task::Resolved{
      .container = container, .digest = found.digest, .news = found.news, .image_present = found.present};
}

base::Async<task::Observation> TaskActor::pull(std::size_t container) {
  if (task_.containers[container].internal()) {
    co_await parts_.pause_image.ensure();
    co_return task::Pulled{.container = container, .pulled = false};
  }
  const std::string name = task_.containers[container].name;
  const std::string image = task_.containers[container].image;
  const std::string digest = task_.containers[container].image_digest;
  const bool needed = co_await parts_.images.pull_needed(image, task_.containers[container].image_present);
  if (needed) {
    tell(task::PullStarted{container});
    const Images::OnProgress progress = [this, name, image](const docker::PullProgress& p) {
      show_progress(name, image, p);
    };
    co_await parts_.images.pull(image, digest, progress);
  }
  co_return task::Pulled{.container = container, .pulled = needed};
}

base::Async<task::Observation> TaskActor::create(std::size_t container) {
  std::vector<std::string> image_env;
  if (!task_.containers[container].internal()) {
    image_env = co_await parts_.images.environment(task_.containers[container].image);
  }
  const task::Container& c = task_.containers[container];
  const std::vector<PublishedPort> ports = parts_.ports.publish(c.port_mappings);
  for (const PublishedPort& port : ports) parts_.resources.hold_port(task_.arn, port.host_port, port.protocol);
  const docker::EngineVersions& engine = parts_.docker.versions();
  const auto version = docker::ApiVersion::parse(c.docker_config.version);
  CreateJob job{
      .name = c.docker_name,
      .body = create_body({task_, container, parts_.settings, ports, image_env, engine.lifted(version), engine.server}),
      .version = version,
      .task_arn = task_.arn,
      .container_name = c.name};
  // The name was stored when the task was accepted.
  task::Facts facts = co_await parts_.steps.create(stored_, std::move(job));
  co_return task::Seen{container, std::move(facts), task::StepKind::kCreate};
}

base::Async<task::Observation> TaskActor::restart(std::size_t container) {
  const store::Committed noted = co_await everything_saved();
  const task::Container& c = task_.containers[container];
  if (c.desired == task::ContainerStatus::kStopped || c.stopped_by_hand) {
    co_return task::StepFailed{.container = container,
                               .step = task::StepKind::kRestart,
                               .error = {"CannotStartContainerError", "the container is to be stopped"}};
  }
  task::Facts facts = co_await parts_.steps.restart(noted, ref(container));
  log::info(
      "Restarted the container",
      {{"task", task_.id()}, {"container", c.name}, {"restartCount", static_cast<std::int64_t>(c.restart_count)}});
  co_return task::Seen{container, std::move(facts), task::StepKind::kRestart};
}

base::Async<task::Observation> TaskActor::stop_container(std::size_t container) {
  const store::Committed desired_stored = co_await everything_saved();
  // A century is for ever, and its nanoseconds can still be counted.
  const std::int64_t own = std::min(task_.containers[container].stop_timeout, std::int64_t{100} * 365 * 24 * 3600);
  const auto timeout = own > 0 ? std::chrono::seconds(own)
                               : std::chrono::duration_cast<std::chrono::seconds>(parts_.settings.stop_timeout);
  task::Facts facts = co_await parts_.steps.stop(desired_stored, ref(container), timeout);
  co_return task::Seen{container, std::move(facts), task::StepKind::kStop};
}

void TaskActor::look(std::size_t container, std::optional<int> exit_code, bool by_hand) {
  Look& look = looks_[container];
  if (exit_code) look.exit_code = exit_code;
  look.by_hand |= by_hand;
  look.again = true;
  if (look.under_way) return;
  look.under_way = true;
  scope_.spawn("look at " + task_.containers.at(container).name + " of task " + std::string(task_.id()),
               look_loop(container));
}

base::Async<> TaskActor::look_loop(std::size_t container) {
  while (looks_[container].again) {
    looks_[container].again = false;
    auto facts = co_await parts_.steps.look(ref(container));
    // What came meanwhile may tell of a later moment than this answer.
    if (looks_[container].again) continue;
    const Look look = std::exchange(looks_[container], {.under_way = true});
    conclude(container, std::move(facts), look);
  }
  looks_[container].under_way = false;
}

void TaskActor::conclude(std::size_t container, std::optional<task::Facts> facts, const Look& look) {
  const task::Container& c = task_.containers[container];
  const bool starting = c.doing == task::StepKind::kStart || c.doing == task::StepKind::kRestart;
  const bool other_process =
      facts && task::is_running(facts->status) && c.started_at != 0 && facts->started_at > c.started_at && !starting;
  // An end of which nothing is left to see: it was removed right after, or somebody started it again.
  if (look.exit_code && (!facts || other_process)) {
    tell(task::Seen{.container = container,
                    .facts = {.status = task::ContainerStatus::kStopped,
                              .exit_code = look.exit_code,
                              .started_at = c.started_at,
                              .finished_at = task::nanos(now())},
                    .ends = std::nullopt,
                    .stopped_by_hand = look.by_hand});
    if (!facts) return;
  }
  if (!facts) return tell(task::Vanished{container});
  tell(task::Seen{container, std::move(*facts), std::nullopt, look.by_hand});
}

void TaskActor::look_at_all() {
  for (std::size_t i = 0; i < task_.containers.size(); ++i) {
    const task::Container& c = task_.containers[i];
    if (!c.docker_id.empty() && !c.is(task::ContainerStatus::kStopped)) look(i, std::nullopt);
  }
}

}  // namespace ecs::engine
