#include "metadata/introspection_documents.hpp"

#include <algorithm>
#include <string_view>

#include "base/time_text.hpp"

namespace ecs::metadata::v1 {

namespace {

std::optional<std::string> time_text(task::UnixNanos time) {
  if (time == 0) return std::nullopt;
  return base::rfc3339_nano(task::wall_time(time));
}

std::optional<std::uint16_t> unless_zero(std::uint16_t port) { return port == 0 ? std::nullopt : std::optional(port); }

/// What the engine has bound; until then what the task definition asks for.
std::optional<std::vector<Port>> ports_of(const task::Container& c) {
  std::vector<Port> ports;
  ports.reserve(std::max(c.bindings.size(), c.port_mappings.size()));
  for (const auto& b : c.bindings)
    ports.push_back({unless_zero(b.container_port), b.protocol, unless_zero(b.host_port)});
  if (ports.empty()) {
    for (const auto& m : c.port_mappings) {
      ports.push_back({unless_zero(m.container_port), m.protocol, unless_zero(m.host_port)});
    }
  }
  return ports.empty() ? std::nullopt : std::optional(std::move(ports));
}

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::optional<std::vector<Volume>> volumes_of(const task::Container& c) {
  if (c.mounts.empty()) return std::nullopt;
  std::vector<Volume> volumes;
  volumes.reserve(c.mounts.size());
  for (const auto& m : c.mounts) {
    volumes.push_back({unless_empty(m.name), unless_empty(m.source), unless_empty(m.destination)});
  }
  return volumes;
}

/// Whether the engine was ever asked to create it: containers before that are not listed.
bool create_begun(const task::Container& c) {
  return !c.docker_id.empty() || c.doing == task::StepKind::kCreate ||
         (c.error && c.error->name == "CannotCreateContainerError");
}

Container describe(const task::Container& c) {
  return {.docker_id = c.docker_id,
          .docker_name = c.docker_name,
          .name = c.name,
          .image = c.image,
          .image_id = c.image_id,
          .created_at = time_text(c.created_at),
          .started_at = time_text(c.started_at),
          .ports = ports_of(c),
          .volumes = volumes_of(c),
          .restart_count = c.restart_policy.enabled ? std::optional(c.restart_count) : std::nullopt};
}

}  // namespace

Task describe(const task::Task& task) {
  const std::string_view known = task::wire_word(task.known);
  const std::string_view desired = task::wire_word(task.desired);
  Task out{.arn = task.arn,
           .desired_status = std::string(desired),
           .known_status = std::string(known),
           .family = task.family,
           .version = task.version,
           .containers = {}};
  // A wish that lags behind what is known says nothing.
  if ((known == "STOPPED" && desired != "STOPPED") || (known == "RUNNING" && desired == "PENDING")) {
    out.desired_status.reset();
  }
  for (const auto& c : task.containers) {
    if (create_begun(c) && !c.internal()) out.containers.push_back(describe(c));
  }
  return out;
}

WaitingTasks describe_waiting(const std::vector<engine::TaskView>& tasks) {
  WaitingTasks out;
  for (const auto& view : tasks) {
    if (view.waiting.empty()) continue;
    WaitingTask one{.arn = view.task->arn,
                    .family = view.task->family,
                    .version = view.task->version,
                    .desired_status = std::string(task::to_string(view.task->desired)),
                    .known_status = std::string(task::to_string(view.task->known)),
                    .waiting = {}};
    for (const auto& wait : view.waiting) {
      one.waiting.push_back({unless_empty(wait.container), wait.why, base::rfc3339_nano(wait.since)});
    }
    out.tasks.push_back(std::move(one));
  }
  return out;
}

}  // namespace ecs::metadata::v1
