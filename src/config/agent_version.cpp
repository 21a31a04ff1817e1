#include <fmt/format.h>

#include "config/version.hpp"

namespace ecs::config {

std::string agent_version() {
  return fmt::format("Amazon ECS Agent - v{} ({}{})", kCompatibleVersion, kBuildDirty ? "*" : "", kBuildHash);
}

}  // namespace ecs::config
