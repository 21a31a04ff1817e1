#include "net/http_client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/event.hpp"
#include "net/detail/http_exchange.hpp"

namespace ecs::net {

using detail::Connection;
using detail::Deadline;
using detail::HttpParser;

struct HttpClient::Impl : std::enable_shared_from_this<HttpClient::Impl> {
  Impl(Connector& c, Endpoint e, const HttpClientOptions& o) : connector(c), endpoint(std::move(e)), options(o) {}

  [[nodiscard]] base::Clock& clock() const { return connector.clock(); }
  [[nodiscard]] std::string name_of(const Request& request) const;

  base::Async<> acquire();
  void release();
  [[nodiscard]] std::optional<Connection> take_idle();
  void put_back(Connection connection);
  void reap();
  base::Async<Connection> connect(Deadline& deadline);

  Connector& connector;
  Endpoint endpoint;
  HttpClientOptions options;
  std::size_t busy = 0;
  base::Event freed;
  std::vector<Connection> idle;  ///< The longest idle first.
  std::unique_ptr<base::Timer> reaper;
  bool closed = false;
};

namespace {

/// What an exchange has got: a connection whose answer's head is read.
struct Started {
  Connection connection;
  std::unique_ptr<HttpParser> parser;
};

/// One of the client's max_connections.
class Slot {
 public:
  explicit Slot(HttpClient::Impl& client) : client_(client) {}
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot() { client_.release(); }

 private:
  HttpClient::Impl& client_;
};

bool is_stale_failure(const Error& error) {
  return error.kind() == Error::Kind::kEof || error.kind() == Error::Kind::kReset;
}

base::Async<Started> attempt(HttpClient::Impl& client, Connection connection, Request request, Deadline& deadline,
                             bool& answered) {
  const detail::Watch watch(deadline, connection.stream());
  auto parser =
      co_await detail::send_request(connection, std::move(request), client.endpoint.authority, deadline, answered);
  co_return Started{std::move(connection), std::move(parser)};
}

/// Sends the request on an idle connection or on a new one. An idle connection that turns out closed before any byte of
/// the answer is replaced once.
base::Async<Started> start(HttpClient::Impl& client, Request request, Deadline& deadline) {
  if (std::optional<Connection> idle = client.take_idle()) {
    bool answered = false;
    try {
      co_return co_await attempt(client, std::move(*idle), request, deadline, answered);
    } catch (const Error& e) {
      if (answered || deadline.expired() || !is_stale_failure(e)) throw;
    }
  }
  Connection fresh = co_await client.connect(deadline);
  bool answered = false;
  co_return co_await attempt(client, std::move(fresh), std::move(request), deadline, answered);
}

bool may_reuse(const Connection& connection, const HttpParser& parser) {
  // Bytes that nobody asked for: this connection is out of step.
  return parser.done() && parser.keep_alive() && connection.buffer.empty();
}

base::Async<Response> run_exchange(std::shared_ptr<HttpClient::Impl> client, Request request, base::Duration limit) {
  co_await client->acquire();
  const Slot slot(*client);
  Deadline deadline(client->clock(), limit, client->name_of(request));
  Started started = co_await start(*client, std::move(request), deadline);
  const detail::Watch watch(deadline, started.connection.stream());
  Response response =
      co_await detail::read_answer(started.connection, *started.parser, client->options.max_body, deadline);
  if (may_reuse(started.connection, *started.parser)) {
    deadline.watch(nullptr);
    client->put_back(std::move(started.connection));
  }
  co_return response;
}

class PooledBody final : public BodyReader {
 public:
  PooledBody(std::shared_ptr<HttpClient::Impl> client, Started started, std::string what)
      : client_(std::move(client)),
        started_(std::move(started)),
        head_(std::move(started_.parser->response())),
        what_("reading the answer to " + what) {}

  [[nodiscard]] const Response& head() const override { return head_; }

