// Keeps the agent running.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "base/async.hpp"
#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/worker_pool.hpp"
#include "local/child_process.hpp"

namespace ecs::local {

/// The agent is of no use: it cannot be started, or ended again and again before it ever connected. The message says
/// how it ended and shows the end of its output.
class AgentFailed : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The last lines of a file, each indented, for a message; empty when there are none.
[[nodiscard]] std::string last_lines(const std::filesystem::path& path, std::size_t count);

class Supervisor {
 public:
  /// A line for the person at the terminal.
  using Tell = std::function<void(const std::string& line)>;

  Supervisor(base::Clock& clock, base::Random& random, base::WorkerPool& pool, ChildSpec spec, Tell tell);

  /// Starts the agent, and starts it anew with growing pauses whenever it ends, telling why. Returns after stop().
  /// Throws AgentFailed at once when it cannot be started; when it ends with exit code 5, by which it says that another
  /// start would not help; and at its third end before it was ever connected.
  base::Async<> run();

  /// From now on an end is no failure any more: the agent has connected once.
  void connected() noexcept { was_connected_ = true; }

  /// No more starts; the agent gets SIGTERM, and SIGKILL when it still runs after `grace`. run() returns soon.
  void stop(base::Duration grace);

  [[nodiscard]] std::optional<pid_t> pid() const;
  [[nodiscard]] std::int32_t restarts() const noexcept { return restarts_; }

 private:
  [[nodiscard]] std::string output_note() const;

  base::Clock& clock_;
  base::WorkerPool& pool_;
  ChildSpec spec_;
  Tell tell_;
  base::Backoff backoff_;
  std::unique_ptr<ChildProcess> child_;
  std::unique_ptr<base::Timer> kill_timer_;
  base::Event stopped_;
  bool stopping_ = false;
  bool was_connected_ = false;
  std::int32_t restarts_ = 0;
};

}  // namespace ecs::local
