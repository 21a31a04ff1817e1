// The inside of App: what its files share.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "acs/connector.hpp"
#include "acs/session.hpp"
#include "agent/acs_bridge.hpp"
#include "agent/app.hpp"
#include "agent/capabilities.hpp"
#include "agent/event_socket.hpp"
#include "agent/gpus.hpp"
#include "agent/identity.hpp"
#include "agent/task_cgroups.hpp"
#include "aws/credentials.hpp"
#include "aws/ecs.hpp"
#include "aws/imds.hpp"
#include "base/clock.hpp"
#include "base/event.hpp"
#include "base/random.hpp"
#include "base/scope.hpp"
#include "docker/engine_client.hpp"
#include "engine/engine.hpp"
#include "metadata/introspection.hpp"
#include "net/endpoint.hpp"
#include "net/http_server.hpp"
#include "store/store.hpp"

namespace ecs::agent {

/// The agent cannot start; what() is for the log.
class StartFailure : public std::runtime_error {
 public:
  StartFailure(int code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  int code_;
};

/// A variable of the environment; nothing when it is unset or empty.
[[nodiscard]] std::optional<std::string> lookup(const config::Environment& environment, const std::string& name);

struct App::Impl {
  Impl(base::Loop& l, Flags f, config::Environment e);

  // app.cpp
  base::Async<int> run();
  base::Async<> start_and_serve();
  base::Async<> handle_signals();
  [[nodiscard]] base::Async<> dump() const;
  void end(int code);

  // app_start.cpp: from the environment to a registered instance
  base::Async<> load_config();
  base::Async<> wait_for_engine();
  base::Async<> look_at_host();
  void find_gpus();
  void open_store();
  base::Async<> continue_saved_state();
  [[nodiscard]] CapabilityFacts capability_facts() const;
  void print_attributes() const;
  base::Async<> register_instance();
  base::Async<std::optional<std::string>> read_instance_id();

  // app_serve.cpp: what a registered instance does
  base::Async<> start_engine();
  void start_introspection();
  [[nodiscard]] base::Async<> answer_introspection(net::ServerExchange& exchange) const;
  [[nodiscard]] base::Async<> answer_local(net::ServerExchange& exchange) const;
  base::Async<> serve_acs();
  [[nodiscard]] base::Async<std::optional<std::string>> discover_acs() const;

  base::Loop& loop;
  Flags flags;
  config::Environment environment;
  base::RealClock clock;
  base::Random random;
  net::Connector connector;
  aws::HttpTransport transport;
  aws::HttpTransport imds_transport;
  std::unique_ptr<aws::Imds> imds;
  std::unique_ptr<aws::Imds> role_imds;  ///< External mode: for the credential chain only.
  config::Config config;
  std::unique_ptr<docker::EngineClient> docker;
  std::unique_ptr<aws::CredentialCache> credentials;
  Gpus gpus;
  std::unique_ptr<aws::EcsClient> ecs;
  std::unique_ptr<store::Store> store;
  Identity identity;
  bool first_registration = true;
  std::string cluster;  ///< The one registered into.
  std::unique_ptr<EventSocket> event_socket;
  std::unique_ptr<engine::StateSubmitter> submitter;
  std::vector<std::string> volume_drivers;
  std::unique_ptr<TaskCgroups> cgroups;
  std::unique_ptr<engine::Engine> engine;
  metadata::IntrospectionSource introspection;
  std::unique_ptr<AcsBridge> acs_bridge;
  std::unique_ptr<acs::NetConnector> acs_connector;
  std::unique_ptr<acs::Session> session;

  std::unique_ptr<base::Scope> scope;
  base::Event ended;
  int exit_code = 0;
};

}  // namespace ecs::agent
