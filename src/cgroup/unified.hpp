// What both ways to use a v2 tree share.
#pragma once

#include <filesystem>

namespace ecs::cgroup {

/// Lets the children of `path` have cpu and memory, and pids where that is possible. Throws Error, also when the kernel
/// does not offer cpu or memory there.
void enable_controllers(const std::filesystem::path& path);

}  // namespace ecs::cgroup
