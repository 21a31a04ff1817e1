#include "net/http_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/this_coro.hpp>

#include "base/event.hpp"
#include "base/text.hpp"
#include "net/detail/http_parser.hpp"
#include "net/detail/io.hpp"
#include "net/detail/listener.hpp"
#include "net/detail/server_exchange.hpp"
#include "net/detail/socket_stream.hpp"

namespace ecs::net {

using detail::Deadline;
using detail::Exchange;
using detail::HttpParser;
using detail::Listener;
using detail::ServerConnection;

namespace {

constexpr std::size_t kReadChunk = 8U << 10U;
constexpr base::Duration kAcceptPause = std::chrono::milliseconds(100);
// How long a client that was refused may go on sending: closing at once would take the answer away from it.
constexpr base::Duration kLinger = std::chrono::seconds(1);
constexpr std::size_t kLingerBytes = 4U << 20U;

/// A request that is refused without asking the handler.
struct Refusal {
  int status;
  std::string text;
};

struct Received {
  std::optional<Request> request;  ///< Nothing: the peer has gone.
  std::optional<Refusal> refusal;
  bool keep_alive = false;
};

/// One of the connections that are open.
class Count {
 public:
  Count(std::size_t& count, base::Event& ended) : count_(count), ended_(ended) { ++count_; }
  Count(const Count&) = delete;
  Count& operator=(const Count&) = delete;
  ~Count() {
    --count_;
    ended_.pulse();
  }

 private:
  std::size_t& count_;
  base::Event& ended_;
};

}  // namespace

struct HttpServer::Impl {
  Impl(base::Clock& c, base::Executor e, Handler h, const HttpServerOptions& o)
      : clock(c), executor(std::move(e)), handler(std::move(h)), options(o) {}

  base::Async<> accept_all(Listener& listener, base::Scope& scope);
  base::Async<> serve_connection(Listener::Accepted accepted, std::unique_ptr<Count> count);
  base::Async<bool> wait_for_request(ServerConnection& connection);
  base::Async<Received> receive(ServerConnection& connection);
  base::Async<Received> receive_within(ServerConnection& connection, HttpParser& parser, Deadline& deadline);
  base::Async<bool> handle(ServerConnection& connection, Received received);
  base::Async<> refuse(ServerConnection& connection, Refusal refusal);
  base::Async<> call_handler(Exchange& exchange);

