#include <array>
#include <string_view>

#include "local/control_plane.hpp"

namespace ecs::local {
namespace {

/// What is passed on as it is. Nothing with AWS_ in front: the agent must not reach the user's own account.
bool is_passed_on(std::string_view name) {
  static constexpr std::array kNames = {"PATH",       "HOME",          "LANG",          "TZ",
                                        "TMPDIR",     "SSL_CERT_FILE", "SSL_CERT_DIR",  "HTTP_PROXY",
                                        "http_proxy", "HTTPS_PROXY",   "https_proxy",   "NO_PROXY",
                                        "no_proxy",   "ASAN_OPTIONS",  "UBSAN_OPTIONS", "TSAN_OPTIONS"};
  for (const std::string_view known : kNames) {
    if (name == known) return true;
  }
  return name.starts_with("ECS_");
}

}  // namespace

std::map<std::string, std::string> agent_environment(const std::map<std::string, std::string>& environment,
                                                     const AgentSettings& settings) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : environment) {
    if (is_passed_on(name)) out[name] = value;
  }
  out["ECS_CLUSTER"] = settings.cluster;
  out["ECS_BACKEND_HOST"] = settings.endpoint;
  out["AWS_ENDPOINT_URL"] = settings.endpoint;
  out["AWS_EC2_METADATA_SERVICE_ENDPOINT"] = settings.endpoint;
  out["AWS_DEFAULT_REGION"] = settings.region;
  out["AWS_ACCESS_KEY_ID"] = settings.key_id;
  out["AWS_SECRET_ACCESS_KEY"] = settings.key;
  out["ECS_DATADIR"] = settings.data_dir.string();
  out["ECS_LOGFILE"] = settings.log_file.string();
  out["ECS_LOCAL_EVENTS"] = "unix://" + settings.event_socket.string();
  out["ECS_LOCAL_INTROSPECTION"] = "unix://" + settings.state_socket.string();
  out.try_emplace("ECS_IMAGE_PULL_BEHAVIOR", "prefer-cached");
  if (!settings.docker_host.empty()) out["DOCKER_HOST"] = settings.docker_host;
  return out;
}

}  // namespace ecs::local
