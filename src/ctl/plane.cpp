#include "ctl/plane.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "log/settings.hpp"

namespace ecs::ctl {
namespace {

void check_cluster(const std::string& name) {
  const auto good = [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_'; };
  if (name.empty() || name.size() > 255 || !std::ranges::all_of(name, good)) {
    throw Failure(
        fmt::format("--cluster: must be at most 255 letters, digits, hyphens and underscores, got '{}'", name));
  }
}

}  // namespace

std::unique_ptr<local::ControlPlane> make_plane(Session& session, const PlaneOptions& options) {
  check_cluster(options.cluster);
  local::ControlPlaneOptions out;
  out.data_dir = data_dir(session.environment);
  out.port = options.port;
  out.fallback_port = options.owner == "up" && !options.port;
  if (out.fallback_port) out.port = kUsualPort;
  out.cluster = options.cluster;
  out.agent = agent_path(options.agent, session.environment);
  out.docker_host = variable(session.environment, "DOCKER_HOST");
  out.owner = options.owner;
  out.environment = session.environment;
  log::Settings settings;
  settings.driver_level = log::Level::kOff;
  settings.file = (out.data_dir / "log" / "control-plane.log").string();
  log::configure(std::move(settings));
  const auto tell = [](const std::string& line) { std::fprintf(stderr, "ecsctl: %s\n", line.c_str()); };
  return std::make_unique<local::ControlPlane>(session.loop, session.clock, std::move(out), tell);
}

}  // namespace ecs::ctl
