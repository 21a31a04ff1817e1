#include "engine/create_body.hpp"

#include <algorithm>
#include <string_view>

#include "base/text.hpp"
#include "engine/docker_errors.hpp"
#include "engine/raw_docker.hpp"
#include "json/value.hpp"

namespace ecs::engine {

namespace {

namespace bj = boost::json;

constexpr std::int64_t kMiB = 1024 * 1024;
constexpr std::int64_t kMinimumMemory = 4 * kMiB;
constexpr std::int64_t kMinimumShares = 2;
constexpr std::int64_t kMaximumShares = 262144;

const task::Container& container_of(const CreateInput& input) { return input.task.containers.at(input.container); }

bj::array list(const std::vector<std::string>& words) { return bj::array(words.begin(), words.end()); }

bool names_region(std::string_view variable) {
  return variable.starts_with("AWS_REGION=") || variable.starts_with("AWS_DEFAULT_REGION=");
}

std::string port_key(std::uint16_t port, const std::string& protocol) { return std::to_string(port) + "/" + protocol; }

bj::object exposed_ports(const std::vector<PublishedPort>& ports) {
  bj::object exposed;
  for (const PublishedPort& port : ports) exposed[port_key(port.container_port, port.protocol)] = bj::object();
  return exposed;
}

bj::object port_bindings(const std::vector<PublishedPort>& ports) {
  bj::object bindings;
  for (const PublishedPort& port : ports) {
    bj::value& place = bindings[port_key(port.container_port, port.protocol)];
    if (!place.is_array()) place.emplace_array();
    place.get_array().push_back(bj::object{{"HostIp", ""}, {"HostPort", std::to_string(port.host_port)}});
  }
  return bindings;
}

bj::array links(const CreateInput& input) {
  bj::array all;
  for (const std::string& link : container_of(input).links) {
    const auto parts = base::split(link, ':');
    const auto target = input.task.find(parts.front());
    if (!target) throw StepError("HostConfigError", "Link target not available: " + parts.front());
    all.emplace_back(input.task.containers[*target].docker_name + ":" + parts.back());
  }
  return all;
}

bj::array volumes_from(const CreateInput& input) {
  bj::array all;
  for (const task::VolumeFrom& volume : container_of(input).volumes_from) {
    const auto source = input.task.find(volume.source_container);
    if (!source) throw StepError("HostConfigError", "Volume target not available: " + volume.source_container);
    all.emplace_back(input.task.containers[*source].docker_name + (volume.read_only ? ":ro" : ""));
  }
  return all;
}

std::int64_t memory_bytes(std::int64_t mib) { return mib == 0 ? 0 : std::max(mib * kMiB, kMinimumMemory); }

/// Docker loses lines without a word when a non-blocking log has no buffer of a given size.
void bound_log_buffer(bj::object& host) {
  auto* log = host["LogConfig"].if_object();
  auto* config = log == nullptr ? nullptr : (*log)["Config"].if_object();
  if (config == nullptr) return;
  const auto* mode = config->if_contains("mode");
  const bool non_blocking = mode != nullptr && mode->is_string() && mode->get_string() == "non-blocking";
  if (non_blocking && !config->contains("max-buffer-size")) (*config)["max-buffer-size"] = "10m";
}

bj::object build_config(const CreateInput& input) {
  const task::Container& c = container_of(input);
  bj::object config = zero_config();
  config["Image"] = c.image;
  if (c.command) config["Cmd"] = list(*c.command);
  if (c.entry_point) config["Entrypoint"] = list(*c.entry_point);
  config["Env"] = list(environment_of(input));
  if (!input.ports.empty()) config["ExposedPorts"] = exposed_ports(input.ports);
  if (!c.docker_config.config.empty()) {
    try {
      overlay_config(config, c.docker_config.config);
    } catch (const json::Error& e) {
      throw StepError("DockerClientConfigError", std::string("Unable decode given docker config: ") + e.what());
    }
  }
  if (c.health_check_type == "docker" && !config.contains("Healthcheck")) {
    throw StepError("DockerClientConfigError",
                    "docker health check is nil while container health check type is DOCKER");
  }
  bj::value& labels = config["Labels"];
  if (!labels.is_object()) labels.emplace_object();
  labels.get_object()["com.amazonaws.ecs.task-arn"] = input.task.arn;
  labels.get_object()["com.amazonaws.ecs.container-name"] = c.name;
  labels.get_object()["com.amazonaws.ecs.task-definition-family"] = input.task.family;
  labels.get_object()["com.amazonaws.ecs.task-definition-version"] = input.task.version;
  labels.get_object()["com.amazonaws.ecs.cluster"] = input.settings.cluster;
  return config;
}

bj::object build_host_config(const CreateInput& input) {
  const task::Container& c = container_of(input);
  bj::object host = zero_host_config();
  host["Links"] = links(input);
  host["Binds"] = bj::array();
  host["PortBindings"] = port_bindings(input.ports);
  host["VolumesFrom"] = volumes_from(input);
  host["Memory"] = memory_bytes(c.memory);
  host["CpuShares"] = std::clamp(c.cpu, kMinimumShares, kMaximumShares);
  if (!c.docker_config.host_config.empty()) {
    try {
      overlay_host_config(host, c.docker_config.host_config);
    } catch (const json::Error& e) {
      throw StepError("HostConfigError", std::string("Unable to decode given host config: ") + e.what());
    }
  }
  if (input.task.pid_mode == "host") host["PidMode"] = "host";
  if (input.task.ipc_mode == "host" || input.task.ipc_mode == "none") host["IpcMode"] = input.task.ipc_mode;
  bound_log_buffer(host);
  return host;
}

}  // namespace

std::vector<std::string> environment_of(const CreateInput& input) {
  const task::Container& c = container_of(input);
  std::vector<std::string> all;
  all.reserve(c.environment.size() + 2);
  for (const auto& [name, value] : c.environment) all.push_back(name + "=" + value);
  const bool set = std::ranges::any_of(all, names_region) || std::ranges::any_of(input.image_env, names_region);
  if (!set && !input.settings.region.empty()) {
    all.push_back("AWS_REGION=" + input.settings.region);
    all.push_back("AWS_DEFAULT_REGION=" + input.settings.region);
  }
  return all;
}

std::string create_body(const CreateInput& input) {
  // The host config comes first: its errors are the ones that the user hears of.
  bj::object host = build_host_config(input);
  bj::object body = build_config(input);
  body["HostConfig"] = std::move(host);
  body["NetworkingConfig"] = bj::object{{"EndpointsConfig", nullptr}};
  return json::write(body, {.sort = false});
}

}  // namespace ecs::engine