  base::Clock& clock;
  base::Executor executor;
  Handler handler;
  HttpServerOptions options;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::size_t connections = 0;
  base::Event connection_ended;
  base::Event stopped;
};

base::Async<> HttpServer::Impl::accept_all(Listener& listener, base::Scope& scope) {
  while (true) {
    while (connections >= options.max_connections) co_await connection_ended.wait();
    bool pause = false;
    try {
      Listener::Accepted accepted = co_await listener.accept();
      auto count = std::make_unique<Count>(connections, connection_ended);
      std::string name = "http connection " + accepted.remote;
      scope.spawn(std::move(name), serve_connection(std::move(accepted), std::move(count)));
    } catch (const Error&) {
      pause = true;  // Out of descriptors: some connection will end.
    }
    if (pause) co_await clock.sleep_for(kAcceptPause);
  }
}

/// `count` counts from the moment of accepting: this coroutine begins later.
base::Async<> HttpServer::Impl::serve_connection(Listener::Accepted accepted, std::unique_ptr<Count> count) {
  ServerConnection connection{std::move(accepted.stream), {}, std::move(accepted.remote)};
  try {
    bool again = true;
    while (again) {
      Received received = co_await receive(connection);
      if (!received.request && !received.refusal) break;
      again = co_await handle(connection, std::move(received));
    }
  } catch (const Error&) {
    // The peer went away or was too slow, and there is nobody left to tell.
  }
}

/// False when the peer closed an idle connection, or let it idle for too long.
base::Async<bool> HttpServer::Impl::wait_for_request(ServerConnection& connection) {
  if (!connection.buffer.empty()) co_return true;
  Deadline idle(clock, options.idle_timeout, "waiting for a request");
  const detail::Watch watch(idle, *connection.stream);
  const auto error = co_await detail::read_more(*connection.stream, connection.buffer, kReadChunk);
  co_return !error && !idle.expired();
}

base::Async<Received> HttpServer::Impl::receive(ServerConnection& connection) {
  if (!co_await wait_for_request(connection)) co_return Received();
  Deadline deadline(clock, options.read_timeout, "reading a request");
  const detail::Watch watch(deadline, *connection.stream);
  HttpParser parser(HttpParser::Kind::kRequest, options.max_head);
  Received received;
  try {
    received = co_await receive_within(connection, parser, deadline);
  } catch (const Error& e) {
    if (e.kind() != Error::Kind::kProtocol) throw;
    received.refusal = Refusal{parser.refusal(), e.what()};
  }
  co_return received;
}

base::Async<Received> HttpServer::Impl::receive_within(ServerConnection& connection, HttpParser& parser,
                                                       Deadline& deadline) {
  std::string body;
  bool may_ask = true;
  Received received;
  while (true) {
    connection.buffer.erase(0, parser.put(connection.buffer));
    body += parser.take_body();
    if (body.size() > options.max_body || connection.buffer.size() > options.max_head) {
      received.refusal = Refusal{413, fmt::format("the body is longer than {} bytes", options.max_body)};
      co_return received;
    }
    if (parser.done()) break;
    if (may_ask && parser.head_done()) {
      may_ask = false;
      if (base::equal_ignoring_case(parser.request().headers.get("Expect"), "100-continue")) {
        co_await detail::write_all(*connection.stream, "HTTP/1.1 100 Continue\r\n\r\n");
      }
    }
    const auto error = co_await detail::read_more(*connection.stream, connection.buffer, kReadChunk);
    if (error || deadline.expired()) throw deadline.failure(error);
  }
  received.keep_alive = parser.keep_alive();
  received.request = std::move(parser.request());
  received.request->body = std::move(body);
  co_return received;
}

base::Async<> HttpServer::Impl::refuse(ServerConnection& connection, Refusal refusal) {
  Exchange exchange(connection, clock, options.write_timeout, Request(), false);
  Response response;
  response.status = refusal.status;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  response.body = refusal.text + "\n";
  co_await exchange.respond(std::move(response));

  detail::shutdown_send(*connection.stream);
  Deadline linger(clock, kLinger, "waiting for the end of a refused request");
  const detail::Watch watch(linger, *connection.stream);
  std::string rest;
  for (std::size_t all = 0; all < kLingerBytes; all += rest.size()) {
    rest.clear();
    if (co_await detail::read_more(*connection.stream, rest, kReadChunk)) break;
  }
}

base::Async<> HttpServer::Impl::call_handler(Exchange& exchange) {
  std::string failure = "the request was not answered";
  try {
    co_await handler(exchange);
  } catch (const Error&) {
    if (exchange.state() != Exchange::State::kOpen) throw;
    failure = base::describe(std::current_exception());
  } catch (...) {
    if (base::is_cancellation(std::current_exception())) throw;
    failure = base::describe(std::current_exception());
  }
  if (exchange.state() == Exchange::State::kStreaming) exchange.end_connection();
  if (exchange.state() != Exchange::State::kOpen) co_return;
  Response response;
  response.status = 500;
  response.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
  response.body = failure + "\n";
  co_await exchange.respond(std::move(response));
}

/// Whether the connection goes on.
base::Async<bool> HttpServer::Impl::handle(ServerConnection& connection, Received received) {
  if (received.refusal) {
    co_await refuse(connection, std::move(*received.refusal));
    co_return false;
  }
  Exchange exchange(connection, clock, options.write_timeout, std::move(*received.request), received.keep_alive);
  co_await call_handler(exchange);
  co_return exchange.state() == Exchange::State::kDone&& exchange.keep_alive();
}

HttpServer::HttpServer(base::Clock& clock, base::Executor executor, Handler handler, HttpServerOptions options)
    : impl_(std::make_unique<Impl>(clock, std::move(executor), std::move(handler), options)) {}

HttpServer::~HttpServer() = default;

std::uint16_t HttpServer::listen_tcp(const std::string& address, std::uint16_t port) {
  impl_->listeners.push_back(detail::listen_tcp(impl_->executor, address, port));
  return impl_->listeners.back()->port();
}

void HttpServer::listen_unix(const std::string& path, unsigned mode) {
  impl_->listeners.push_back(detail::listen_unix(impl_->executor, path, mode));
}

base::Async<> HttpServer::serve() {
  // A connection's own failures are caught in it; what is left is a broken handler that answers twice, say.
  base::Scope scope(impl_->executor, [](const std::string&, const std::exception_ptr&) {});
  for (const auto& listener : impl_->listeners) scope.spawn("http listener", impl_->accept_all(*listener, scope));
  bool cancelled = false;
  try {
    co_await impl_->stopped.wait();
  } catch (...) {
    if (!base::is_cancellation(std::current_exception())) throw;
    cancelled = true;
  }
  // The connections must have ended before this coroutine does, so a cancellation is only noted from here on.
  auto note = [&cancelled](boost::asio::cancellation_type type) {
    cancelled = cancelled || type != boost::asio::cancellation_type::none;
    return boost::asio::cancellation_type::none;
  };
  co_await boost::asio::this_coro::reset_cancellation_state(note);
  scope.cancel();
  for (const auto& listener : impl_->listeners) listener->close();
  co_await scope.join();
  co_await boost::asio::this_coro::reset_cancellation_state(boost::asio::enable_terminal_cancellation());
  if (cancelled) throw base::Cancelled();
}

void HttpServer::stop() { impl_->stopped.set(); }

}  // namespace ecs::net
