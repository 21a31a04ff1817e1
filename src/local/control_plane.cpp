#include "local/control_plane.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstdlib>
#include <system_error>

#include "base/time_text.hpp"
#include "json/encode.hpp"
#include "local/control_plane_impl.hpp"
#include "local/lookup.hpp"
#include "local/peer.hpp"
#include "local/status.hpp"
#include "log/log.hpp"

namespace ecs::local {
namespace {

constexpr const char* kLoopback = "127.0.0.1";
constexpr const char* kStateFile = "control-plane.sqlite";
constexpr const char* kDefaultRegion = "us-east-1";
constexpr base::Duration kPing = std::chrono::seconds(5);
constexpr base::Duration kForgetEvery = std::chrono::minutes(10);
constexpr base::Duration kKeepStopped = std::chrono::hours(1);  // As long as ECS shows stopped tasks.
constexpr mode_t kPrivateFile = 0600;

std::string region_of(const std::map<std::string, std::string>& environment) {
  for (const char* name : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    const auto found = environment.find(name);
    if (found != environment.end() && !found->second.empty()) return found->second;
  }
  return kDefaultRegion;
}

void make_private_dir(const std::filesystem::path& path) {
  std::filesystem::create_directories(path);
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

}  // namespace

SocketDirectory::SocketDirectory() {
  std::string pattern = (std::filesystem::temp_directory_path() / "ecs-local-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) throw std::system_error(errno, std::generic_category(), "make " + pattern);
  path_ = pattern;
}

SocketDirectory::~SocketDirectory() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

ControlPlane::Impl::Impl(base::Loop& l, base::Clock& c, ControlPlaneOptions o, Tell t)
    : loop(l),
      clock(c),
      options(std::move(o)),
      tell(std::move(t)),
      scope(l.executor(), [this](const std::string& name, const std::exception_ptr& error) { fail(name, error); }),
      agent_scope(l.executor(),
                  [this](const std::string& name, const std::exception_ptr& error) { fail(name, error); }),
      child_pool(l.executor(), 1),
      connector(c, std::make_shared<net::TlsContext>(net::TlsContext::Options{})),
      engine(connector, options.docker_host),
      events(c),
      users(allowed_users()) {}

void ControlPlane::Impl::fail(const std::string& name, const std::exception_ptr& error) {
  log::error("Part of the control plane failed", {{"part", name}, {"error", error}});
  if (failure.empty()) failure = base::describe(error);
  ended.set();
}

void ControlPlane::Impl::take_data_dir() {
  try {
    make_private_dir(options.data_dir);
    make_private_dir(options.data_dir / "log");
    make_private_dir(options.data_dir / ("agent-" + options.cluster));
  } catch (const std::filesystem::filesystem_error& error) {
    throw ControlPlaneError(fmt::format("the data directory cannot be made: {}", error.what()));
  }
  const auto path = options.data_dir / "lock";
  lock = base::Fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kPrivateFile));
  if (!lock.valid()) {
    throw ControlPlaneError(
        fmt::format("{} cannot be opened: {}", path.string(), std::generic_category().message(errno)));
  }
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    lock.reset();
    throw ControlPlaneError(
        fmt::format("another control plane uses {}; end it with 'ecsctl local down', or choose "
                    "another directory with XDG_DATA_HOME",
                    options.data_dir.string()));
  }
}

base::Async<> ControlPlane::Impl::open_state() {
  try {
    store = std::make_unique<store::SqliteStore>(loop, options.data_dir, store::SqliteOptions{.file_name = kStateFile});
    state = std::make_unique<State>(*store, random, region_of(options.environment));
  } catch (const std::exception& error) {
    throw ControlPlaneError(fmt::format("the state cannot be read: {}", error.what()));
  }
  co_await state->save_identity();
  link = std::make_unique<AgentLink>(*state, clock, random, scope);
  const Machine machine = read_machine();
  context = std::make_unique<ApiContext>(ApiContext{
      .state = *state, .sender = *link, .clock = clock, .endpoint = endpoint, .machine = machine.architecture});
  metadata = std::make_unique<InstanceMetadata>(*state, clock, random, machine);
  CreateClusterRequest cluster;
  cluster.cluster_name = options.cluster;
  co_await create_cluster(*context, std::move(cluster));
  link->restore();
}

void ControlPlane::Impl::listen() {
  const auto handler = [this](net::ServerExchange& exchange) { return answer(exchange); };
  server = std::make_unique<net::HttpServer>(clock, loop.executor(), handler);
  std::uint16_t port = options.port.value_or(0);
  try {
    port = server->listen_tcp(kLoopback, port);
  } catch (const net::Error& error) {
    if (!options.fallback_port) {
      throw ControlPlaneError(
          fmt::format("port {} on {} cannot be used: {}; choose another with --port", port, kLoopback, error.what()));
    }
    port = server->listen_tcp(kLoopback, 0);
  }
  endpoint = fmt::format("http://{}:{}", kLoopback, port);
}

