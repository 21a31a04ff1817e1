// A server that comes up sooner or later: a port that is taken is waited for.
#pragma once

#include <cstdint>
#include <string>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "net/http_server.hpp"

namespace ecs::metadata {

struct ListenSpec {
  std::string name;  ///< For the log: `introspection`.
  /// `0.0.0.0` and `::` are both families, or IPv4 alone where there is no IPv6.
  std::string address;
  std::uint16_t port = 0;
  std::string unix_path;  ///< Instead of address and port, when not empty; only its owner may connect.
  net::HttpServerOptions options;
};

/// Until cancelled. A failed bind is logged and tried again after 1 s, doubling to 60 s, with up to 20 % more.
base::Async<> listen_and_serve(base::Clock& clock, base::Random& random, base::Executor executor, ListenSpec spec,
                               net::HttpServer::Handler handler);

}  // namespace ecs::metadata
