// The whole control plane of one machine: server, state, agent.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "base/event.hpp"
#include "base/loop.hpp"

namespace ecs::local {

/// The control plane cannot do its work. The message names the thing and says what to do.
class ControlPlaneError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct ControlPlaneOptions {
  std::filesystem::path data_dir;     ///< Made when it is not there.
  std::optional<std::uint16_t> port;  ///< On 127.0.0.1; absent: any.
  bool fallback_port = false;         ///< When the port is taken, any other will do.
  std::string cluster = "default";
  std::filesystem::path agent;
  std::string docker_host;                         ///< Empty: the default socket.
  std::string owner = "up";                        ///< The command that started it: `up` or `run`.
  std::map<std::string, std::string> environment;  ///< Of this process; the agent gets a part of it.
  base::Duration ready_limit = std::chrono::seconds(60);
};

/// What a client finds about a running control plane in its data directory, and what GET /local/status answers.
struct Status {
  std::int32_t pid = 0;
  std::string endpoint;
  std::string cluster;
  std::string owner;
  std::string data_dir;
  std::string docker_host;
  std::int32_t agent_pid = 0;  ///< 0 while it does not run.
  std::int32_t agent_restarts = 0;
  bool agent_connected = false;
  std::int32_t listeners = 0;  ///< Open event streams: clients that follow a task.
};

inline constexpr const char* kStatusFile = "control-plane.json";

class ControlPlane {
 public:
  /// A line for the person at the terminal.
  using Tell = std::function<void(const std::string& line)>;

  ControlPlane(base::Loop& loop, base::Clock& clock, ControlPlaneOptions options, Tell tell);
  /// close() must have returned, unless start() was never called.
  ~ControlPlane();
  ControlPlane(const ControlPlane&) = delete;
  ControlPlane& operator=(const ControlPlane&) = delete;

  /// Takes the data directory, listens, starts the agent, returns when it is connected. Throws ControlPlaneError: the
  /// directory is in use, state unreadable, port taken, no engine, no agent, agent not connected in time. close() is to
  /// be called even then.
  base::Async<> start();

  /// Returns when a client has asked for the end. Throws ControlPlaneError when the agent is lost for good.
  base::Async<> wait_for_end();

  /// Stops all tasks, kills containers that still run after kInteractiveStop or the longest stopTimeout, and waits for
  /// the reports, all that only until `hurry` is set; ends the agent; removes every container that this control plane's
  /// tasks have left; ends the server. Tells what it could not do, and returns false then.
  base::Async<bool> close(base::Event& hurry);

  [[nodiscard]] const std::string& endpoint() const;
  [[nodiscard]] Status status() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The agent's environment: what it needs of this process's own, and the settings of this control plane on top.
struct AgentSettings {
  std::string endpoint;
  std::string cluster;
  std::string region;
  std::string key_id;
  std::string key;
  std::filesystem::path data_dir;
  std::filesystem::path log_file;
  std::filesystem::path event_socket;
  std::filesystem::path state_socket;  ///< The agent listens there: introspection, and GET /state.
  std::string docker_host;
};
[[nodiscard]] std::map<std::string, std::string> agent_environment(
    const std::map<std::string, std::string>& environment, const AgentSettings& settings);

}  // namespace ecs::local
