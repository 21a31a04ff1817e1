// Images: which digest a name means, whether it has to be pulled, and the pull (engine.md 6).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.hpp"
#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "docker/client.hpp"
#include "store/store.hpp"
#include "task/status.hpp"

namespace ecs::engine {

class Images {
 public:
  using OnProgress = docker::Client::OnProgress;

  /// `upfront`: images are pulled before the dependencies of their containers are met, so that a missing one is found
  /// out at the pull: its StepError says image_is_nowhere.
  Images(task::PullBehavior behavior, bool upfront, docker::Client& docker, base::Clock& clock, base::Random& random,
         store::Store& store)
      : behavior_(behavior), upfront_(upfront), docker_(docker), clock_(clock), random_(random), store_(store) {}

  /// Reads which images were pulled by earlier processes. Throws store::Error.
  void load();

  struct Digest {
    std::string digest;    ///< Empty when the image has none.
    bool news = true;      ///< False when the name itself holds the digest.
    bool present = false;  ///< The image was seen on this machine just now.
  };

  /// Throws StepError CannotPullImageManifestError, or DockerTimeoutError.
  base::Async<Digest> resolve(std::string image);

  /// Whether the behaviour asks for a pull. `present`: resolve() has just seen it here.
  base::Async<bool> pull_needed(std::string image, bool present);

  /// Pulls the image, by `digest` if there is one, under its own name. Throws StepError CannotPullContainerError, or
  /// DockerTimeoutError.
  base::Async<> pull(std::string image, std::string digest, OnProgress progress);

  /// The image's own environment, `NAME=value`; empty when it cannot be looked up.
  base::Async<std::vector<std::string>> environment(std::string image);

 private:
  base::Async<docker::ImageInspect> look(std::string image);
  base::Async<Digest> resolve_locally(std::string image);
  base::Async<Digest> resolve_at_registry(std::string image);
  base::Async<> pull_with_retries(std::string reference, OnProgress progress);
  base::Async<> tag(std::string source, std::string target);
  base::Async<> remember_pulled(std::string image);
  base::Async<bool> is_nowhere(std::string reference);

  task::PullBehavior behavior_;
  bool upfront_;
  docker::Client& docker_;
  base::Clock& clock_;
  base::Random& random_;
  store::Store& store_;
  std::set<std::string> pulled_;  ///< Images that were pulled once, by any process.
  std::map<std::string, std::vector<std::string>> environments_;
};

}  // namespace ecs::engine
