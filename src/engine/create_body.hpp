// The body of a create request (engine.md 4.1, 4.3 to 4.9).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "docker/api_version.hpp"
#include "engine/ports.hpp"
#include "engine/settings.hpp"
#include "task/task.hpp"

namespace ecs::engine {

struct CreateInput {
  const task::Task& task;
  std::size_t container;
  const Settings& settings;
  const std::vector<PublishedPort>& ports;
  const std::vector<std::string>& image_env;  ///< `NAME=value` of the image itself.
  docker::ApiVersion api_version;             ///< Of the request: some members depend on it.
  std::string server_version;                 ///< Of the container engine: `20.10.24+dfsg1`.
};

/// The JSON text. A pure function. Throws StepError: HostConfigError, DockerClientConfigError, or
/// CannotCreateContainerError for a member that the API version does not have.
[[nodiscard]] std::string create_body(const CreateInput& input);

/// The environment of the container: the payload's and the agent's variables, and the region unless somebody (the
/// payload or the image) has set it.
[[nodiscard]] std::vector<std::string> environment_of(const CreateInput& input);

}  // namespace ecs::engine
