#include "engine/facts.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <system_error>

namespace ecs::engine {

namespace {

constexpr std::size_t kHealthOutputLimit = 1024;

task::UnixNanos time_of(std::string_view text) {
  const auto time = docker::engine_time(text);
  return time ? task::nanos(*time) : 0;
}

bool port_number(std::string_view text, std::uint16_t& port) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc() && end == text.data() + text.size();
}

std::vector<task::PortBinding> bindings_of(const docker::NetworkSettings& network) {
  std::vector<task::PortBinding> all;
  for (const auto& [port, bindings] : network.ports) {
    if (!bindings) continue;
    const auto slash = port.find('/');
    const std::string_view protocol = slash == std::string::npos ? "tcp" : std::string_view(port).substr(slash + 1);
    for (const docker::PortBinding& binding : *bindings) {
      task::PortBinding one{.bind_ip = binding.host_ip, .protocol = std::string(protocol)};
      if (port_number(std::string_view(port).substr(0, slash), one.container_port) &&
          port_number(binding.host_port, one.host_port)) {
        all.push_back(std::move(one));
      }
    }
  }
  std::ranges::sort(all);
  return all;
}

void add_health(const docker::Health& seen, task::Facts& facts) {
  if (seen.status == "healthy") facts.health = task::Health::kHealthy;
  if (seen.status == "unhealthy") facts.health = task::Health::kUnhealthy;
  if (seen.log.empty()) return;
  facts.health_output = seen.log.back().output.substr(0, kHealthOutputLimit);
  facts.health_exit_code = seen.log.back().exit_code;
}

task::ContainerStatus status_of(docker::Condition condition) {
  switch (condition) {
    case docker::Condition::kCreated:
      return task::ContainerStatus::kCreated;
    case docker::Condition::kRunning:
      return task::ContainerStatus::kRunning;
    case docker::Condition::kStopped:
      return task::ContainerStatus::kStopped;
  }
  return task::ContainerStatus::kCreated;
}

}  // namespace

task::Facts facts_of(const docker::ContainerInspect& seen) {
  task::Facts facts;
  facts.docker_id = seen.id;
  facts.image_id = seen.image;
  facts.created_at = time_of(seen.created);
  for (const docker::MountPoint& mount : seen.mounts) {
    facts.mounts.push_back({mount.name, mount.source, mount.destination});
  }
  if (seen.config) facts.labels = seen.config->labels;
  if (seen.network_settings) facts.bindings = bindings_of(*seen.network_settings);
  if (!seen.state) return facts;
  facts.status = status_of(docker::condition_of(*seen.state));
  facts.started_at = time_of(seen.state->started_at);
  facts.finished_at = time_of(seen.state->finished_at);
  facts.exit_code = docker::exit_code_of(*seen.state);
  if (const auto error = docker::state_error_of(*seen.state)) facts.error = task::Error{error->name, error->text};
  if (seen.state->health) add_health(*seen.state->health, facts);
  return facts;
}

}  // namespace ecs::engine
