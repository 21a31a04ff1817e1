#include "local/task_containers.hpp"

namespace ecs::local {
namespace {

constexpr const char* kTaskLabel = "com.amazonaws.ecs.task-arn";

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
