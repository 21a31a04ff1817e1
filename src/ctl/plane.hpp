// A control plane that lives in this process.
#pragma once

#include <memory>
#include <optional>

#include "ctl/session.hpp"
#include "local/control_plane.hpp"

namespace ecs::ctl {

struct PlaneOptions {
  std::optional<std::uint16_t> port;
  std::string cluster;
  std::string agent;
  std::string owner;
};

/// The port that `up` uses when none is asked for and this one is free.
inline constexpr std::uint16_t kUsualPort = 51670;

/// Made, not started; its log goes to `log/control-plane.log` in the data directory.
[[nodiscard]] std::unique_ptr<local::ControlPlane> make_plane(Session& session, const PlaneOptions& options);

/// What containers will miss, said once at the start.
inline constexpr const char* kNotServed =
    "note: containers get the variables of the metadata, credentials and agent endpoints, but nothing serves these yet";

}  // namespace ecs::ctl
