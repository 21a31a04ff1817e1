#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <string>

#include "base/file.hpp"
#include "base/text.hpp"
#include "net/detail/listener.hpp"
#include "net/http_client.hpp"
#include "net/testing/fixture.hpp"
#include "net/testing/peer.hpp"
#include "net/testing/pki.hpp"
#include "net/websocket.hpp"

namespace ecs::net {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using ::testing::HasSubstr;
using testing::Peer;
using testing::PeerConnection;
using testing::Rig;

constexpr base::Duration kLimit = 30s;

class ConnectorTest : public ::testing::Test {
 protected:
  base::Async<> serve_proxy(std::function<base::Async<>(PeerConnection&)> script) {
    const auto connection = co_await proxy.accept();
    co_await script(*connection);
  }

  Error connect_failure(const std::string& url) {
    return rig.failure<Error>(rig.connector.connect(parse_url(url).endpoint, {}));
  }

  std::string proxy_address() const { return "127.0.0.1:" + std::to_string(proxy.port()); }

  Rig rig;
  Peer proxy{rig.loop.executor()};
};

TEST_F(ConnectorTest, AnUnknownName) {
  const Error error = connect_failure("http://no-such-host.invalid");
  EXPECT_EQ(error.kind(), Error::Kind::kResolve);
  EXPECT_THAT(error.what(), HasSubstr("look-up of the name no-such-host.invalid failed: "));
}

TEST_F(ConnectorTest, CancellingEndsALookUpAtOnce) {
  base::Scope scope(rig.loop.executor());
  auto outcome = std::make_shared<testing::Outcome<std::unique_ptr<Stream>>>();
  auto work = [&]() -> base::Async<> {
    // Queued before the thread of the look-up starts, which posts its answer.
    rig.loop.post([&scope] { scope.cancel(); });
    co_await testing::keep(rig.connector.connect(parse_url("http://slow.invalid").endpoint, {}), outcome);
  };
  scope.spawn("look-up", work());
  rig.run(scope.join());
  EXPECT_TRUE(base::is_cancellation(outcome->error));
}

TEST_F(ConnectorTest, LocalhostNeedsNoLookUpAndTriesAllAddresses) {
  std::unique_ptr<detail::Listener> six;
  try {
    six = detail::listen_tcp(rig.loop.executor(), "::1", 0);
  } catch (const Error&) {
    GTEST_SKIP() << "no IPv6 here";
  }
  const auto stream =
      rig.run(rig.connector.connect(parse_url("http://localhost:" + std::to_string(six->port())).endpoint, {}));
  EXPECT_NE(stream, nullptr);
}

/// A listener whose queue is full, so that connecting hangs.
class FullListener {
 public:
  FullListener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* raw = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(fd_.get(), raw, size), 0);
    EXPECT_EQ(::listen(fd_.get(), 0), 0);
    EXPECT_EQ(::getsockname(fd_.get(), raw, &size), 0);
    port = ntohs(address.sin_port);
    for (auto& filler : fillers_) {
      filler = base::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(filler.get(), raw, size);
    }
  }
  std::uint16_t port = 0;

 private:
  base::Fd fd_;
  std::array<base::Fd, 4> fillers_;
};

TEST_F(ConnectorTest, ADialHasADeadline) {
  const FullListener full;
  const auto outcome = rig.start_keeping(
      rig.connector.connect(parse_url("http://127.0.0.1:" + std::to_string(full.port)).endpoint, {.dial = 7s}));
  rig.clock.advance(7s);
  rig.wait(outcome);
  const Error error = outcome->failure<Error>();
  EXPECT_EQ(error.kind(), Error::Kind::kTimeout);
  EXPECT_EQ(std::string(error.what()),
            "connecting to tcp://127.0.0.1:" + std::to_string(full.port) + " took longer than 7s");
}

TEST_F(ConnectorTest, AnAddressThatHangsLeavesTimeForTheNext) {
  const FullListener full;
  std::unique_ptr<detail::Listener> six;
  try {
    six = detail::listen_tcp(rig.loop.executor(), "::1", full.port);
  } catch (const Error&) {
    GTEST_SKIP() << "no IPv6 here, or the port is taken";
  }
  const auto outcome = rig.start_keeping(
      rig.connector.connect(parse_url("http://localhost:" + std::to_string(full.port)).endpoint, {.dial = 30s}));
  rig.clock.advance(15s);
  rig.wait(outcome);
  EXPECT_TRUE(outcome->value.has_value());
}

