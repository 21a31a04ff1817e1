#include "local/task_containers.hpp"

#include <cstddef>
#include <string_view>

namespace ecs::local {
namespace {

constexpr const char* kTaskLabel = "com.amazonaws.ecs.task-arn";

bool ends_in_hex(std::string_view name) {
  static constexpr std::size_t kDigits = 20;
  if (name.size() <= kDigits || name[name.size() - kDigits - 1] != '-') return false;
  return name.find_first_not_of("0123456789abcdef", name.size() - kDigits) == std::string_view::npos;
}

}  // namespace

base::Async<std::vector<docker::ContainerSummary>> list_task_containers(docker::Client& engine,
                                                                        std::string arn_prefix) {
  docker::ListOptions options;
  options.all = true;
  options.labels = {kTaskLabel};
  auto all = co_await engine.list_containers(std::move(options));
  std::erase_if(all, [&arn_prefix](const docker::ContainerSummary& container) {
    const auto label = container.labels.find(kTaskLabel);
    return label == container.labels.end() || !label->second.starts_with(arn_prefix);
  });
  co_return all;
}

std::set<std::string> task_volumes(const std::vector<docker::ContainerSummary>& containers) {
  std::set<std::string> names;
  for (const auto& container : containers) {
    const auto label = [&container](const char* name) {
      const auto found = container.labels.find(std::string("com.amazonaws.ecs.task-definition-") + name);
      return found == container.labels.end() ? std::string() : found->second;
    };
    const std::string prefix = "ecs-" + label("family") + "-" + label("version") + "-";
    for (const auto& mount : container.mounts) {
      if (mount.type == "volume" && mount.name.starts_with(prefix) && ends_in_hex(mount.name)) names.insert(mount.name);
    }
  }
  return names;
}

base::Async<> kill_task_containers(docker::Client& engine, std::string arn_prefix) {
  const auto all = co_await list_task_containers(engine, std::move(arn_prefix));
  for (const auto& container : all) {
    try {
      co_await engine.kill_container(container.id, "SIGKILL");
    } catch (const docker::Error& error) {
      // 409: it does not run. 404: it is gone.
      if (error.status() != 409 && error.status() != 404) throw;
    }
  }
}

}  // namespace ecs::local
