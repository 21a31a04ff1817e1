// What every command has: a loop, connections, and where things are.
#pragma once

#include <csignal>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "base/clock.hpp"
#include "base/event.hpp"
#include "base/loop.hpp"
#include "base/scope.hpp"
#include "base/signals.hpp"
#include "ctl/client.hpp"
#include "ctl/commands.hpp"
#include "net/endpoint.hpp"

namespace ecs::ctl {

/// A command cannot go on; the message is for the person at the terminal.
class Failure : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// `$XDG_DATA_HOME/ecs-local`, else `$HOME/.local/share/ecs-local`. Throws Failure when neither is set.
[[nodiscard]] std::filesystem::path data_dir(const Environment& environment);

/// `given`, else ECS_LOCAL_AGENT, else `ecs-agent` beside this program.
[[nodiscard]] std::filesystem::path agent_path(const std::string& given, const Environment& environment);

[[nodiscard]] std::string variable(const Environment& environment, const std::string& name);

class Session {
 public:
  explicit Session(const Environment& environment);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  base::Loop loop;
  base::RealClock clock;
  net::Connector connector;
  const Environment& environment;
  base::Event interrupted;  ///< After the first SIGINT, SIGTERM or SIGHUP.
  base::Event hurry;        ///< After the second.

  /// The control plane of this user's data directory, if one runs.
  base::Async<std::optional<Client>> find_running();
  /// As find_running; throws Failure when none runs.
  base::Async<Client> need_running();

  /// Runs `work` until it ends or `stop` is set; the work is cancelled then. True when it ended by itself. Throws what
  /// it throws.
  base::Async<bool> run_unless(base::Event& stop, base::Async<> work);

  /// Runs a command to its end: prints a Failure, and every other exception, on stderr and gives `failed` then.
  int run(base::Async<int> command, int failed);

 private:
  base::Async<> watch_signals();
  base::Scope signal_scope_;
  base::Signals signals_;
};

}  // namespace ecs::ctl
