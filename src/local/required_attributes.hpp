// What an instance must offer for a definition to run on it.
#pragma once

#include <string>
#include <vector>

#include "local/definition_types.hpp"

namespace ecs::local {

/// The minor number of the lowest Docker API version (1.x) that knows all the container asks for; at least 17.
[[nodiscard]] int docker_api_minor(const ContainerDefinition& container);

/// The attributes in order of name, as ECS lists them with a task definition.
[[nodiscard]] std::vector<Attribute> required_attributes(const RegisterTaskDefinitionRequest& request);

}  // namespace ecs::local