TEST_F(ConnectorTest, CancellingEndsADial) {
  const FullListener full;
  base::Scope scope(rig.loop.executor());
  auto outcome = std::make_shared<testing::Outcome<std::unique_ptr<Stream>>>();
  scope.spawn("dial", testing::keep(rig.connector.connect(
                                        parse_url("http://127.0.0.1:" + std::to_string(full.port)).endpoint, {}),
                                    outcome));
  rig.loop.poll();
  scope.cancel();
  rig.run(scope.join());
  EXPECT_TRUE(base::is_cancellation(outcome->error));
}

TEST_F(ConnectorTest, TunnelsTlsThroughAProxyByConnect) {
  const testing::TestAuthority authority("behind the proxy");
  Rig trusting({.ca_file = authority.file()});
  Peer own(trusting.loop.executor());
  std::string asked;
  auto script = [&]() -> base::Async<> {
    const auto connection = co_await own.accept();
    asked = co_await connection->read_until("\r\n\r\n");
    co_await connection->send("HTTP/1.1 200 Connection established\r\nX-Proxy: 1\r\n\r\n");
    co_await connection->start_tls(authority.issue({.names = {"acs.example"}}));
    static_cast<void>(co_await connection->read_request());
    co_await connection->send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nbehind");
  };
  trusting.start(script());
  trusting.environment["HTTPS_PROXY"] = "http://user:pa%3Ass@127.0.0.1:" + std::to_string(own.port());
  HttpClient client(trusting.connector, parse_url("https://acs.example").endpoint);
  EXPECT_EQ(trusting.run(client.exchange(Request(), kLimit)).body, "behind");
  EXPECT_EQ(asked, "CONNECT acs.example:443 HTTP/1.1\r\nHost: acs.example:443\r\nProxy-Authorization: Basic " +
                       base::base64_encode("user:pa:ss") + "\r\n\r\n");
}

