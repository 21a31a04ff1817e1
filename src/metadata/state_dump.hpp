// All that the agent knows of its tasks, for a person who wants to know what it is doing: written on SIGUSR1, and read
// by the local control plane. No environment, command, label, credential id or endpoint id is in it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "engine/engine.hpp"
#include "metadata/introspection.hpp"

namespace ecs::metadata {

/// One JSON document, by tasks in the order of their arrival.
[[nodiscard]] std::string state_dump(const IntrospectionSource& source, bool engine_connected, base::WallTime now);

inline constexpr const char* kStateDumpFile = "state-dump.json";

/// Writes `text` to kStateDumpFile in `data_dir`, readable by its owner only; its path. Blocks. Throws
/// std::system_error.
std::filesystem::path write_state_dump(const std::filesystem::path& data_dir, const std::string& text);

}  // namespace ecs::metadata
