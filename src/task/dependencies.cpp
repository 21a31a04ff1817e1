#include "task/dependencies.hpp"

#include <algorithm>
#include <chrono>
#include <vector>

namespace ecs::task {

namespace {

/// A century, which is for ever, and yet can be added to a moment.
constexpr std::int64_t kLongestTimeout = std::int64_t{100} * 365 * 24 * 3600;
constexpr std::string_view kPrefix = "dependency graph: ";

bool wants_to_run(const Container& c) {
  return c.desired == ContainerStatus::kRunning || c.desired == ContainerStatus::kCreated;
}

bool satisfied(const Container& dependency, Condition condition) {
  switch (condition) {
    case Condition::kCreate:
      return dependency.known >= ContainerStatus::kCreated;
    case Condition::kStart:
      return is_running(dependency.known) || dependency.is(ContainerStatus::kStopped);
    case Condition::kComplete:
      return dependency.is(ContainerStatus::kStopped) && dependency.exit_code.has_value();
    case Condition::kSuccess:
      return dependency.is(ContainerStatus::kStopped) && dependency.exit_code == 0;
    case Condition::kHealthy:
      return dependency.has_health_check() && dependency.health == Health::kHealthy;
  }
  return false;
}

bool met(const Task& task, const Dependency& d) {
  const auto at = task.find(d.container);
  return at && satisfied(task.containers[*at], d.condition);
}

/// Digests are looked up at once; pulls wait, unless told otherwise.
bool needs_no_other(const Task& task, const Container& target) {
  if (target.is(ContainerStatus::kNone)) return true;
  return task.policy.pull_upfront && target.known < ContainerStatus::kPulled;
}

/// The limit belongs to the dependency and runs from its own start; START and CREATE know none.
std::optional<base::WallTime> deadline(const Container& dependency, Condition condition) {
  if (condition == Condition::kStart || condition == Condition::kCreate) return std::nullopt;
  if (dependency.start_timeout <= 0 || dependency.started_at == 0) return std::nullopt;
  if (dependency.is(ContainerStatus::kStopped)) return std::nullopt;
  return wall_time(dependency.started_at) + std::chrono::seconds(std::min(dependency.start_timeout, kLongestTimeout));
}

bool will_never_start(const Container& dependency) {
  return dependency.known < ContainerStatus::kRunning && dependency.desired == ContainerStatus::kStopped &&
         !dependency.doing;
}

/// What an ended dependency can never meet any more. The original waits on for ever.
std::string_view too_late(Condition condition) {
  return condition == Condition::kHealthy ? " because dependency stopped and will never be healthy"
                                          : " because dependency stopped without an exit code";
}

std::string failure(const Container& dependency, const Container& target, std::string_view end,
                    std::string_view lead = {}) {
  std::string text(kPrefix);
  text += lead;
  text += "container ordering dependency [" + describe(dependency) + "] for target [" + describe(target) + "]";
  text += end;
  return text;
}

}  // namespace

std::string describe(const Container& c) {
  std::string text = c.name + "(" + c.image + ") (";
  text += to_string(c.known);
  text += "->";
  text += to_string(c.desired);
  text += ")";
  if (c.exit_code) text += " - Exit: " + std::to_string(*c.exit_code);
  return text;
}

namespace {

/// A dependency that nothing can ever meet, whatever the order.
std::string impossible_dependency(const Task& task) {
  for (const Container& c : task.containers) {
    for (const Dependency& d : c.depends_on) {
      const auto at = task.find(d.container);
      if (!at) return "container " + c.name + " depends on " + d.container + ", which is not in the task";
      if (d.condition == Condition::kHealthy && !task.containers[*at].has_health_check()) {
        return "container " + c.name + " waits for " + d.container + ": HEALTHY, which has no health check";
      }
    }
  }
  return {};
}

/// From one that cannot be ordered to one that it waits for, until one comes again.
std::string circle(const Task& task, const std::vector<bool>& done) {
  std::vector<std::size_t> path{static_cast<std::size_t>(std::ranges::find(done, false) - done.begin())};
  while (true) {
    const Container& c = task.containers[path.back()];
    const auto next =
        std::ranges::find_if(c.depends_on, [&](const Dependency& d) { return !done[*task.find(d.container)]; });
    const std::size_t index = *task.find(next->container);
    const bool again = std::ranges::find(path, index) != path.end();
    path.push_back(index);
    if (again) break;
  }
  path.erase(path.begin(), std::ranges::find(path, path.back()));
  std::string text;
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    text +=
        (text.empty() ? "" : ", ") + task.containers[path[i]].name + " waits for " + task.containers[path[i + 1]].name;
  }
  return text;
}

}  // namespace