TEST_F(ConnectorTest, AProxyThatRefuses) {
  auto script = [](PeerConnection& connection) -> base::Async<> {
    static_cast<void>(co_await connection.read_until("\r\n\r\n"));
    co_await connection.send("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
  };
  rig.start(serve_proxy(script));
  rig.environment["https_proxy"] = proxy_address();
  const Error error = connect_failure("https://acs.example");
  EXPECT_EQ(error.kind(), Error::Kind::kConnect);
  EXPECT_EQ(std::string(error.what()), "connecting to tls://acs.example:443: the proxy answered 407");
}

TEST_F(ConnectorTest, AProxyThatIsSilentMeetsTheDeadline) {
  base::Event asked;
  auto script = [&](PeerConnection& connection) -> base::Async<> {
    static_cast<void>(co_await connection.read_until("\r\n\r\n"));
    asked.set();
    EXPECT_EQ(co_await connection.read_all(), "");
  };
  rig.start(serve_proxy(script));
  rig.environment["HTTPS_PROXY"] = proxy_address();
  const auto outcome = rig.start_keeping(rig.connector.connect(parse_url("https://acs.example").endpoint, {}));
  rig.run(asked.wait());
  rig.clock.advance(30s);
  rig.wait(outcome);
  EXPECT_EQ(outcome->failure<Error>().kind(), Error::Kind::kTimeout);
}

TEST_F(ConnectorTest, TunnelsAPlainWebsocket) {
  std::string asked;
  auto script = [&](PeerConnection& connection) -> base::Async<> {
    asked = co_await connection.read_until("\r\n\r\n");
    co_await connection.send("HTTP/1.1 200 OK\r\n\r\n");
    EXPECT_THAT(co_await connection.read_until("\r\n\r\n"),
                HasSubstr("GET /ws HTTP/1.1\r\nHost: acs.example:8080\r\n"));
    co_await connection.send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
  };
  rig.start(serve_proxy(script));
  rig.environment["HTTP_PROXY"] = proxy_address();
  EXPECT_EQ(rig.failure<HandshakeRefused>(
                   connect_websocket(rig.connector, parse_url("http://acs.example:8080").endpoint, "/ws", {}, kLimit))
                .response()
                .status,
            404);
  EXPECT_THAT(asked, HasSubstr("CONNECT acs.example:8080 HTTP/1.1\r\n"));
}

TEST_F(ConnectorTest, HandsPlainRequestsToTheProxy) {
  std::string asked;
  auto script = [&](PeerConnection& connection) -> base::Async<> {
    asked = co_await connection.read_until("\r\n\r\n");
    co_await connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  };
  rig.start(serve_proxy(script));
  rig.environment["HTTP_PROXY"] = "http://u:p@" + proxy_address();
  HttpClient client(rig.connector, parse_url("http://api.example").endpoint);
  Request request;
  request.target = "/x?y";
  EXPECT_EQ(rig.run(client.exchange(std::move(request), kLimit)).body, "ok");
  EXPECT_EQ(asked,
            "GET http://api.example/x?y HTTP/1.1\r\nHost: api.example\r\nProxy-Authorization: Basic dTpw\r\n\r\n");
}

TEST_F(ConnectorTest, TheEnvironmentIsReadAnewAndLoopbackStaysDirect) {
  rig.environment["HTTP_PROXY"] = proxy_address();
  Peer direct(rig.loop.executor());
  EXPECT_NE(rig.run(rig.connector.connect(direct.endpoint(), {})), nullptr);
  auto script = [](PeerConnection& connection) -> base::Async<> {
    static_cast<void>(co_await connection.read_until("\r\n\r\n"));
    co_await connection.send("HTTP/1.1 200 OK\r\n\r\n");
  };
  rig.start(serve_proxy(script));
  EXPECT_NE(rig.run(rig.connector.connect(parse_url("http://elsewhere.invalid").endpoint, {})), nullptr);
  rig.environment["NO_PROXY"] = ".invalid";
  EXPECT_EQ(connect_failure("http://elsewhere.invalid").kind(), Error::Kind::kResolve);
  rig.environment.erase("NO_PROXY");
  EXPECT_EQ(
      rig.failure<Error>(rig.connector.connect(parse_url("http://elsewhere.invalid").endpoint, {.use_proxy = false}))
          .kind(),
      Error::Kind::kResolve);
}

TEST_F(ConnectorTest, SpeaksSocks5WithAPassword) {
  auto script = [](PeerConnection& connection) -> base::Async<> {
    EXPECT_EQ(co_await connection.read_exactly(4), "\x05\x02\x00\x02"s);
    co_await connection.send("\x05\x02"s);
    EXPECT_EQ(co_await connection.read_exactly(10), "\x01\x04user\x03pwd"s);
    co_await connection.send("\x01\x00"s);
    EXPECT_EQ(co_await connection.read_exactly(18),
              "\x05\x01\x00\x03\x0b"
              "acs.example\x1f\x90"s);
    co_await connection.send(
        "\x05\x00\x00\x03\x02"
        "xy\x00\x50"
        "hello"s);
    EXPECT_EQ(co_await connection.read_all(), "");
  };
  rig.start(serve_proxy(script));
  rig.environment["HTTP_PROXY"] = "socks5://user:pwd@" + proxy_address();
  auto stream = rig.run(rig.connector.connect(parse_url("http://acs.example:8080").endpoint, {}));
  ASSERT_NE(stream, nullptr);
  // What the peer behind the proxy says first belongs to the user of the stream.
  PeerConnection behind(std::move(stream), nullptr);
  EXPECT_EQ(rig.run(behind.read_exactly(5)), "hello");
  behind.close();
  rig.join();
}

TEST_F(ConnectorTest, Socks5Refusals) {
  struct Row {
    std::string greeting_answer;
    std::string request_answer;
    std::string why;
  };
  const Row rows[] = {
      {"\x05\xff"s, "", "wants another way of authentication"},
      {"HT"s, "", "does not speak socks5"},
      {"\x05\x00"s, "\x05\x05\x00\x01"s, "could not connect (socks5 reply 5)"},
      {"\x05\x00"s, "\x05\x00\x00\x09"s, "sent a socks5 address of unknown type"},
  };
  rig.environment["HTTP_PROXY"] = "socks5://" + proxy_address();
  for (const Row& row : rows) {
    auto script = [row](PeerConnection& connection) -> base::Async<> {
      static_cast<void>(co_await connection.read_exactly(3));
      co_await connection.send(row.greeting_answer);
      if (row.request_answer.empty()) co_return;
      // 10.1.2.3 goes as four bytes.
      EXPECT_EQ(co_await connection.read_exactly(10), "\x05\x01\x00\x01\x0a\x01\x02\x03\x00\x50"s);
      co_await connection.send(row.request_answer);
    };
    rig.start(serve_proxy(script));
    const Error error = connect_failure("http://10.1.2.3");
    EXPECT_EQ(error.kind(), Error::Kind::kConnect);
    EXPECT_EQ(std::string(error.what()), "connecting to tcp://10.1.2.3:80: the proxy " + row.why);
    rig.join();
  }
}

}  // namespace
}  // namespace ecs::net
