// The parts of validate(), one for each kind of thing (payload.hpp has the contract).
#pragma once

#include <string>

#include "local/definition_types.hpp"

namespace ecs::local {

/// What the members of one container depend on elsewhere in the definition.
struct DefinitionView {
  const RegisterTaskDefinitionRequest& request;
  std::string network_mode;  ///< `bridge` when the definition names none.
};

void validate_container(const ContainerDefinition& container, const DefinitionView& view, const std::string& path);
void validate_limits(const ContainerDefinition& container, const DefinitionView& view, const std::string& path);
void validate_ports(const ContainerDefinition& container, const DefinitionView& view, const std::string& path);
void validate_linux_parameters(const ContainerDefinition& container, const std::string& path);
/// systemControls, ulimits, dockerSecurityOptions.
void validate_kernel_settings(const ContainerDefinition& container, const DefinitionView& view,
                              const std::string& path);
void validate_logging(const LogConfiguration& logging, const std::string& path);
void validate_health_check(const HealthCheck& check, const std::string& path);
/// Links, dependsOn, volumesFrom and mountPoints name what exists.
void validate_references(const ContainerDefinition& container, const DefinitionView& view, const std::string& path);
/// dependsOn, links and volumesFrom together leave an order in which the containers can start.
void validate_order(const RegisterTaskDefinitionRequest& request);
void validate_volume(const Volume& volume, const std::string& path);

}  // namespace ecs::local
