#include "net/http_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>

#include "net/http_client.hpp"
#include "net/testing/fixture.hpp"
#include "net/testing/peer.hpp"
#include "net/websocket.hpp"

namespace ecs::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;
using testing::PeerConnection;
using testing::Rig;
using ::testing::StartsWith;

class HttpServerTest : public ::testing::Test {
 protected:
  HttpServerTest() {
    handler = [this](ServerExchange& exchange) { return say_ok(exchange); };
    auto call = [this](ServerExchange& exchange) { return handler(exchange); };
    server = std::make_unique<HttpServer>(rig.clock, rig.loop.executor(), call,
                                          HttpServerOptions{.max_body = 1000, .max_connections = 3});
    endpoint = parse_url("http://127.0.0.1:" + std::to_string(server->listen_tcp("127.0.0.1", 0))).endpoint;
    rig.start(server->serve());
  }

  ~HttpServerTest() override {
    server->stop();
    rig.join();
  }
  HttpServerTest(const HttpServerTest&) = delete;
  HttpServerTest& operator=(const HttpServerTest&) = delete;

  base::Async<> say_ok(ServerExchange& exchange) {
    bodies.push_back(exchange.request().body);
    Response response;
    response.body = "ok";
    co_await exchange.respond(std::move(response));
  }

  /// A raw client.
  PeerConnection dial() {
    auto stream = rig.run(rig.connector.connect(endpoint, {}));
    Stream* socket = stream.get();
    return {std::move(stream), socket};
  }

  /// What the server says to these bytes until it closes.
  std::string talk(const std::string& bytes) {
    PeerConnection client = dial();
    rig.run(client.send(bytes));
    return rig.run(client.read_all());
  }

  Rig rig;
  std::vector<std::string> bodies;
  HttpServer::Handler handler;
  std::unique_ptr<HttpServer> server;
  Endpoint endpoint;
};

constexpr const char* kClose = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

TEST_F(HttpServerTest, AnswersByteForByte) {
  EXPECT_EQ(
      talk(kClose),
      "HTTP/1.1 200 OK\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok");
}

TEST_F(HttpServerTest, KeepsAConnectionAndTakesRequestsThatCameTogether) {
  const std::string first = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\none";
  const std::string second = "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n";
  const std::string answers = talk(first + second + kClose);
  EXPECT_THAT(bodies, ::testing::ElementsAre("one", "two", ""));
  std::size_t count = 0;
  for (std::size_t at = 0; (at = answers.find("200 OK", at)) != std::string::npos; ++at) ++count;
  EXPECT_EQ(count, 3U);
}

TEST_F(HttpServerTest, AnOldClientIsAnsweredOnce) { EXPECT_THAT(talk("GET / HTTP/1.0\r\n\r\n"), HasSubstr("close")); }

