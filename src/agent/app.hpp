// The composition root: start-up, wiring, shutdown.
#pragma once

#include <memory>

#include "agent/flags.hpp"
#include "base/async.hpp"
#include "base/loop.hpp"
#include "config/loader.hpp"

namespace ecs::agent {

/// One run of the agent, from the start line of the log to the exit code.
class App {
 public:
  /// `loop` must outlive it and be run by the caller.
  App(base::Loop& loop, Flags flags, config::Environment environment);
  ~App();
  App(const App&) = delete;
  App& operator=(const App&) = delete;

  /// Ends with the process's exit code (exit_codes.hpp) after SIGTERM, SIGINT or a failure to start. Containers are
  /// left alone.
  base::Async<int> run();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ecs::agent
