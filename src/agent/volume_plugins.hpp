// The volume drivers that this machine's container engine can use, as attributes name them (ecs-api.md 4.4).
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "docker/client.hpp"

namespace ecs::agent {

/// Plugins outside of the engine's management: sockets in run/docker/plugins, then .spec and .json files in
/// etc/docker/plugins and usr/lib/docker/plugins, all below `root`. What cannot be read is left out.
[[nodiscard]] std::vector<std::string> legacy_plugins(const std::filesystem::path& root);

/// `local`, the legacy plugins, then those that the engine manages (by name, `name:tag`): of tag `latest` the name
/// without it first. Colons become dots.
[[nodiscard]] std::vector<std::string> volume_driver_names(const std::vector<std::string>& legacy,
                                                           const std::vector<std::string>& managed);

/// Asks the engine; when it does not answer its plugins are left out, and a line says so.
base::Async<std::vector<std::string>> find_volume_drivers(docker::Client& docker, std::filesystem::path root);

}  // namespace ecs::agent
