// The body of a create request (engine.md 4.3 to 4.6, 4.8).
#pragma once

#include <cstddef>
#include <string>
#include <vector>

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
};

/// The JSON text. A pure function. Throws StepError: HostConfigError or DockerClientConfigError.
[[nodiscard]] std::string create_body(const CreateInput& input);

/// The environment of the container: the payload's and the agent's variables, and the region unless somebody (the
/// payload or the image) has set it.
[[nodiscard]] std::vector<std::string> environment_of(const CreateInput& input);

}  // namespace ecs::engine
