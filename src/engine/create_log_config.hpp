// What the agent adds to the log driver's options at create time (engine.md 4.8).
#pragma once

#include <boost/json/fwd.hpp>

#include "engine/create_body.hpp"

namespace ecs::engine {

/// Completes `LogConfig` of the host config: the endpoint of awslogs on hosts that have IPv6 only (from engine 18.09
/// on) and in regions whose endpoints the engine does not know, and the size of the buffer of a non-blocking log.
void complete_log_config(const CreateInput& input, boost::json::object& host);

}  // namespace ecs::engine
