#include "engine/container_steps.hpp"

#include <exception>
#include <utility>

#include "base/backoff.hpp"
#include "engine/docker_errors.hpp"
#include "engine/facts.hpp"
#include "log/log.hpp"

namespace ecs::engine {

namespace {

using Kind = docker::Error::Kind;

constexpr int kStopAttempts = 5;
constexpr base::BackoffRule kStopBackoff{std::chrono::seconds(1), std::chrono::seconds(5), 1.3, 0.2};
// An engine goes on with a create whose caller is gone; for a moment its container is not to be found yet.
constexpr int kAdoptLooks = 6;
constexpr base::BackoffRule kAdoptBackoff{std::chrono::milliseconds(200), std::chrono::seconds(5), 2.0, 0.2};
constexpr base::BackoffRule kLookBackoff{std::chrono::milliseconds(200), std::chrono::seconds(30), 2.0, 0.2};
constexpr base::Duration kPingLimit = std::chrono::seconds(5);

bool is_ours(const docker::ContainerInspect& seen, const CreateJob& job) {
  if (!seen.config) return false;
  const auto has = [&](const char* label, const std::string& value) {
    const auto found = seen.config->labels.find(label);
    return found != seen.config->labels.end() && found->second == value;
  };
  return has("com.amazonaws.ecs.task-arn", job.task_arn) && has("com.amazonaws.ecs.container-name", job.container_name);
}

}  // namespace

base::Async<std::optional<docker::ContainerInspect>> ContainerSteps::find(std::string id_or_name) {
  try {
    co_return co_await docker_.inspect_container(id_or_name);
  } catch (const docker::Error& e) {
    if (e.kind() != Kind::kNotFound) throw;
  }
  co_return std::nullopt;
}

base::Async<std::optional<std::string>> ContainerSteps::adopt(CreateJob job) {
  base::Backoff backoff(kAdoptBackoff, random_);
  for (int look = 1; look <= kAdoptLooks; ++look) {
    if (look > 1) co_await clock_.sleep_for(backoff.next());
    try {
      const auto seen = co_await find(job.name);
      if (seen) co_return is_ours(*seen, job) ? std::optional(seen->id) : std::nullopt;
    } catch (const docker::Error& e) {
      log::warn("Could not look for a container whose create had no answer", {{"name", job.name}, {"error", e}});
    }
  }
  co_return std::nullopt;
}

base::Async<task::Facts> ContainerSteps::create(store::Committed /*name_stored*/, CreateJob job) {
  std::string id;
  std::exception_ptr failure;
  bool look_for_it = false;
  try {
    const docker::CreateAnswer answer = co_await docker_.create_container({job.name, job.body, job.version});
    id = answer.id;
  } catch (const docker::Error& e) {
    failure = std::current_exception();
    look_for_it = e.kind() == Kind::kConflict || e.may_have_happened();
  }
  if (look_for_it) id = (co_await adopt(job)).value_or("");
  if (id.empty()) throw StepError(named("CannotCreateContainerError", failure));
  try {
    const docker::ContainerInspect seen = co_await docker_.inspect_container(id);
    co_return facts_of(seen);
  } catch (const docker::Error& e) {
    log::warn("Could not inspect a container that was created", {{"id", id}, {"error", e}});
  }
  // It is there; what else there is to know of it will be seen when it starts.
  co_return task::Facts{.status = task::ContainerStatus::kCreated, .docker_id = id};
}

base::Async<task::Facts> ContainerSteps::start(ContainerRef container) {
  try {
    co_await docker_.start_container(container.id_or_name, container.version);
  } catch (const docker::Error& e) {
    StepError failure(named("CannotStartContainerError", e));
    failure.may_have_happened = e.may_have_happened();
    throw failure;
  }
  try {
    const docker::ContainerInspect seen = co_await docker_.inspect_container(container.id_or_name);
    co_return facts_of(seen);
  } catch (const docker::Error& e) {
    StepError failure(named("CannotInspectContainerError", e));
    failure.may_have_happened = true;
    throw failure;
  }
}

base::Async<task::Facts> ContainerSteps::restart(store::Committed /*noted*/, ContainerRef container) {
  co_return co_await start(std::move(container));
}

base::Async<task::Facts> ContainerSteps::stop_once(ContainerRef container, std::chrono::seconds timeout) {
  co_await docker_.stop_container(container.id_or_name, timeout);
  const docker::ContainerInspect seen = co_await docker_.inspect_container(container.id_or_name);
  task::Facts facts = facts_of(seen);
  if (task::is_running(facts.status)) {
    throw docker::Error(Kind::kProtocol, "the container still runs after it was stopped");
  }
  co_return facts;
}

base::Async<bool> ContainerSteps::engine_answers() {
  try {
    co_await docker_.ping(kPingLimit);
    co_return true;
  } catch (const docker::Error&) {
    co_return false;
  }
}

base::Async<task::Facts> ContainerSteps::stop(store::Committed /*desired_stored*/, ContainerRef container,
                                              std::chrono::seconds timeout) {
  base::Backoff backoff(kStopBackoff, random_);
  task::Error error;
  for (int attempt = 1; attempt <= kStopAttempts; ++attempt) {
    if (attempt > 1) co_await clock_.sleep_for(backoff.next());
    bool gone = false;
    try {
      co_return co_await stop_once(container, timeout);
    } catch (const docker::Error& e) {
      error = named("CannotStopContainerError", e);
      gone = e.kind() == Kind::kNotFound;
    }
    if (gone) break;
  }
  StepError failure(error);
  failure.engine_answers = co_await engine_answers();
  throw failure;
}

base::Async<std::optional<task::Facts>> ContainerSteps::look(ContainerRef container) {
  base::Backoff backoff(kLookBackoff, random_);
  while (true) {
    try {
      const auto seen = co_await find(container.id_or_name);
      if (seen) co_return facts_of(*seen);
      co_return std::nullopt;
    } catch (const docker::Error& e) {
      // An engine that does not answer says nothing about the container.
      log::warn("Could not inspect the container; trying again", {{"container", container.id_or_name}, {"error", e}});
    }
    co_await clock_.sleep_for(backoff.next());
  }
}

}  // namespace ecs::engine
