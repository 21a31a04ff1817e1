// Files and directories of a cgroup tree. All throw Error, naming the path.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace ecs::cgroup {

/// With its parents; one that exists is no error.
void make_directory(const std::filesystem::path& path);

/// Throws unless this process may make directories in it.
void require_writable(const std::filesystem::path& directory);

void write(const std::filesystem::path& path, std::string_view value);

/// Nothing but spaces and newlines counts as empty; a file that is not there too.
[[nodiscard]] std::string read_trimmed(const std::filesystem::path& path);

/// Removes the directories below `path` and then itself; retries for as long as the kernel is not done with processes
/// that have ended, a third of a second at most. Not there: no error.
void remove_directory(const std::filesystem::path& path);

/// Of a root that is given by name: refuses `..` and the like.
[[nodiscard]] std::filesystem::path below(const std::filesystem::path& mount, std::string_view root);

}  // namespace ecs::cgroup
