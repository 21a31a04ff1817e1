// The image of pause containers on this machine's engine.
#pragma once

#include "base/async.hpp"
#include "base/event.hpp"
#include "docker/client.hpp"

namespace ecs::engine {

class PauseImage {
 public:
  explicit PauseImage(docker::Client& docker) : docker_(docker) {}

  /// Returns when the engine has it: it is loaded, once, unless it is there. Throws docker::Error.
  base::Async<> ensure();

 private:
  docker::Client& docker_;
  bool loading_ = false;
  base::Event loaded_;
};

}  // namespace ecs::engine