base::Async<> ControlPlane::Impl::check_engine() {
  try {
    co_await engine.ping(kPing);
  } catch (const docker::Error& error) {
    throw ControlPlaneError(fmt::format("no Docker engine at {}: {}",
                                        options.docker_host.empty() ? docker::kDefaultHost : options.docker_host,
                                        error.what()));
  }
}

void ControlPlane::Impl::start_agent() {
  std::error_code error;
  if (!std::filesystem::is_regular_file(options.agent, error)) {
    throw ControlPlaneError(fmt::format("there is no agent at {}: name its program with --agent or ECS_LOCAL_AGENT",
                                        options.agent.string()));
  }
  sockets.emplace();
  const auto on_line = [this](const std::string& line) { events.publish(line); };
  event_listener =
      std::make_unique<net::LineListener>(loop.executor(), sockets->events().string(), kPrivateFile, on_line);
  scope.spawn("event listener", event_listener->serve(scope));
  const Identity& identity = state->identity();
  ChildSpec spec;
  spec.program = std::filesystem::absolute(options.agent);
  spec.output = options.data_dir / "log" / "agent-output.log";
  spec.environment =
      agent_environment(options.environment, {.endpoint = endpoint,
                                              .cluster = options.cluster,
                                              .region = identity.region,
                                              .key_id = identity.client_key_id,
                                              .key = identity.client_key.reveal(),
                                              .data_dir = options.data_dir / ("agent-" + options.cluster),
                                              .log_file = options.data_dir / "log" / "ecs-agent.log",
                                              .event_socket = sockets->events(),
                                              .state_socket = sockets->state(),
                                              .docker_host = options.docker_host});
  std::filesystem::resize_file(spec.output, 0, error);  // Its end is shown when the agent fails: of this run only.
  supervisor = std::make_unique<Supervisor>(clock, random, child_pool, std::move(spec), tell);
  agent_scope.spawn("agent", supervise());
}

base::Async<> ControlPlane::Impl::supervise() {
  try {
    co_await supervisor->run();
  } catch (const AgentFailed& error) {
    failure = error.what();
    ended.set();
    link->changed().pulse();
  }
}

bool ControlPlane::Impl::agent_connected() const {
  for (const auto& [arn, record] : state->instances()) {
    if (record.cluster == options.cluster && link->connected(arn)) return true;
  }
  return false;
}

base::Async<> ControlPlane::Impl::wait_until_connected() {
  bool late = false;
  const auto timer = clock.call_after(options.ready_limit, [this, &late] {
    late = true;
    link->changed().pulse();
  });
  while (!agent_connected()) {
    if (!failure.empty()) throw ControlPlaneError(failure);
    if (late) {
      const auto output = options.data_dir / "log" / "agent-output.log";
      throw ControlPlaneError(fmt::format("the agent {} did not connect within {}; the end of {}:{}",
                                          options.agent.string(), base::go_duration(options.ready_limit),
                                          output.string(), last_lines(output, 10)));
    }
    co_await link->changed().wait();
  }
  supervisor->connected();
}

base::Async<> ControlPlane::Impl::forget_old_tasks() {
  while (true) {
    const double now = base::epoch_seconds(clock.wall());
    co_await state->forget_stopped_before(now - std::chrono::duration<double>(kKeepStopped).count());
    co_await clock.sleep_for(kForgetEvery);
  }
}

Status ControlPlane::Impl::status() const {
  Status out;
  out.pid = ::getpid();
  out.endpoint = endpoint;
  out.cluster = options.cluster;
  out.owner = options.owner;
  out.data_dir = options.data_dir.string();
  out.docker_host = options.docker_host;
  if (supervisor) {
    out.agent_pid = supervisor->pid().value_or(0);
    out.agent_restarts = supervisor->restarts();
  }
  out.agent_connected = link && agent_connected();
  out.listeners = static_cast<std::int32_t>(events.listeners());
  return out;
}

void ControlPlane::Impl::write_status_file() const {
  base::write_file_atomically(options.data_dir / kStatusFile, json::encode(status()), kPrivateFile);
}

ControlPlane::ControlPlane(base::Loop& loop, base::Clock& clock, ControlPlaneOptions options, Tell tell)
    : impl_(std::make_unique<Impl>(loop, clock, std::move(options), std::move(tell))) {}

ControlPlane::~ControlPlane() = default;

base::Async<> ControlPlane::start() {
  impl_->take_data_dir();
  impl_->listen();
  co_await impl_->open_state();
  co_await impl_->check_engine();
  impl_->scope.spawn("server", impl_->server->serve());
  impl_->scope.spawn("forget old tasks", impl_->forget_old_tasks());
  impl_->write_status_file();
  impl_->start_agent();
  co_await impl_->wait_until_connected();
}

base::Async<> ControlPlane::wait_for_end() {
  co_await impl_->ended.wait();
  if (!impl_->failure.empty()) throw ControlPlaneError(impl_->failure);
}

const std::string& ControlPlane::endpoint() const { return impl_->endpoint; }
Status ControlPlane::status() const { return impl_->status(); }

}  // namespace ecs::local
