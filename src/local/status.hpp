// The status of a control plane as JSON.
#pragma once

#include <boost/describe/class.hpp>

#include "json/mapping.hpp"
#include "local/control_plane.hpp"

namespace ecs::local {

BOOST_DESCRIBE_STRUCT(Status, (),
                      (pid, endpoint, cluster, owner, data_dir, docker_host, agent_pid, agent_restarts, agent_connected,
                       listeners))

}  // namespace ecs::local