bool can_be_ordered(const Task& task) { return why_no_order(task).empty(); }

std::string why_no_order(const Task& task) {
  if (auto why = impossible_dependency(task); !why.empty()) return why;
  std::vector<bool> done(task.containers.size(), false);
  const auto resolvable = [&](const Container& c) {
    return std::ranges::all_of(c.depends_on, [&](const Dependency& d) { return done[*task.find(d.container)]; });
  };
  for (std::size_t left = task.containers.size(); left > 0; --left) {
    std::size_t next = 0;
    while (next < done.size() && (done[next] || !resolvable(task.containers[next]))) ++next;
    if (next == done.size()) return circle(task, done);
    done[next] = true;
  }
  return {};
}

bool has_resources(const Task& task, std::size_t container) {
  const std::vector<MountPoint>& mounts = task.containers.at(container).mount_points;
  return std::ranges::all_of(task.resources, [&](const Resource& r) {
    const bool needed = r.kind == ResourceKind::kCgroup ||
                        std::ranges::find(mounts, r.name, &MountPoint::source_volume) != mounts.end();
    return !needed || r.known == ResourceStatus::kCreated;
  });
}

bool may_advance(const Task& task, std::size_t container) {
  const Container& target = task.containers.at(container);
  if (needs_no_other(task, target)) return true;
  return std::ranges::all_of(target.depends_on, [&](const Dependency& d) { return met(task, d); });
}

std::vector<const Dependency*> unmet(const Task& task, std::size_t container) {
  const Container& target = task.containers.at(container);
  std::vector<const Dependency*> all;
  if (needs_no_other(task, target)) return all;
  for (const Dependency& d : target.depends_on) {
    if (!met(task, d)) all.push_back(&d);
  }
  return all;
}

std::optional<std::string> never_starts(const Task& task, std::size_t container, base::WallTime now) {
  const Container& target = task.containers.at(container);
  if (!wants_to_run(target) || target.known >= target.desired) return std::nullopt;
  for (const Dependency& d : target.depends_on) {
    const auto at = task.find(d.container);
    if (!at) {
      return std::string(kPrefix) + "container ordering dependency [<nil>] for target [" + describe(target) +
             "] does not exist.";
    }
    const Container& dependency = task.containers[*at];
    if (target.known < ContainerStatus::kCreated) {
      const auto limit = deadline(dependency, d.condition);
      if (limit && now > *limit) return failure(dependency, target, " has timed out.");
    }
    if (d.condition == Condition::kSuccess && dependency.is(ContainerStatus::kStopped) && dependency.exit_code != 0) {
      return failure(dependency, target, " as dependency did not exit successfully.", "failed to resolve ");
    }
    if (will_never_start(dependency)) {
      return failure(dependency, target, " because dependency will never start", "failed to resolve ");
    }
    if (dependency.is(ContainerStatus::kStopped) && !satisfied(dependency, d.condition)) {
      return failure(dependency, target, too_late(d.condition), "failed to resolve ");
    }
  }
  return std::nullopt;
}

bool may_stop(const Task& task, std::size_t container) {
  const std::string& name = task.containers.at(container).name;
  return std::ranges::none_of(task.containers, [&](const Container& other) {
    return !other.is(ContainerStatus::kStopped) &&
           std::ranges::any_of(other.depends_on, [&](const Dependency& d) { return d.container == name; });
  });
}

std::optional<base::WallTime> next_timeout(const Task& task, base::WallTime after) {
  std::optional<base::WallTime> next;
  for (const Container& target : task.containers) {
    if (!wants_to_run(target) || target.known >= ContainerStatus::kCreated) continue;
    for (const Dependency& d : target.depends_on) {
      const auto at = task.find(d.container);
      if (!at) continue;
      const auto limit = deadline(task.containers[*at], d.condition);
      if (limit && *limit > after && (!next || *limit < *next)) next = limit;
    }
  }
  return next;
}

}  // namespace ecs::task
