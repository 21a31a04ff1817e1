#include "agent/volume_plugins.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "log/log.hpp"

namespace ecs::agent {

namespace {

namespace fs = std::filesystem;

/// Sorted by name, as every run is to list the same order.
std::vector<fs::path> entries_of(const fs::path& directory) {
  std::vector<fs::path> all;
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(directory, ignored)) all.push_back(entry.path());
  std::ranges::sort(all);
  return all;
}

void add_sockets(const fs::path& directory, std::vector<std::string>& names) {
  std::error_code ignored;
  for (fs::path path : entries_of(directory)) {
    if (fs::is_directory(path, ignored)) path /= path.filename().string() + ".sock";
    if (fs::is_socket(path, ignored)) names.push_back(path.stem().string());
  }
}

void add_specs(const fs::path& directory, std::vector<std::string>& names) {
  std::error_code ignored;
  for (fs::path path : entries_of(directory)) {
    if (fs::is_directory(path, ignored)) {
      const auto inside = entries_of(path);
      const auto own = std::ranges::find(inside, path.filename(), [](const fs::path& file) { return file.stem(); });
      if (own == inside.end()) continue;
      path = *own;
    }
    if (path.extension() == ".spec" || path.extension() == ".json") names.push_back(path.stem().string());
  }
}

std::string dotted(std::string name) {
  std::ranges::replace(name, ':', '.');
  return name;
}

}  // namespace

std::vector<std::string> legacy_plugins(const fs::path& root) {
  std::vector<std::string> names;
  add_sockets(root / "run/docker/plugins", names);
  add_specs(root / "etc/docker/plugins", names);
  add_specs(root / "usr/lib/docker/plugins", names);
  return names;
}

std::vector<std::string> volume_driver_names(const std::vector<std::string>& legacy,
                                             const std::vector<std::string>& managed) {
  static constexpr std::string_view kLatest = ":latest";
  std::vector<std::string> names{"local"};
  for (const std::string& name : legacy) names.push_back(dotted(name));
  for (const std::string& name : managed) {
    if (name.ends_with(kLatest)) names.push_back(dotted(name.substr(0, name.size() - kLatest.size())));
    names.push_back(dotted(name));
  }
  return names;
}

base::Async<std::vector<std::string>> find_volume_drivers(docker::Client& docker, fs::path root) {
  std::vector<std::string> managed;
  try {
    for (docker::Plugin& plugin : co_await docker.plugins("volumedriver")) managed.push_back(std::move(plugin.name));
  } catch (const docker::Error& e) {
    log::warn("The container engine does not list its volume plugins; they are not advertised", {{"error", e}});
  }
  co_return volume_driver_names(legacy_plugins(root), managed);
}

}  // namespace ecs::agent
