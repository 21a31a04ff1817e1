#include "metadata/listening.hpp"

#include <chrono>
#include <utility>

#include "base/backoff.hpp"
#include "log/log.hpp"

namespace ecs::metadata {

namespace {

using namespace std::chrono_literals;

constexpr base::BackoffRule kRetry{.min = 1s, .max = 60s, .multiple = 2, .jitter = 0.2};
constexpr unsigned kOwnerOnly = 0600;

void bind(net::HttpServer& server, const ListenSpec& spec) {
  if (!spec.unix_path.empty()) return server.listen_unix(spec.unix_path, kOwnerOnly);
  (void)server.listen_tcp(spec.address, spec.port);
}

}  // namespace

base::Async<> listen_and_serve(base::Clock& clock, base::Random& random, base::Executor executor, ListenSpec spec,
                               net::HttpServer::Handler handler) {
  net::HttpServer server(clock, executor, std::move(handler), spec.options);
  base::Backoff backoff(kRetry, random);
  bool bound = false;
  while (!bound) {
    try {
      bind(server, spec);
      bound = true;
    } catch (const net::Error& e) {
      log::error("Error running an endpoint; it is tried again", {{"endpoint", spec.name}, {"error", e}});
    }
    if (!bound) co_await clock.sleep_for(backoff.next());
  }
  co_await server.serve();
}

}  // namespace ecs::metadata
