#include "task/waiting.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>

#include "task/dependencies.hpp"

namespace ecs::task {

namespace {

class Waits {
 public:
  Waits(const Task& task, base::WallTime now) : task_(task), now_(now) {}

  std::vector<Wait> all() {
    for (std::size_t i = 0; i < task_.containers.size(); ++i) of_container(i);
    for (const Resource& r : task_.resources) {
      if (r.doing) add({}, std::string(to_string(*r.doing)) + " " + r.name + " is under way");
    }
    const bool told = task_.known == TaskStatus::kRunning || task_.ended();
    if (told && task_.sent < task_.known) {
      add({}, "the control plane has not accepted the report of " + std::string(to_string(task_.known)));
    }
    return std::move(all_);
  }

 private:
  void of_container(std::size_t i) {
    const Container& c = task_.containers[i];
    if (c.doing) return add(c.name, std::string(to_string(*c.doing)) + " is under way");
    if (c.is(ContainerStatus::kStopped)) return;
    if (c.desired == ContainerStatus::kStopped) return of_stop(i);
    if (c.known >= c.desired || !task_.admitted) return;
    if (c.is(ContainerStatus::kManifestPulled) && !has_resources(task_, i)) add(c.name, "needs the task's resources");
    for (const Dependency* d : unmet(task_, i)) {
      add(c.name, "needs " + std::string(to_string(d->condition)) + " of container " + d->container);
    }
  }

  void of_stop(std::size_t i) {
    const Container& c = task_.containers[i];
    if (!may_stop(task_, i)) return add(c.name, "waits for the containers that depend on it to stop");
    if (c.retry_stop_at > nanos(now_)) add(c.name, "the container engine did not answer the stop; it is tried again");
  }

  void add(const std::string& container, std::string why) { all_.push_back({container, std::move(why), now_}); }

  const Task& task_;
  base::WallTime now_;
  std::vector<Wait> all_;
};

}  // namespace

std::vector<Wait> waits_of(const Task& task, base::WallTime now) { return Waits(task, now).all(); }

void keep_since(const std::vector<Wait>& before, std::vector<Wait>& waits) {
  for (Wait& wait : waits) {
    const auto same = [&](const Wait& old) { return old.container == wait.container && old.why == wait.why; };
    const auto old = std::ranges::find_if(before, same);
    if (old != before.end()) wait.since = old->since;
  }
}

}  // namespace ecs::task
