// One try to pull an image.
#pragma once

#include "docker/client.hpp"
#include "docker/transport.hpp"

namespace ecs::docker {

struct PullLimits {
  base::Duration total;
  base::Duration begin;       ///< Until the engine says anything.
  base::Duration inactivity;  ///< Between two pieces of the stream.
};

/// See Client::pull. `call` lacks only its limit.
base::Async<> run_pull(Transport& transport, Call call, PullLimits limits, Client::OnProgress progress);

}  // namespace ecs::docker
