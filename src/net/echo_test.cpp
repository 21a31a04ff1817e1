// An echo server and its clients over everything this folder has: HTTP, websocket and TLS, over tcp and unix sockets.
// Small enough to be run under every sanitizer.
#include <gtest/gtest.h>
#include <unistd.h>

#include <functional>
#include <memory>
#include <string>

#include "base/event.hpp"
#include "base/loop.hpp"
#include "base/scope.hpp"
#include "net/http_client.hpp"
#include "net/http_server.hpp"
#include "net/testing/peer.hpp"
#include "net/testing/pki.hpp"
#include "net/websocket.hpp"

namespace ecs::net {
namespace {

using namespace std::chrono_literals;

constexpr base::Duration kLimit = 20s;

base::Async<> echo_http(ServerExchange& exchange) {
  Response response;
  response.headers = {{"Content-Type", "text/plain"}};
  response.body = exchange.request().body;
  co_await exchange.respond(std::move(response));
}

base::Async<> echo_chunks(ServerExchange& exchange) {
  co_await exchange.begin(Response());
  for (const char c : exchange.request().body) co_await exchange.send(std::string(1, c));
  co_await exchange.finish();
}

base::Async<> echo_websocket(ServerExchange& exchange) {
  const std::unique_ptr<WebSocket> socket = co_await exchange.accept_websocket();
  try {
    while (true) {
      WebSocketMessage message = co_await socket->read();
      co_await socket->write_text(std::move(message.data), kLimit);
    }
  } catch (const WebSocketClosed&) {
  }
}

base::Async<> echo(ServerExchange& exchange) {
  if (exchange.wants_websocket()) return echo_websocket(exchange);
  return exchange.request().target == "/chunks" ? echo_chunks(exchange) : echo_http(exchange);
}

Request post(std::string target, std::string body) {
  Request request;
  request.method = "POST";
  request.target = std::move(target);
  request.body = std::move(body);
  return request;
}

class Echo : public ::testing::Test {
 protected:
  Echo() : connector_(clock_, std::make_shared<TlsContext>(TlsContext::Options{.ca_file = authority_.file()})) {}

  /// Runs the client against the server, then stops the server and joins it.
  void run(const std::function<base::Async<>(Endpoint)>& client, Endpoint endpoint) {
    base::Scope scope(loop_.executor());
    scope.spawn("server", server_.serve());
    loop_.run_until_done(client(std::move(endpoint)));
    server_.stop();
    loop_.run_until_done(scope.join());
  }

  Endpoint listen() {
    return parse_url("http://127.0.0.1:" + std::to_string(server_.listen_tcp("127.0.0.1", 0))).endpoint;
  }

