// The ways to call the agent that do one thing and exit: -version, -license, -healthcheck.
#pragma once

#include <string>

#include "base/async.hpp"
#include "base/clock.hpp"

namespace ecs::agent {

/// The text of -version.
[[nodiscard]] std::string version_text();

/// Prints LICENSE, NOTICE and THIRD-PARTY of the current directory; the exit code.
[[nodiscard]] int print_license();

/// HEAD /v1/metadata on `host`, 25 s at most. Any answer is exit code 0.
base::Async<int> healthcheck(base::Clock& clock, std::string host);

}  // namespace ecs::agent
