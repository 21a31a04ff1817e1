// The parts of a control plane. Private to control_plane*.cpp.
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>

#include "base/file.hpp"
#include "base/random.hpp"
#include "base/scope.hpp"
#include "base/worker_pool.hpp"
#include "docker/engine_client.hpp"
#include "local/agent_link.hpp"
#include "local/control_plane.hpp"
#include "local/event_hub.hpp"
#include "local/imds.hpp"
#include "local/operations.hpp"
#include "local/state.hpp"
#include "local/supervisor.hpp"
#include "net/endpoint.hpp"
#include "net/http_server.hpp"
#include "net/line_listener.hpp"
#include "store/sqlite_store.hpp"

namespace ecs::local {

/// The directory of the sockets that the agent uses: a path of its own, because data directories can be too long for a
/// socket.
class SocketDirectory {
 public:
  SocketDirectory();  ///< Throws std::system_error.
  ~SocketDirectory();
  SocketDirectory(const SocketDirectory&) = delete;
  SocketDirectory& operator=(const SocketDirectory&) = delete;
  [[nodiscard]] std::filesystem::path events() const { return path_ / "events.sock"; }
  [[nodiscard]] std::filesystem::path state() const { return path_ / "state.sock"; }

 private:
  std::filesystem::path path_;
};

struct ControlPlane::Impl {
  Impl(base::Loop& loop, base::Clock& clock, ControlPlaneOptions options, Tell tell);

  // start
  void take_data_dir();
  base::Async<> open_state();
  void listen();
  base::Async<> check_engine();
  void start_agent();
  base::Async<> wait_until_connected();
  void write_status_file() const;

  // run
  base::Async<> answer(net::ServerExchange& exchange);
  base::Async<> answer_local(net::ServerExchange& exchange, std::string path);
  base::Async<net::Response> ask_agent(std::string target);
  [[nodiscard]] std::optional<std::string> refusal(const net::ServerExchange& exchange) const;
  base::Async<> supervise();
  base::Async<> forget_old_tasks();
  void fail(const std::string& name, const std::exception_ptr& error);
  [[nodiscard]] Status status() const;
  [[nodiscard]] bool agent_connected() const;

  // close
  base::Async<> stop_tasks(base::Event& hurry);
  [[nodiscard]] base::Duration longest_stop() const;
  [[nodiscard]] std::size_t unfinished() const;
  [[nodiscard]] bool waiting_helps(const base::Event& hurry) const;
  base::Async<bool> remove_containers();
  base::Async<> mark_stopped();

  base::Loop& loop;
  base::Clock& clock;
  ControlPlaneOptions options;
  Tell tell;
  base::Random random;
  base::Scope scope;        ///< Server, listeners, acknowledgements.
  base::Scope agent_scope;  ///< The supervisor.
  base::WorkerPool child_pool;
  net::Connector connector;
  docker::EngineClient engine;
  base::Fd lock;
  std::optional<SocketDirectory> sockets;
  std::unique_ptr<store::SqliteStore> store;
  std::unique_ptr<State> state;
  std::unique_ptr<AgentLink> link;
  std::unique_ptr<ApiContext> context;
  std::unique_ptr<InstanceMetadata> metadata;
  EventHub events;
  std::unique_ptr<net::LineListener> event_listener;
  std::unique_ptr<net::HttpServer> server;
  std::unique_ptr<Supervisor> supervisor;
  std::set<uid_t> users;
  std::string endpoint;
  base::Event ended;    ///< A client asked for the end, or something failed.
  std::string failure;  ///< Why, when something failed.
  bool closing = false;
};

}  // namespace ecs::local
