#include "engine/create_body.hpp"

#include <algorithm>
#include <string_view>

#include "base/text.hpp"
#include "engine/create_host_config.hpp"
#include "engine/docker_errors.hpp"
#include "engine/raw_docker.hpp"
#include "json/value.hpp"

namespace ecs::engine {

namespace {

namespace bj = boost::json;

constexpr docker::ApiVersion kStopTimeoutSince{1, 25};
constexpr docker::ApiVersion kStartIntervalSince{1, 44};
constexpr docker::ApiVersion kMacAddressUntil{1, 44};

const task::Container& container_of(const CreateInput& input) { return input.task.containers.at(input.container); }

bj::array list(const std::vector<std::string>& words) { return bj::array(words.begin(), words.end()); }

bool names_region(std::string_view variable) {
  return variable.starts_with("AWS_REGION=") || variable.starts_with("AWS_DEFAULT_REGION=");
}

bj::object exposed_ports(const std::vector<PublishedPort>& ports) {
  bj::object exposed;
  for (const PublishedPort& port : ports) exposed[port.key()] = bj::object();
  return exposed;
}

[[noreturn]] void needs_version(std::string_view feature, docker::ApiVersion needed, docker::ApiVersion used) {
  throw StepError("CannotCreateContainerError", base::go_quote(feature) + " requires API version " + needed.text() +
                                                    ", but the Docker daemon API version is " + used.text());
}

/// As Docker's own client does before it sends.
void fit_to_version(docker::ApiVersion version, bj::object& config) {
  if (version < kStopTimeoutSince && config.contains("StopTimeout")) {
    needs_version("stop timeout", kStopTimeoutSince, version);
  }
  const auto* check = config.if_contains("Healthcheck");
  if (version < kStartIntervalSince && check != nullptr && check->get_object().contains("StartInterval")) {
    needs_version("specify health-check start interval", kStartIntervalSince, version);
  }
  if (version >= kMacAddressUntil) config.erase("MacAddress");
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
  if (c.internal()) {
    for (const auto& [name, value] : input.settings.pause_labels) labels.get_object()[name] = value;
  }
  labels.get_object()["com.amazonaws.ecs.task-arn"] = input.task.arn;
  labels.get_object()["com.amazonaws.ecs.container-name"] = c.name;
  labels.get_object()["com.amazonaws.ecs.task-definition-family"] = input.task.family;
  labels.get_object()["com.amazonaws.ecs.task-definition-version"] = input.task.version;
  labels.get_object()["com.amazonaws.ecs.cluster"] = input.settings.cluster;
  return config;
}

}  // namespace

std::vector<std::string> environment_of(const CreateInput& input) {
  const task::Container& c = container_of(input);
  std::vector<std::string> all;
  all.reserve(c.environment.size() + 2);
  for (const auto& [name, value] : c.environment) all.push_back(name + "=" + value);
  const bool set = std::ranges::any_of(all, names_region) || std::ranges::any_of(input.image_env, names_region);
  if (!set && !c.internal() && !input.settings.region.empty()) {
    all.push_back("AWS_REGION=" + input.settings.region);
    all.push_back("AWS_DEFAULT_REGION=" + input.settings.region);
  }
  return all;
}

std::string create_body(const CreateInput& input) {
  // The host config comes first: its errors are the ones that the user hears of.
  bj::object host = host_config_of(input);
  bj::object body = build_config(input);
  fit_to_version(input.api_version, body);
  body["HostConfig"] = std::move(host);
  body["NetworkingConfig"] = bj::object{{"EndpointsConfig", nullptr}};
  return json::write(body, {.sort = false});
}

}  // namespace ecs::engine
