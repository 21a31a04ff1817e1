#include "ctl/session.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>

#include "base/file.hpp"
#include "local/status.hpp"

namespace ecs::ctl {

std::string variable(const Environment& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second;
}

std::filesystem::path data_dir(const Environment& environment) {
  if (const auto data = variable(environment, "XDG_DATA_HOME"); data.starts_with('/')) {
    return std::filesystem::path(data) / "ecs-local";
  }
  const auto home = variable(environment, "HOME");
  if (home.empty()) throw Failure("neither HOME nor XDG_DATA_HOME is set: there is no place for the state");
  return std::filesystem::path(home) / ".local" / "share" / "ecs-local";
}

std::filesystem::path agent_path(const std::string& given, const Environment& environment) {
  if (!given.empty()) return given;
  if (const auto named = variable(environment, "ECS_LOCAL_AGENT"); !named.empty()) return named;
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  return error ? std::filesystem::path("ecs-agent") : self.parent_path() / "ecs-agent";
}

Session::Session(const Environment& variables)
    : clock(loop.executor()),
      connector(clock, std::make_shared<net::TlsContext>(net::TlsContext::Options{})),
      environment(variables),
      signal_scope_(loop.executor()),
      signals_(loop.executor(), {SIGINT, SIGTERM, SIGHUP}) {
  signal_scope_.spawn("signals", watch_signals());
}

Session::~Session() {
  signal_scope_.cancel();
  loop.run_until_done(signal_scope_.join());
}

base::Async<> Session::watch_signals() {
  static_cast<void>(co_await signals_.next());
  interrupted.set();
  static_cast<void>(co_await signals_.next());
  hurry.set();
}

base::Async<std::optional<Client>> Session::find_running() {
  const auto directory = data_dir(environment);
  const auto text = base::read_file(directory / local::kStatusFile);
  if (!text) co_return std::nullopt;
  try {
    const auto written = json::decode<local::Status>(*text);
    Client client(connector, written.endpoint);
    const local::Status now = co_await client.status();
    // The port may belong to somebody else's control plane by now.
    if (now.data_dir == directory.string()) co_return client;
  } catch (const net::Error&) {
    // Left behind by one that did not end in order.
  } catch (const CallRefused&) {
  } catch (const json::Error&) {
  } catch (const std::invalid_argument&) {
  }
  co_return std::nullopt;
}

base::Async<Client> Session::need_running() {
  auto client = co_await find_running();
  if (!client) {
    throw Failure(
        fmt::format("no control plane runs for {}; start one with 'ecsctl local up'", data_dir(environment).string()));
  }
  co_return std::move(*client);
}

base::Async<bool> Session::run_unless(base::Event& stop, base::Async<> work) {
  base::Event ended;
  bool finished = false;
  std::exception_ptr failure;
  auto note = [&failure](const std::string&, std::exception_ptr error) { failure = std::move(error); };
  base::Scope scope(loop.executor(), note);
  auto guard = [](base::Async<> inner, base::Event& done, bool& by_itself, std::exception_ptr& error) -> base::Async<> {
    try {
      co_await std::move(inner);
      by_itself = true;
    } catch (...) {
      error = std::current_exception();
    }
    done.set();
  };
  auto watch = [](base::Event& signal, base::Event& done) -> base::Async<> {
    co_await signal.wait();
    done.set();
  };
  scope.spawn("work", guard(std::move(work), ended, finished, failure));
  scope.spawn("watch", watch(stop, ended));
  co_await ended.wait();
  scope.cancel();
  co_await scope.join();
  if (failure && !(base::is_cancellation(failure) && stop.is_set())) std::rethrow_exception(failure);
  co_return finished;
}

int Session::run(base::Async<int> command, int failed) {
  try {
    return loop.run_until_done(std::move(command));
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ecsctl: %s\n", error.what());
    return failed;
  }
}

}  // namespace ecs::ctl
