// Which version this is, for people and for control planes.
#pragma once

#include <string>
#include <string_view>

namespace ecs::config {

/// The version of the original that we are compatible with. Control planes gate features on it, so it is what every
/// wire carries.
inline constexpr std::string_view kCompatibleVersion = "1.105.1";

/// Our own version, `0.1.0`.
extern const std::string_view kOwnVersion;
/// Short git hash of the build, without a dirty mark; zeros when the source had no repository.
extern const std::string_view kBuildHash;
/// Whether the source had uncommitted changes.
extern const bool kBuildDirty;

/// `Amazon ECS Agent - v1.105.1 (*a8b3e7d3)`: how this agent is named on the wires; the star marks uncommitted changes.
[[nodiscard]] std::string agent_version();

}  // namespace ecs::config
