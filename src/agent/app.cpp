#include "agent/app.hpp"

#include <fmt/format.h>

#include <csignal>
#include <system_error>
#include <utility>

#include "agent/app_impl.hpp"
#include "agent/exit_codes.hpp"
#include "base/signals.hpp"
#include "base/text.hpp"
#include "base/worker_pool.hpp"
#include "config/version.hpp"
#include "log/log.hpp"
#include "metadata/state_dump.hpp"
#include "net/proxy.hpp"

namespace ecs::agent {

namespace {

net::TlsContext::Options tls_options(const Flags& flags, const config::Environment& environment) {
  return {!flags.accept_insecure_cert, lookup(environment, "SSL_CERT_FILE"), lookup(environment, "SSL_CERT_DIR")};
}

}  // namespace

std::optional<std::string> lookup(const config::Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() || found->second.empty() ? std::nullopt : std::optional(found->second);
}

App::Impl::Impl(base::Loop& l, Flags f, config::Environment e)
    : loop(l),
      flags(std::move(f)),
      environment(std::move(e)),
      clock(loop.executor()),
      connector(clock, std::make_shared<net::TlsContext>(tls_options(flags, environment)),
                net::with_default_no_proxy(net::process_environment(), [this] { return config.docker_endpoint; })),
      transport(connector),
      imds_transport(connector, aws::imds_http_options()) {}

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
    co_await look_at_host();
    if (flags.ecs_attributes) {
      print_attributes();
      end(kExitDone);
      co_return;
    }
    if (flags.windows_service)
      throw StartFailure(kExitTransient, "-windows-service: there are no such services on Linux");
    find_gpus();
    open_store();
    co_await continue_saved_state();
    co_await register_instance();
    co_await start_engine();
    start_introspection();
    co_await serve_acs();
  } catch (const StartFailure& failure) {
    log::critical(failure.what());
    end(failure.code());
  }
}

base::Async<> App::Impl::handle_signals() {
  base::Signals signals(loop.executor(), {SIGTERM, SIGINT, SIGUSR1});
  while (true) {
    const int number = co_await signals.next();
    if (number == SIGUSR1) {
      co_await dump();
      continue;
    }
    log::info("Signal received, the agent ends; containers are left alone",
              {{"signal", number == SIGTERM ? "terminated" : "interrupt"}});
    end(kExitDone);
    co_return;
  }
}

/// What every part is doing: the coroutines as a log line, the tasks as a file.
base::Async<> App::Impl::dump() const {
  log::critical(
      fmt::format("====== STACKTRACE ======\n{}\n====== /STACKTRACE ======", base::join(scope->names(), "\n")));
  if (!engine) co_return;
  const std::string text = metadata::state_dump(introspection, engine->engine_connected(), clock.wall());
  base::WorkerPool pool(loop.executor(), 1);
  const auto write = [text, dir = config.data_dir] { return metadata::write_state_dump(dir, text).string(); };
  try {
    log::info("State written", {{"file", co_await pool.run(write)}});
  } catch (const std::system_error& e) {
    log::error("The state cannot be written", {{"error", e}});
  }
}

}  // namespace ecs::agent
