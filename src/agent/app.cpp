#include "agent/app.hpp"

#include <fmt/format.h>

#include <chrono>
#include <csignal>
#include <optional>
#include <stdexcept>
#include <utility>

#include "acs/connector.hpp"
#include "acs/session.hpp"
#include "agent/acs_bridge.hpp"
#include "agent/capabilities.hpp"
#include "agent/event_socket.hpp"
#include "agent/exit_codes.hpp"
#include "agent/host.hpp"
#include "agent/identity.hpp"
#include "agent/settings.hpp"
#include "aws/credential_sources.hpp"
#include "aws/ecs.hpp"
#include "aws/endpoint.hpp"
#include "aws/load_config.hpp"
#include "aws/registrar.hpp"
#include "base/clock.hpp"
#include "base/event.hpp"
#include "base/file.hpp"
#include "base/scope.hpp"
#include "base/signals.hpp"
#include "base/text.hpp"
#include "config/version.hpp"
#include "docker/engine_client.hpp"
#include "engine/engine.hpp"
#include "log/log.hpp"
#include "net/endpoint.hpp"
#include "store/memory_store.hpp"
#include "store/sqlite_store.hpp"

namespace ecs::agent {

namespace {

using namespace std::chrono_literals;

constexpr auto kEngineWait = 30s;
constexpr auto kEngineRetry = 250ms;
constexpr auto kEngineReminder = 10s;

/// The agent cannot start; what() is for the log.
class StartFailure : public std::runtime_error {
 public:
  StartFailure(int code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] int code() const noexcept { return code_; }

 private:
  int code_;
};

std::optional<std::string> lookup(const config::Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() || found->second.empty() ? std::nullopt : std::optional(found->second);
}

net::TlsContext::Options tls_options(const Flags& flags, const config::Environment& environment) {
  return {!flags.accept_insecure_cert, lookup(environment, "SSL_CERT_FILE"), lookup(environment, "SSL_CERT_DIR")};
}

class Submitter final : public engine::StateSubmitter {
 public:
  explicit Submitter(aws::EcsApi& ecs) : ecs_(ecs) {}
  base::Async<> submit(aws::SubmitTaskStateChangeRequest request) override {
    return ecs_.submit_task_state_change(std::move(request));
  }

 private:
  aws::EcsApi& ecs_;
};

}  // namespace

struct App::Impl {
  Impl(base::Loop& l, Flags f, config::Environment e)
      : loop(l),
        flags(std::move(f)),
        environment(std::move(e)),
        clock(loop.executor()),
        connector(clock, std::make_shared<net::TlsContext>(tls_options(flags, environment))),
        transport(connector),
        imds_transport(connector, aws::imds_http_options()) {}

  base::Async<int> run();
  base::Async<> start_and_serve();
  base::Async<> load_config();
  base::Async<> wait_for_engine();
  void open_store();
  base::Async<> continue_saved_state();
  [[nodiscard]] CapabilityFacts capability_facts() const;
  void print_attributes() const;
  base::Async<> register_instance();
  base::Async<> start_engine();
  base::Async<> serve_acs();
  base::Async<std::optional<std::string>> discover_acs();
  base::Async<> handle_signals();
  base::Async<std::optional<std::string>> read_instance_id();
  void dump_coroutines() const;
  void end(int code);

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
  std::unique_ptr<aws::EcsClient> ecs;
  std::unique_ptr<store::Store> store;
  Identity identity;
  bool first_registration = true;
  std::string cluster;  ///< The one registered into.
  std::unique_ptr<EventSocket> event_socket;
  std::unique_ptr<Submitter> submitter;
  std::unique_ptr<engine::Engine> engine;
  std::unique_ptr<AcsBridge> acs_bridge;
  std::unique_ptr<acs::NetConnector> acs_connector;
  std::unique_ptr<acs::Session> session;