  base::Async<std::optional<std::string>> read(std::optional<base::Duration> limit) override {
    HttpParser& parser = *started_.parser;
    if (parser.body_waiting() == 0 && !parser.done()) {
      if (limit) {
        Deadline deadline(client_->clock(), *limit, what_);
        const detail::Watch watch(deadline, started_.connection.stream());
        co_await detail::read_body_some(started_.connection, parser, deadline);
      } else {
        co_await detail::read_body_some(started_.connection, parser, what_);
      }
    }
    if (parser.body_waiting() > 0) co_return parser.take_body();
    give_back();
    co_return std::nullopt;
  }

 private:
  void give_back() {
    if (!started_.connection.route.stream) return;
    Connection ended = std::move(started_.connection);
    if (may_reuse(ended, *started_.parser)) client_->put_back(std::move(ended));
  }

  std::shared_ptr<HttpClient::Impl> client_;
  Started started_;
  Response head_;
  std::string what_;
};

base::Async<std::unique_ptr<BodyReader>> run_open(std::shared_ptr<HttpClient::Impl> client, Request request,
                                                  base::Duration limit) {
  std::string name = client->name_of(request);
  Deadline deadline(client->clock(), limit, name);
  Started started = co_await start(*client, std::move(request), deadline);
  co_return std::make_unique<PooledBody>(std::move(client), std::move(started), std::move(name));
}

}  // namespace

std::string HttpClient::Impl::name_of(const Request& request) const {
  // Queries are long and may hold what a log line should not.
  const std::string path = request.target.substr(0, request.target.find('?'));
  return fmt::format("{} {} to {}", request.method, path, describe(endpoint));
}

base::Async<> HttpClient::Impl::acquire() {
  while (busy >= options.max_connections) co_await freed.wait();
  ++busy;
}

void HttpClient::Impl::release() {
  --busy;
  freed.pulse();
}

std::optional<Connection> HttpClient::Impl::take_idle() {
  while (!idle.empty()) {
    Connection last = std::move(idle.back());
    idle.pop_back();
    // Something to read on an idle connection: the server has closed it, or broken the protocol.
    if (last.stream().readable() || clock().now() - last.idle_since >= options.idle_timeout) continue;
    last.reused = true;
    return last;
  }
  return std::nullopt;
}

void HttpClient::Impl::put_back(Connection connection) {
  if (closed || idle.size() >= options.max_idle) return;
  connection.idle_since = clock().now();
  connection.buffer = std::string();
  idle.push_back(std::move(connection));
  if (!reaper) reap();
}

void HttpClient::Impl::reap() {
  const base::Instant now = clock().now();
  std::erase_if(idle, [&](const Connection& c) { return now - c.idle_since >= options.idle_timeout; });
  reaper.reset();
  if (idle.empty()) return;
  reaper = clock().call_at(idle.front().idle_since + options.idle_timeout, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->reap();
  });
}

base::Async<Connection> HttpClient::Impl::connect(Deadline& deadline) {
  ConnectOptions bounded = options.connect;
  bounded.dial = std::min(bounded.dial, deadline.remaining());
  bounded.tls_handshake = std::min(bounded.tls_handshake, deadline.remaining());
  Connection connection;
  try {
    connection.route = co_await connector.connect_http(endpoint, bounded);
  } catch (const Error&) {
    if (deadline.expired()) throw deadline.timeout("connecting");
    throw;
  }
  co_return connection;
}

HttpClient::HttpClient(Connector& connector, Endpoint endpoint, HttpClientOptions options)
    : impl_(std::make_shared<Impl>(connector, std::move(endpoint), options)) {}

HttpClient::~HttpClient() {
  impl_->closed = true;
  impl_->idle.clear();
  impl_->reaper.reset();
}

base::Async<Response> HttpClient::exchange(Request request, base::Duration limit) {
  return run_exchange(impl_, std::move(request), limit);
}

base::Async<std::unique_ptr<BodyReader>> HttpClient::open(Request request, base::Duration limit) {
  return run_open(impl_, std::move(request), limit);
}

const Endpoint& HttpClient::endpoint() const { return impl_->endpoint; }

}  // namespace ecs::net