TEST_F(HttpServerTest, HeadHasNoBody) {
  const std::string answer = talk("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_THAT(answer, HasSubstr("Content-Length: 2\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n"));
}

TEST_F(HttpServerTest, RefusesMalformedRequests) {
  for (const char* text : {"hello\r\n\r\n", "GET  / HTTP/1.1\r\n\r\n", "GET / HTTP/9.9\r\n\r\n",
                           "GET / HTTP/1.1\r\nbad header\r\n\r\n", "GET / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
                           "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
                           "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"}) {
    EXPECT_THAT(talk(text), StartsWith("HTTP/1.1 400 Bad Request\r\n")) << text;
  }
  EXPECT_TRUE(bodies.empty());
}

TEST_F(HttpServerTest, RefusesWhatIsTooLong) {
  EXPECT_THAT(talk("GET / HTTP/1.1\r\nX: " + std::string(20000, 'x') + "\r\n\r\n"), StartsWith("HTTP/1.1 431 "));
  EXPECT_THAT(talk("POST / HTTP/1.1\r\nContent-Length: 1001\r\n\r\n" + std::string(1001, 'x')),
              StartsWith("HTTP/1.1 413 "));
  EXPECT_THAT(talk("POST / HTTP/1.1\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n" + std::string(1000, 'x')),
              StartsWith("HTTP/1.1 200 "));
}

TEST_F(HttpServerTest, ExpectIsAnswered) {
  PeerConnection client = dial();
  rig.run(client.send("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n"));
  EXPECT_EQ(rig.run(client.read_until("\r\n\r\n")), "HTTP/1.1 100 Continue\r\n\r\n");
  rig.run(client.send("hi"));
  EXPECT_THAT(rig.run(client.read_until("ok")), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST_F(HttpServerTest, AnExceptionIsA500WithItsText) {
  handler = [](ServerExchange&) -> base::Async<> {
    throw std::runtime_error("no such thing");
    co_return;
  };
  EXPECT_THAT(talk(kClose), MatchesRegex("HTTP/1.1 500 Internal Server Error\r\n.*\r\n\r\nno such thing\n"));
  handler = [](ServerExchange&) -> base::Async<> { co_return; };
  EXPECT_THAT(talk(kClose), HasSubstr("the request was not answered"));
}

TEST_F(HttpServerTest, StreamsInChunks) {
  handler = [](ServerExchange& exchange) -> base::Async<> {
    Response head;
    head.status = 201;
    co_await exchange.begin(std::move(head));
    co_await exchange.send("hello");
    co_await exchange.send("");
    co_await exchange.send(std::string(16, 'x'));
    co_await exchange.finish();
  };
  const std::string answer = talk(kClose);
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 201 Created\r\n"));
  EXPECT_THAT(answer, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_TRUE(answer.ends_with("\r\n\r\n5\r\nhello\r\n10\r\nxxxxxxxxxxxxxxxx\r\n0\r\n\r\n"));
}

TEST_F(HttpServerTest, AStreamThatFailsEndsWithoutItsLastChunk) {
  handler = [](ServerExchange& exchange) -> base::Async<> {
    co_await exchange.begin(Response());
    co_await exchange.send("half");
    throw std::runtime_error("gone");
  };
  EXPECT_TRUE(talk("GET / HTTP/1.1\r\nHost: x\r\n\r\n").ends_with("4\r\nhalf\r\n"));
}

TEST_F(HttpServerTest, AnsweringTwiceIsAnError) {
  bool refused = false;
  handler = [&](ServerExchange& exchange) -> base::Async<> {
    co_await exchange.respond(Response());
    try {
      co_await exchange.respond(Response());
    } catch (const std::logic_error&) {
      refused = true;
    }
  };
  static_cast<void>(talk(kClose));
  EXPECT_TRUE(refused);
}

TEST_F(HttpServerTest, ASlowRequestIsCutOff) {
  PeerConnection client = dial();
  rig.run(client.send("GET / HT"));
  const auto rest = rig.start_keeping(client.read_all());
  // The server has one timer for the idle connection until the first byte has come, then one for the request.
  rig.clock.advance(5s);
  rig.wait(rest);
  EXPECT_EQ(rest->value, "");
}

TEST_F(HttpServerTest, AnIdleConnectionIsClosed) {
  PeerConnection client = dial();
  rig.run(client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  EXPECT_THAT(rig.run(client.read_until("ok")), StartsWith("HTTP/1.1 200"));
  const auto rest = rig.start_keeping(client.read_all());
  rig.clock.advance(119s);
  EXPECT_FALSE(rest->done.is_set());
  rig.clock.advance(1s);
  rig.wait(rest);
}

TEST_F(HttpServerTest, AClientThatDoesNotReadIsCutOff) {
  base::Event failed;
  handler = [&](ServerExchange& exchange) -> base::Async<> {
    Response response;
    response.body.assign(32U << 20U, 'x');
    try {
      co_await exchange.respond(std::move(response));
    } catch (const Error& e) {
      EXPECT_EQ(e.kind(), Error::Kind::kTimeout);
      EXPECT_EQ(std::string(e.what()), "writing the answer to /big took longer than 5s");
      failed.set();
    }
  };
  PeerConnection client = dial();
  rig.run(client.send("GET /big HTTP/1.1\r\nHost: x\r\n\r\n"));
  static_cast<void>(rig.run(client.read_exactly(10)));
  rig.clock.advance(5s);
  rig.run(failed.wait());
}

TEST_F(HttpServerTest, MoreClientsThanItTakesWaitTheirTurn) {
  std::vector<PeerConnection> clients;
  clients.reserve(4);
  for (int i = 0; i < 4; ++i) {
    clients.push_back(dial());
    rig.run(clients.back().send("GET / HTTP/1.1\r\nHost: x\r\n\r\n"));
  }
  for (std::size_t i = 0; i < 3; ++i) static_cast<void>(rig.run(clients[i].read_until("ok")));
  const auto last = rig.start_keeping(clients[3].read_until("ok"));
  rig.loop.poll();
  EXPECT_FALSE(last->done.is_set());
  clients[0].close();
  rig.wait(last);
  EXPECT_TRUE(last->value.has_value());
}

TEST_F(HttpServerTest, StopClosesItsConnectionsAndJoinsThem) {
  base::Event entered;
  bool cancelled = false;
  handler = [&](ServerExchange&) -> base::Async<> {
    entered.set();
    base::Event never;
    try {
      co_await never.wait();
    } catch (const base::Cancelled&) {
      cancelled = true;
      throw;
    }
  };
  PeerConnection client = dial();
  rig.run(client.send(kClose));
  rig.run(entered.wait());
  server->stop();
  rig.join();
  EXPECT_TRUE(cancelled);
  EXPECT_EQ(rig.run(client.read_all()), "");
  EXPECT_EQ(rig.failure<Error>(rig.connector.connect(endpoint, {})).kind(), Error::Kind::kConnect);
}

TEST_F(HttpServerTest, APortInUseIsTold) {
  try {
    static_cast<void>(server->listen_tcp("127.0.0.1", endpoint.port));
    ADD_FAILURE() << "listened twice";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), Error::Kind::kConnect);
    EXPECT_EQ(std::string(e.what()),
              "listening on 127.0.0.1 port " + std::to_string(endpoint.port) + ": Address already in use");
  }
  EXPECT_THROW(static_cast<void>(server->listen_tcp("localhost", 0)), Error);
}

TEST_F(HttpServerTest, AUnixSocketHasItsModeAndReplacesAStaleOne) {
  const std::string path = "/tmp/ecs-server-" + std::to_string(::getpid()) + ".sock";
  auto say = [this](ServerExchange& exchange) { return say_ok(exchange); };
  auto serve = [&](HttpServer& other) -> base::Async<> {
    auto run = [&other]() -> base::Async<> { co_await other.serve(); };
    rig.scope.spawn("unix server", run());
    HttpClient client(rig.connector, parse_url("unix://" + path).endpoint);
    EXPECT_EQ((co_await client.exchange(Request(), 5s)).body, "ok");
  };
  {
    HttpServer crashed(rig.clock, rig.loop.executor(), say);
    crashed.listen_unix(path, 0600);
    // A live socket is not taken away.
    HttpServer second(rig.clock, rig.loop.executor(), say);
    EXPECT_THROW(second.listen_unix(path, 0600), Error);
    ::link(path.c_str(), (path + ".kept").c_str());
  }
  ::rename((path + ".kept").c_str(), path.c_str());
  HttpServer server2(rig.clock, rig.loop.executor(), say);
  server2.listen_unix(path, 0620);
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0620U);
  rig.run(serve(server2));
  server2.stop();
  server->stop();
  rig.join();
}

TEST_F(HttpServerTest, TheRemoteSideIsNamed) {
  std::string remote;
  handler = [&](ServerExchange& exchange) -> base::Async<> {
    remote = exchange.remote();
    co_await exchange.respond(Response());
  };
  static_cast<void>(talk(kClose));
  EXPECT_THAT(remote, StartsWith("127.0.0.1:"));
}

TEST_F(HttpServerTest, AWebsocketIsAskedForProperly) {
  bool wanted = true;
  handler = [&](ServerExchange& exchange) -> base::Async<> {
    wanted = exchange.wants_websocket();
    co_await exchange.respond(Response());
  };
  static_cast<void>(talk("GET / HTTP/1.1\r\nConnection: close, Upgrade\r\nUpgrade: websocket\r\n\r\n"));
  EXPECT_FALSE(wanted);
}

}  // namespace
}  // namespace ecs::net
