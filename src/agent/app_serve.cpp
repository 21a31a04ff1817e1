// What a registered instance does: runs tasks, answers, follows the control plane.
#include <stdexcept>
#include <utility>

#include "agent/app_impl.hpp"
#include "agent/exit_codes.hpp"
#include "agent/host.hpp"
#include "agent/settings.hpp"
#include "base/file.hpp"
#include "log/log.hpp"
#include "metadata/listening.hpp"
#include "metadata/state_dump.hpp"

namespace ecs::agent {

namespace {

constexpr std::uint16_t kIntrospectionPort = 51678;
constexpr const char* kLoopback = "127.0.0.1";

/// The limits are the original's. None of its commands takes a body.
net::HttpServerOptions introspection_options() {
  net::HttpServerOptions options;
  options.idle_timeout = options.read_timeout;
  options.max_head = 1U << 20U;
  options.max_body = 64U << 10U;
  return options;
}

/// The path of `unix:///path`.
std::string local_socket(const std::string& address) {
  std::optional<net::Endpoint> endpoint;
  try {
    endpoint = net::parse_url(address).endpoint;
  } catch (const std::invalid_argument& e) {
    throw StartFailure(kExitTransient, "ECS_LOCAL_INTROSPECTION: " + std::string(e.what()));
  }
  if (endpoint->transport != net::Endpoint::Transport::kUnix) {
    throw StartFailure(kExitTransient, "ECS_LOCAL_INTROSPECTION: must be unix:///path, got " + address);
  }
  return endpoint->path;
}

class EcsSubmitter final : public engine::StateSubmitter {
 public:
  explicit EcsSubmitter(aws::EcsApi& ecs) : ecs_(ecs) {}
  base::Async<> submit(aws::SubmitTaskStateChangeRequest request) override {
    return ecs_.submit_task_state_change(std::move(request));
  }

 private:
  aws::EcsApi& ecs_;
};

}  // namespace

base::Async<> App::Impl::start_engine() {
  if (const auto address = lookup(environment, "ECS_LOCAL_EVENTS")) {
    try {
      event_socket = std::make_unique<EventSocket>(connector, *address);
    } catch (const std::invalid_argument& e) {
      throw StartFailure(kExitTransient, e.what());
    }
    base::spawn(*scope, "local events", event_socket->run());
  }
  submitter = std::make_unique<EcsSubmitter>(*ecs);
  const auto memory = memory_mib(base::read_file("/proc/meminfo").value_or(""));
  auto settings = engine_settings(config, cluster, usable_cpus(), memory);
  settings.gpus = gpus.ids;
  add_cgroup_settings(config, cgroups.get(), settings);
  engine = std::make_unique<engine::Engine>(
      std::move(settings), engine::Engine::Parts{loop.executor(), clock, random, *store, *docker, *submitter,
                                                 event_socket.get(), cgroups.get()});
  try {
    co_await engine->start();
  } catch (const store::Error& e) {
    throw StartFailure(kExitTransient, e.what());
  }
}

void App::Impl::start_introspection() {
  introspection = {.cluster = cluster,
                   .container_instance_arn = identity.container_instance_arn,
                   .tasks = [this] { return engine->tasks(); },
                   .license = metadata::license_text};
  const auto answer = [this](net::ServerExchange& exchange) { return answer_introspection(exchange); };
  metadata::ListenSpec everywhere{.name = "introspection",
                                  .address = "::",
                                  .port = kIntrospectionPort,
                                  .unix_path = {},
                                  .options = introspection_options()};
  if (const auto address = lookup(environment, "ECS_LOCAL_INTROSPECTION")) {
    everywhere.address = kLoopback;
    const auto answer_here = [this](net::ServerExchange& exchange) { return answer_local(exchange); };
    metadata::ListenSpec local = everywhere;
    local.unix_path = local_socket(*address);
    base::spawn(*scope, "local introspection",
                metadata::listen_and_serve(clock, random, loop.executor(), std::move(local), answer_here));
  }
  base::spawn(*scope, "introspection",
              metadata::listen_and_serve(clock, random, loop.executor(), std::move(everywhere), answer));
}

base::Async<> App::Impl::answer_introspection(net::ServerExchange& exchange) const {
  co_await exchange.respond(metadata::answer_introspection(introspection, exchange.request()));
}

/// On the socket of the local control plane there is the state, too: nobody but this user gets there.
base::Async<> App::Impl::answer_local(net::ServerExchange& exchange) const {
  if (exchange.request().target != "/state") co_return co_await answer_introspection(exchange);
  net::Response response;
  response.headers.add("Content-Type", "application/json");
  response.body = metadata::state_dump(introspection, engine->engine_connected(), clock.wall());
  co_await exchange.respond(std::move(response));
}

base::Async<> App::Impl::serve_acs() {
  acs_bridge = std::make_unique<AcsBridge>(*engine, *store);
  acs_connector = std::make_unique<acs::NetConnector>(connector);
  acs::SessionOptions options;
  options.cluster = cluster;
  options.container_instance_arn = identity.container_instance_arn;
  options.region = config.region;
  options.docker_version = docker->versions().server;
  // Without a saved number every manifest is news; with checkpointing the original starts at 0 (acs.md 11).
  options.sequence_number = load_manifest_sequence(*store).value_or(config.checkpoint.on() ? 0 : -1);
  acs::SessionParts parts{.scope = *scope,
                          .clock = clock,
                          .random = random,
                          .connector = *acs_connector,
                          .credentials = *credentials,
                          .handler = *acs_bridge,
                          .discover = [this] { return discover_acs(); },
                          .on_inactive = {}};
  session = std::make_unique<acs::Session>(std::move(options), std::move(parts));
  co_await session->run();
}

base::Async<std::optional<std::string>> App::Impl::discover_acs() const {
  co_return (co_await ecs->discover_poll_endpoint(cluster, identity.container_instance_arn)).endpoint;
}

}  // namespace ecs::agent