  base::Loop loop_;
  base::RealClock clock_{loop_.executor()};
  testing::TestAuthority authority_{"echo authority"};
  Connector connector_;
  HttpServer server_{clock_, loop_.executor(), echo};
};

TEST_F(Echo, Http) {
  auto client = [this](Endpoint endpoint) -> base::Async<> {
    HttpClient http(connector_, std::move(endpoint));
    for (int i = 0; i < 20; ++i) {
      const std::string body(static_cast<std::size_t>(i) * 5000, 'x');
      const Response response = co_await http.exchange(post("/", body), kLimit);
      EXPECT_EQ(response.status, 200);
      EXPECT_EQ(response.body, body);
    }
  };
  run(client, listen());
}

TEST_F(Echo, HttpOverUnixSocket) {
  const std::string path = "/tmp/ecs-echo-" + std::to_string(::getpid()) + ".sock";
  server_.listen_unix(path, 0600);
  auto client = [this](Endpoint endpoint) -> base::Async<> {
    HttpClient http(connector_, std::move(endpoint));
    const Response response = co_await http.exchange(post("/", "hello"), kLimit);
    EXPECT_EQ(response.body, "hello");
  };
  run(client, parse_url("unix://" + path).endpoint);
}

TEST_F(Echo, StreamedBody) {
  auto client = [this](Endpoint endpoint) -> base::Async<> {
    HttpClient http(connector_, std::move(endpoint));
    const std::unique_ptr<BodyReader> reader = co_await http.open(post("/chunks", "streamed"), kLimit);
    std::string all;
    while (const auto piece = co_await reader->read(kLimit)) all += *piece;
    EXPECT_EQ(all, "streamed");
  };
  run(client, listen());
}

TEST_F(Echo, ManyClientsAtOnce) {
  auto client = [this](Endpoint endpoint) -> base::Async<> {
    HttpClient http(connector_, std::move(endpoint), {.max_connections = 3});
    base::Scope scope(loop_.executor());
    auto one = [&http](int i) -> base::Async<> {
      const Response response = co_await http.exchange(post("/", std::to_string(i)), kLimit);
      EXPECT_EQ(response.body, std::to_string(i));
    };
    for (int i = 0; i < 30; ++i) scope.spawn("client", one(i));
    co_await scope.join();
  };
  run(client, listen());
}

TEST_F(Echo, Websocket) {
  auto client = [this](Endpoint endpoint) -> base::Async<> {
    const auto socket = co_await connect_websocket(connector_, std::move(endpoint), "/ws", {}, kLimit);
    for (const std::size_t size : {0U, 1U, 125U, 126U, 65535U, 65536U, 300000U}) {
      co_await socket->write_text(std::string(size, 'w'), kLimit);
      const WebSocketMessage message = co_await socket->read();
      EXPECT_EQ(message.data, std::string(size, 'w'));
      EXPECT_FALSE(message.binary);
    }
    co_await socket->close(1000, "done");
    bool closed = false;
    try {
      static_cast<void>(co_await socket->read());
    } catch (const WebSocketClosed& e) {
      closed = true;
      EXPECT_EQ(e.code(), 1000);
    }
    EXPECT_TRUE(closed);
  };
  run(client, listen());
}

TEST_F(Echo, Tls) {
  testing::Peer peer(loop_.executor(), authority_.issue({.names = {"127.0.0.1"}}));
  base::Scope scope(loop_.executor());
  auto serve = [&peer]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    for (int i = 0; i < 3; ++i) {
      const std::string request = co_await connection->read_request();
      const std::string body = request.substr(request.find("\r\n\r\n") + 4);
      co_await connection->send("HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                                body);
    }
  };
  scope.spawn("tls peer", serve());
  auto client = [&]() -> base::Async<> {
    HttpClient http(connector_, peer.endpoint());
    for (const std::size_t size : {1U, 1000U, 200000U}) {
      const std::string body(size, 't');
      const Response response = co_await http.exchange(post("/", body), kLimit);
      EXPECT_EQ(response.body, body);
    }
  };
  loop_.run_until_done(client());
  loop_.run_until_done(scope.join());
  EXPECT_EQ(peer.accepted(), 1U);
}

TEST_F(Echo, CancelledWhileServing) {
  const Endpoint endpoint = listen();
  base::Scope server(loop_.executor());
  server.spawn("server", server_.serve());
  base::Scope clients(loop_.executor());
  base::Event echoed;
  auto reader = [&]() -> base::Async<> {
    const auto socket = co_await connect_websocket(connector_, endpoint, "/ws", {}, kLimit);
    co_await socket->write_text("one", kLimit);
    static_cast<void>(co_await socket->read());
    echoed.set();
    static_cast<void>(co_await socket->read());  // Never comes.
    ADD_FAILURE() << "the read was not cancelled";
  };
  clients.spawn("reader", reader());
  loop_.run_until_done(echoed.wait());
  clients.cancel();
  loop_.run_until_done(clients.join());
  server.cancel();
  loop_.run_until_done(server.join());
}

}  // namespace
}  // namespace ecs::net
