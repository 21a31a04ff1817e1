// From the environment to a registered instance.
#include <fmt/format.h>

#include <chrono>
#include <stdexcept>
#include <utility>

#include "agent/app_impl.hpp"
#include "agent/exit_codes.hpp"
#include "agent/host.hpp"
#include "agent/settings.hpp"
#include "agent/volume_plugins.hpp"
#include "aws/credential_sources.hpp"
#include "aws/endpoint.hpp"
#include "aws/load_config.hpp"
#include "aws/registrar.hpp"
#include "base/file.hpp"
#include "config/version.hpp"
#include "engine/rows.hpp"
#include "log/log.hpp"
#include "store/memory_store.hpp"
#include "store/sqlite_store.hpp"

namespace ecs::agent {

namespace {

using namespace std::chrono_literals;

constexpr auto kEngineWait = 30s;
constexpr auto kEngineRetry = 250ms;
constexpr auto kEngineReminder = 10s;

}  // namespace

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
  try {
    client.retry = aws::retry_from_environment(environment);
  } catch (const std::invalid_argument& e) {
    throw StartFailure(kExitTransient, e.what());
  }
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

void App::Impl::find_gpus() {
  if (!config.gpu_support) return;
  try {
    const auto text = base::read_file(kGpuFile);
    if (!text)
      return log::error("GPU support is on, but there is no list of GPUs; it goes on without", {{"file", kGpuFile}});
    gpus = read_gpus(*text);
  } catch (const std::exception& e) {
    throw StartFailure(kExitTransient, fmt::format("{}: {}", kGpuFile, e.what()));
  }
}

/// What depends on the machine, and decides what is advertised.
base::Async<> App::Impl::look_at_host() {
  volume_drivers = co_await find_volume_drivers(*docker, "/");
  try {
    cgroups = co_await prepare_task_cgroups(config, *docker, loop.executor(),
                                            lookup(environment, "DBUS_SYSTEM_BUS_ADDRESS").value_or(""));
  } catch (const LimitsNotPossible& e) {
    throw StartFailure(kExitTerminal, e.what());
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
    const std::string unlimited = engine::task_without_cgroup(*store);
    if (!unlimited.empty()) switch_off_limits_for(unlimited, config);
  } catch (const ClusterMismatch& e) {
    throw StartFailure(kExitTerminal, e.what());
  } catch (const LimitsNotPossible& e) {
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
  facts.gpu_driver_version = gpus.driver_version;
  facts.volume_drivers = volume_drivers;
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

  for (const auto& id : gpus.ids) input.platform_devices.push_back({.id = id, .type = "GPU"});

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

}  // namespace ecs::agent
