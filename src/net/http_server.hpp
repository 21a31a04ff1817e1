// A small HTTP server for the loopback endpoints and for test peers.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "base/scope.hpp"
#include "net/http.hpp"
#include "net/websocket.hpp"

namespace ecs::net {

/// One request being answered. Exactly one of the three ways to answer is used; another one then is std::logic_error.
/// Writing throws Error when the peer has gone or does not take it in time: let it pass.
class ServerExchange {
 public:
  virtual ~ServerExchange() = default;
  [[nodiscard]] virtual const Request& request() const = 0;
  /// `ip:port` of the peer; empty for a unix socket.
  [[nodiscard]] virtual const std::string& remote() const = 0;

  /// The whole answer.
  virtual base::Async<> respond(Response response) = 0;

  /// A chunked answer: the head, then pieces, then finish().
  virtual base::Async<> begin(Response head) = 0;
  virtual base::Async<> send(std::string piece) = 0;
  virtual base::Async<> finish() = 0;

  [[nodiscard]] virtual bool wants_websocket() const = 0;
  /// The connection is the websocket's from here on; it may outlive the handler, which the server does not join then.
  virtual base::Async<std::unique_ptr<WebSocket>> accept_websocket() = 0;
};

struct HttpServerOptions {
  base::Duration read_timeout = std::chrono::seconds(5);  ///< For one request, from its first byte.
  base::Duration write_timeout = std::chrono::seconds(5);
  base::Duration idle_timeout = std::chrono::seconds(120);
  std::size_t max_head = 16U << 10U;  ///< A longer one is answered with 431.
  std::size_t max_body = 16U << 20U;  ///< A longer one is answered with 413.
  std::size_t max_connections = 512;  ///< Further ones wait to be accepted.
};

/// Must outlive serve(). A malformed request is answered with 400 and never reaches the handler.
class HttpServer {
 public:
  /// An exception out of the handler is answered with 500 and its text, if nothing was answered yet.
  using Handler = std::function<base::Async<>(ServerExchange&)>;

  HttpServer(base::Clock& clock, base::Executor executor, Handler handler, HttpServerOptions options = {});
  ~HttpServer();
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  /// Binds and listens now; throws Error::kConnect when it cannot. Port 0 chooses one. `::` is all addresses of both
  /// families, or of IPv4 alone where the kernel has no IPv6. May be called more than once.
  std::uint16_t listen_tcp(const std::string& address, std::uint16_t port);
  /// The socket gets `mode`; a stale socket file is replaced.
  void listen_unix(const std::string& path, unsigned mode);

  /// Serves until the caller is cancelled or stop() is called; then all connections are closed and joined.
  base::Async<> serve();
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ecs::net
