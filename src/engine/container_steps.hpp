// The steps that touch a container: create, start, stop, look (engine.md 4.2, 2.8).
//
// What must not be forgotten is proved durable by a store::Committed in the signature.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "docker/client.hpp"
#include "store/store.hpp"
#include "task/observation.hpp"

namespace ecs::engine {

/// A container of ours, by the id that the engine gave it or else by the name that we chose.
struct ContainerRef {
  std::string id_or_name;
  std::optional<docker::ApiVersion> version;  ///< Of create and start: dockerConfig.version.
};

struct CreateJob {
  std::string name;
  std::string body;
  std::optional<docker::ApiVersion> version;
  std::string task_arn;
  std::string container_name;
};

/// All throw StepError; the facts are those of the inspect that follows the call.
class ContainerSteps {
 public:
  ContainerSteps(docker::Client& docker, base::Clock& clock, base::Random& random)
      : docker_(docker), clock_(clock), random_(random) {}

  /// `name_stored`: the name is durable. A crash before the call leaves a name of nothing, which the next process looks
  /// up in vain and uses; a crash after it leaves a container that the next process finds by that name. The answer may
  /// be lost here too: a container of that name that carries our labels is ours.
  base::Async<task::Facts> create(store::Committed name_stored, CreateJob job);

  /// A crash before the call leaves a created container, which the next process starts; a crash after it leaves one
  /// that runs or has ended, which the next process sees and does not start again.
  base::Async<task::Facts> start(ContainerRef container);

  /// start() after an exit. `noted`: count and moment of the restart are durable. A crash before the call leaves an
  /// exit from before that moment, and the next process makes the call; a crash after it leaves a container that runs,
  /// or one with a newer exit.
  base::Async<task::Facts> restart(store::Committed noted, ContainerRef container);

  /// `desired_stored`: that it is to be stopped is durable. A crash before or during the call makes the next process
  /// stop it; a crash after it leaves an ended container whose exit code the next process reads.
  base::Async<task::Facts> stop(store::Committed desired_stored, ContainerRef container, std::chrono::seconds timeout);

  /// Nothing when the engine does not know the container. Waits and asks again for as long as it does not answer.
  base::Async<std::optional<task::Facts>> look(ContainerRef container);

 private:
  base::Async<std::optional<docker::ContainerInspect>> find(std::string id_or_name);
  base::Async<std::optional<std::string>> adopt(CreateJob job);
  base::Async<task::Facts> stop_once(ContainerRef container, std::chrono::seconds timeout);
  base::Async<bool> engine_answers();

  docker::Client& docker_;
  base::Clock& clock_;
  base::Random& random_;
};

}  // namespace ecs::engine
