// Versions of the Engine API, and which of them are used against one engine.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace ecs::docker {

/// `1.41`.
struct ApiVersion {
  int major = 0;
  int minor = 0;

  friend auto operator<=>(const ApiVersion&, const ApiVersion&) = default;

  /// Two decimal numbers with a point between them, nothing else.
  [[nodiscard]] static std::optional<ApiVersion> parse(std::string_view text);
  [[nodiscard]] std::string text() const;
};

/// What this agent knows: 1.17 to 1.44. Its lowest default is 1.21, and looking up a manifest needs 1.35.
inline constexpr ApiVersion kOldestKnown{1, 17};
inline constexpr ApiVersion kNewestKnown{1, 44};
inline constexpr ApiVersion kDefaultFloor{1, 21};
inline constexpr ApiVersion kDistributionFloor{1, 35};

/// The outcome of one look at an engine.
struct EngineVersions {
  std::vector<ApiVersion> supported;  ///< Known here and accepted there, ascending.
  ApiVersion base;                    ///< Of every call that asks for no other one.
  std::string server;                 ///< The engine's own version: `20.10.24+dfsg1`.

  [[nodiscard]] bool supports(ApiVersion version) const;

  /// The version for a container that asks for `wanted` (`dockerConfig.version`): never below base.
  [[nodiscard]] ApiVersion lifted(std::optional<ApiVersion> wanted) const {
    return wanted && *wanted > base ? *wanted : base;
  }

  /// Nothing when manifests cannot be looked up on this engine.
  [[nodiscard]] std::optional<ApiVersion> distribution() const;
};

/// `oldest` and `newest` are what the engine accepts; an engine that names no oldest accepts all. The base is the
/// floor of 1.21, or the lowest supported version if that is higher; it may thus be unsupported by a very old
/// engine (`supports(base)` is false then: the agent cannot run against it), as in the original. With nothing
/// supported the base is the floor too.
[[nodiscard]] EngineVersions derive_versions(std::optional<ApiVersion> oldest, ApiVersion newest, std::string server);

}  // namespace ecs::docker