  std::unique_ptr<base::Scope> scope;
  base::Event ended;
  int exit_code = kExitDone;
};

App::App(base::Loop& loop, Flags flags, config::Environment environment)
    : impl_(std::make_unique<Impl>(loop, std::move(flags), std::move(environment))) {}
App::~App() = default;

base::Async<int> App::run() { return impl_->run(); }

base::Async<int> App::Impl::run() {
  scope = std::make_unique<base::Scope>(loop.executor());
  log::info("Starting Amazon ECS Agent",
            {{"version", config::kCompatibleVersion}, {"commit", config::kBuildHash}, {"own", config::kOwnVersion}});
  base::spawn(*scope, "start and serve", start_and_serve());
  co_await ended.wait();
  scope->cancel();
  co_await scope->join();
  if (engine) co_await engine->stop();
  co_return exit_code;
}

void App::Impl::end(int code) {
  if (ended.is_set()) return;
  exit_code = code;
  ended.set();
}

base::Async<> App::Impl::start_and_serve() {
  try {
    co_await load_config();
    base::spawn(*scope, "signals", handle_signals());
    co_await wait_for_engine();
    if (flags.ecs_attributes) {
      print_attributes();
      end(kExitDone);
      co_return;
    }
    if (flags.windows_service)
      throw StartFailure(kExitTransient, "-windows-service: there are no such services on Linux");
    open_store();
    co_await continue_saved_state();
    co_await register_instance();
    co_await start_engine();
    co_await serve_acs();
  } catch (const StartFailure& failure) {
    log::critical(failure.what());
    end(failure.code());
  }
}

base::Async<> App::Impl::load_config() {
  log::info("Loading configuration");
  if (flags.blackhole_ec2_metadata) {
    imds = std::make_unique<aws::BlackholeImds>();
  } else {
    imds = std::make_unique<aws::ImdsClient>(imds_transport, clock, aws::ImdsOptions::from_environment(environment));
  }
  try {
    config = co_await aws::load_config(environment, config::real_host(), *imds);
  } catch (const config::Error& e) {
    throw StartFailure(kExitTransient, fmt::format("Error loading config: {}", e.what()));
  }
  if (flags.accept_insecure_cert) log::warn("TLS certificates are not verified (-k); not recommended");
  if (config.external.on()) {
    // The instance role stays the last resort of the credential chain; nothing else asks instance metadata.
    role_imds = std::exchange(imds, std::make_unique<aws::BlackholeImds>());
    config.no_instance_identity = true;
  }
  aws::ChainOptions chain{environment, [](const std::string& path) { return base::read_file(path); },
                          config.external.on(), config.alternate_credential_profile};
  credentials = std::make_unique<aws::CredentialCache>(
      clock, random, aws::credential_chain(chain, clock, transport, role_imds ? *role_imds : *imds));
  aws::JsonClientOptions client =
      aws::ecs_options(aws::resolve_endpoint(config.backend_endpoint, "ecs", config.region, environment,
                                             config.ip_compatibility.ipv6_only()),
                       config.region, config.detailed_os_family);
  ecs = std::make_unique<aws::EcsClient>(transport, clock, random, *credentials, std::move(client));
}

base::Async<> App::Impl::wait_for_engine() {
  try {
    docker = std::make_unique<docker::EngineClient>(connector, config.docker_endpoint, docker_timeouts(config));
  } catch (const docker::Error& e) {
    throw StartFailure(kExitTransient, fmt::format("DOCKER_HOST: {}", e.what()));
  }
  const auto give_up = clock.now() + kEngineWait;
  auto remind = clock.now();
  while (true) {
    std::optional<docker::Error> failure;
    try {
      const auto versions = co_await docker->negotiate();
      if (versions.supports(versions.base)) co_return;
      throw StartFailure(kExitTransient,
                         fmt::format("The container engine at {} is too old: it does not speak API version {}",
                                     config.docker_endpoint, versions.base.text()));
    } catch (const docker::Error& e) {
      failure = e;
    }
    if (failure->kind() == docker::Error::Kind::kUnsupportedVersion || clock.now() >= give_up) {
      throw StartFailure(kExitTransient, fmt::format("The container engine at {} cannot be used: {}",
                                                     config.docker_endpoint, failure->what()));
    }
    if (clock.now() >= remind) {
      log::warn("Waiting for the container engine", {{"endpoint", config.docker_endpoint},
                                                     {"atMost", base::Duration(give_up - clock.now())},
                                                     {"error", *failure}});
      remind = clock.now() + kEngineReminder;
    }
    co_await clock.sleep_for(kEngineRetry);
  }
}

void App::Impl::open_store() {
  if (!config.checkpoint.on()) {
    log::info("Checkpointing is off; a restart registers a new instance");
    store = std::make_unique<store::MemoryStore>();
    return;
  }
  try {
    store = std::make_unique<store::SqliteStore>(loop, config.data_dir);
  } catch (const store::Error& e) {
    throw StartFailure(kExitTransient, e.what());
  }
}

base::Async<std::optional<std::string>> App::Impl::read_instance_id() {
  try {
    co_return co_await imds->instance_id();
  } catch (const aws::ImdsError& e) {
    log::warn("The instance id cannot be read", {{"error", e}});
  }
  co_return std::nullopt;
}

base::Async<> App::Impl::continue_saved_state() {
  const auto instance_id = co_await read_instance_id();
  try {
    auto next = continue_as(load_identity(*store), config.cluster, instance_id);
    if (next.discard_state) {
      std::vector<store::Write> batch;
      for (const auto table : store::kTables) {
        for (auto& row : store->load(table)) batch.push_back({table, std::move(row.key), std::nullopt});
      }
      (void)co_await store->commit(std::move(batch));
    }
    identity = std::move(next.identity);
  } catch (const ClusterMismatch& e) {
    throw StartFailure(kExitTerminal, e.what());
  } catch (const store::Error& e) {
    throw StartFailure(kExitTransient, e.what());
  }
  first_registration = identity.container_instance_arn.empty();
  if (instance_id) identity.ec2_instance_id = *instance_id;
}

CapabilityFacts App::Impl::capability_facts() const {
  CapabilityFacts facts;
  for (const auto version : docker->versions().supported) facts.docker_api_versions.push_back(version.text());
  facts.optimized_cpu = has_optimized_cpu(base::read_file("/proc/cpuinfo").value_or(""));
  return facts;
}

void App::Impl::print_attributes() const {
  for (const auto& attribute : capabilities(config, capability_facts())) {
    fmt::print("{}\t{}\n", attribute.name, attribute.value.value_or(""));
  }
}

base::Async<> App::Impl::register_instance() {
  const auto facts = capability_facts();
  aws::RegistrationInput input;
  input.cluster = config.cluster;
  if (!first_registration) input.container_instance_arn = identity.container_instance_arn;
  input.client_token = random.uuid();
  input.with_identity = !config.no_instance_identity && !config.external.on();
  input.attributes = registration_attributes(config, facts, first_registration, "");
  try {
    input.resources =
        registration_resources(config, usable_cpus(), memory_mib(base::read_file("/proc/meminfo").value_or("")));
  } catch (const std::invalid_argument& e) {
    throw StartFailure(kExitTransient, e.what());
  }
  for (const auto& [key, value] : config.instance_tags) input.tags.push_back({key, value});

  aws::Registrar registrar(*ecs, *imds, *credentials, clock, random);
  const auto registration = co_await registrar.run(std::move(input));
  if (registration.outcome != aws::Registration::Outcome::kRegistered) {
    throw StartFailure(registration.exit_code(), "Registration failed: " + registration.error);
  }
  cluster = registration.cluster;
  if (first_registration) identity.container_instance_arn = registration.container_instance_arn;
  identity.availability_zone = registration.availability_zone;
  identity.cluster = cluster;
  identity.agent_version = config::kCompatibleVersion;
  log::info("Registered", {{"cluster", cluster},
                           {"containerInstanceARN", identity.container_instance_arn},
                           {"availabilityZone", identity.availability_zone}});
  try {
    // A crash before this line registers once more under the same client token rules; after it, the ARN is kept.
    (void)co_await store->commit(save_identity(identity));
  } catch (const store::Error& e) {
    log::error("The identity of this instance cannot be saved", {{"error", e}});
  }
}

base::Async<> App::Impl::start_engine() {
  if (const auto address = lookup(environment, "ECS_LOCAL_EVENTS")) {
    try {
      event_socket = std::make_unique<EventSocket>(connector, *address);
    } catch (const std::invalid_argument& e) {
      throw StartFailure(kExitTransient, e.what());
    }
    base::spawn(*scope, "local events", event_socket->run());
  }
  submitter = std::make_unique<Submitter>(*ecs);
  const auto memory = memory_mib(base::read_file("/proc/meminfo").value_or(""));
  engine = std::make_unique<engine::Engine>(
      engine_settings(config, cluster, usable_cpus(), memory),
      engine::Engine::Parts{loop.executor(), clock, random, *store, *docker, *submitter, event_socket.get()});
  try {
    co_await engine->start();
  } catch (const store::Error& e) {
    throw StartFailure(kExitTransient, e.what());
  }
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

base::Async<std::optional<std::string>> App::Impl::discover_acs() {
  co_return (co_await ecs->discover_poll_endpoint(cluster, identity.container_instance_arn)).endpoint;
}

base::Async<> App::Impl::handle_signals() {
  base::Signals signals(loop.executor(), {SIGTERM, SIGINT, SIGUSR1});
  while (true) {
    const int number = co_await signals.next();
    if (number == SIGUSR1) {
      dump_coroutines();
      continue;
    }
    log::info("Signal received, the agent ends; containers are left alone",
              {{"signal", number == SIGTERM ? "terminated" : "interrupt"}});
    end(kExitDone);
    co_return;
  }
}

void App::Impl::dump_coroutines() const {
  log::critical(
      fmt::format("====== STACKTRACE ======\n{}\n====== /STACKTRACE ======", base::join(scope->names(), "\n")));
}

}  // namespace ecs::agent
