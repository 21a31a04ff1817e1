#include "net/websocket.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/text.hpp"
#include "net/detail/websocket_connection.hpp"
#include "net/detail/websocket_frame.hpp"
#include "net/testing/fake_stream.hpp"
#include "net/testing/fixture.hpp"
#include "net/testing/peer.hpp"

namespace ecs::net {
namespace {

using namespace std::chrono_literals;
using namespace std::string_literals;
using detail::make_frame;
using detail::Opcode;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::Peer;
using testing::PeerConnection;
using testing::Rig;

constexpr base::Duration kLimit = 30s;
using Script = std::function<base::Async<>(PeerConnection&)>;

struct ClientFrame {
  detail::FrameHead head;
  std::string payload;
};

/// A client's frame, which must be whole and masked.
base::Async<ClientFrame> read_frame(PeerConnection& connection) {
  ClientFrame frame;
  std::string bytes = co_await connection.read_exactly(2);
  auto head = detail::parse_frame_head(bytes);
  while (!head) {
    bytes += co_await connection.read_exactly(1);
    head = detail::parse_frame_head(bytes);
  }
  frame.head = *head;
  EXPECT_TRUE(head->mask);
  EXPECT_TRUE(head->final);
  frame.payload = co_await connection.read_exactly(head->length);
  detail::apply_mask(frame.payload, 0, *head->mask, 0);
  co_return frame;
}

std::string upgrade_answer(const std::string& request) {
  const std::string name = "Sec-WebSocket-Key: ";
  const std::size_t at = request.find(name) + name.size();
  const std::string key = request.substr(at, request.find("\r\n", at) - at);
  return "HTTP/1.1 101 Switching Protocols\r\nupgrade: WebSocket\r\nconnection: keep-alive, Upgrade\r\n"
         "Sec-WebSocket-Accept: " +
         detail::accept_key(key) + "\r\n\r\n";
}

class WebSocketTest : public ::testing::Test {
 protected:
  /// Connects to a peer that runs `then` after the handshake.
  std::unique_ptr<WebSocket> connect(Script then, Headers headers = {}) {
    rig.start(serve(std::move(then)));
    return rig.run(connect_websocket(rig.connector, peer.endpoint(), "/ws?a=b", std::move(headers), kLimit));
  }

  base::Async<> serve(Script then) {
    const auto connection = co_await peer.accept();
    handshake = co_await connection->read_request();
    co_await connection->send(upgrade_answer(handshake));
    co_await then(*connection);
  }

  /// A peer that answers the handshake with this.
  base::Async<> refuse(std::string answer) {
    const auto connection = co_await peer.accept();
    static_cast<void>(co_await connection->read_request());
    co_await connection->send(std::move(answer));
  }

  HandshakeRefused refusal(std::string answer) {
    rig.start(refuse(std::move(answer)));
    return rig.failure<HandshakeRefused>(connect_websocket(rig.connector, peer.endpoint(), "/ws", {}, kLimit));
  }

  Rig rig;
  Peer peer{rig.loop.executor()};
  std::string handshake;
};

base::Async<> nothing(PeerConnection& connection) { static_cast<void>(co_await connection.read_all()); }

using Acs = WebSocketTest;

TEST_F(Acs, Acs06_NoExtensionsAreOfferedNorAnythingElseThatWasNotGiven) {
  const auto socket = connect(nothing, {{"X-Amz-Date", "20261122T080033Z"}});
  EXPECT_THAT(handshake, Not(HasSubstr("Sec-WebSocket-Extensions")));
  EXPECT_THAT(handshake, Not(HasSubstr("User-Agent")));
  EXPECT_THAT(handshake, Not(HasSubstr("Origin")));
  const std::size_t key = handshake.find("Sec-WebSocket-Key: ");
  EXPECT_EQ(handshake.substr(0, key), "GET /ws?a=b HTTP/1.1\r\nHost: " + peer.endpoint().authority +
                                          "\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                                          "Sec-WebSocket-Version: 13\r\n");
  EXPECT_EQ(handshake.substr(handshake.find("\r\n", key)), "\r\nX-Amz-Date: 20261122T080033Z\r\n\r\n");
}

TEST_F(Acs, Acs09_FinWithoutACloseFrameIsCode1006) {
  auto script = [](PeerConnection& connection) -> base::Async<> {
    connection.finish();
    EXPECT_EQ(co_await connection.read_all(), "");
  };
  const auto socket = connect(script);
  EXPECT_EQ(rig.failure<WebSocketClosed>(socket->read()).code(), 1006);
}

TEST_F(Acs, Acs09_FinInTheMiddleOfAFrameIsCode1006) {
  auto script = [](PeerConnection& connection) -> base::Async<> {
    co_await connection.send("\x81\x05he");
    connection.finish();
  };
  const auto socket = connect(script);
  EXPECT_EQ(rig.failure<WebSocketClosed>(socket->read()).code(), 1006);
}

TEST_F(Acs, Acs09_AResetIsAnError) {
  auto script = [](PeerConnection& connection) -> base::Async<> {
    connection.reset();
    co_return;
  };
  const auto socket = connect(script);
  EXPECT_EQ(rig.failure<Error>(socket->read()).kind(), Error::Kind::kReset);
}

TEST_F(Acs, Acs10_ACloseFrameIsAnsweredWithItsCodeAndNoText) {
  std::string echoed;
  auto script = [&](PeerConnection& connection) -> base::Async<> {
    co_await connection.send(make_frame(Opcode::kClose, "\x03\xf0going away"s, std::nullopt));
    const ClientFrame frame = co_await read_frame(connection);
    EXPECT_EQ(frame.head.opcode, Opcode::kClose);
    echoed = frame.payload;
    EXPECT_EQ(co_await connection.read_all(), "");
  };
  const auto socket = connect(script);
  const auto closed = rig.failure<WebSocketClosed>(socket->read());
  EXPECT_EQ(closed.code(), 1008);
  EXPECT_EQ(closed.reason(), "going away");
  rig.join();
  EXPECT_EQ(echoed, "\x03\xf0"s);
  EXPECT_EQ(rig.failure<Error>(socket->write_text("late", kLimit)).kind(), Error::Kind::kReset);
}

TEST_F(WebSocketTest, AnEmptyCloseFrameIsAnsweredWithAnEmptyOne) {
  auto script = [](PeerConnection& connection) -> base::Async<> {
    co_await connection.send(make_frame(Opcode::kClose, "", std::nullopt));
    EXPECT_EQ((co_await read_frame(connection)).payload, "");
  };
  const auto socket = connect(script);
  EXPECT_EQ(rig.failure<WebSocketClosed>(socket->read()).code(), 1005);
  rig.join();
}

TEST_F(Acs, Acs16_APingIsAnsweredWithItsBytes) {
  auto script = [](PeerConnection& connection) -> base::Async<> {
    co_await connection.send(make_frame(Opcode::kPing, "\x00\x01payload"s, std::nullopt));
    const ClientFrame frame = co_await read_frame(connection);
    EXPECT_EQ(frame.head.opcode, Opcode::kPong);
    EXPECT_EQ(frame.payload, "\x00\x01payload"s);
    co_await connection.send(make_frame(Opcode::kPong, "", std::nullopt));
    co_await connection.send(make_frame(Opcode::kText, "after", std::nullopt));
  };
  const auto socket = connect(script);
  EXPECT_EQ(rig.run(socket->read()).data, "after");
}

TEST_F(Acs, Acs18_ABinaryFrameIsAMessage) {
  auto script = [](PeerConnection& connection) -> base::Async<> {
    co_await connection.send(make_frame(Opcode::kBinary, "{}", std::nullopt));
  };
  const auto socket = connect(script);
  const WebSocketMessage message = rig.run(socket->read());
  EXPECT_EQ(message.data, "{}");
  EXPECT_TRUE(message.binary);
}

TEST_F(WebSocketTest, FragmentsAreJoinedAroundAPing) {
  auto script = [](PeerConnection& connection) -> base::Async<> {
    co_await connection.send("\x01\x02{\"\x89\x01p\x00\x01x\x80\x02\"}"s);
    EXPECT_EQ((co_await read_frame(connection)).payload, "p");
  };
  const auto socket = connect(script);
  EXPECT_EQ(rig.run(socket->read()).data, "{\"x\"}");
  rig.join();
}

TEST_F(WebSocketTest, AMessageThatCameWithTheHandshakeIsNotLost) {
  auto script = [this]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    const std::string request = co_await connection->read_request();
    co_await connection->send(upgrade_answer(request) + make_frame(Opcode::kText, "early", std::nullopt));
    co_await nothing(*connection);
  };
  rig.start(script());
  const auto socket = rig.run(connect_websocket(rig.connector, peer.endpoint(), "/", {}, kLimit));
  EXPECT_EQ(rig.run(socket->read()).data, "early");
}

TEST_F(WebSocketTest, ThreeMegabytesGoBothWays) {
  const std::string big(3U << 20U, 'm');
  auto script = [&](PeerConnection& connection) -> base::Async<> {
    co_await connection.send(make_frame(Opcode::kText, big, std::nullopt));
    const ClientFrame frame = co_await read_frame(connection);
    EXPECT_EQ(frame.head.opcode, Opcode::kText);
    EXPECT_TRUE(frame.payload == big);
  };
  const auto socket = connect(script);
  EXPECT_TRUE(rig.run(socket->read()).data == big);
  rig.run(socket->write_text(big, kLimit));
  rig.join();
}

TEST_F(WebSocketTest, WritesOfSeveralCoroutinesDoNotMix) {
  std::vector<char> order;
  auto script = [&](PeerConnection& connection) -> base::Async<> {
    for (int i = 0; i < 5; ++i) {
      const ClientFrame frame = co_await read_frame(connection);
      EXPECT_EQ(frame.payload, std::string(frame.payload.size(), frame.payload[0]));
      order.push_back(frame.payload[0]);
    }
  };
  const auto socket = connect(script);
  for (const char c : {'a', 'b', 'c', 'd', 'e'}) {
    rig.start(socket->write_text(std::string(1U << 20U, c), kLimit));
  }
  rig.join();
  EXPECT_THAT(order, ::testing::ElementsAre('a', 'b', 'c', 'd', 'e'));
}

TEST_F(WebSocketTest, APingDuringALongWriteIsAnsweredAfterIt) {
  base::Event go_on;
  auto script = [&](PeerConnection& connection) -> base::Async<> {
    co_await connection.send(make_frame(Opcode::kPing, "1", std::nullopt) +
                             make_frame(Opcode::kPing, "2", std::nullopt) +
                             make_frame(Opcode::kText, "read on", std::nullopt));
    co_await go_on.wait();
    EXPECT_EQ((co_await read_frame(connection)).head.length, 16U << 20U);
    EXPECT_EQ((co_await read_frame(connection)).payload, "2");
  };
  const auto socket = connect(script);
  const auto writing = rig.start_keeping(socket->write_text(std::string(16U << 20U, 'x'), kLimit));
  rig.loop.poll();
  EXPECT_EQ(rig.run(socket->read()).data, "read on");
  EXPECT_FALSE(writing->done.is_set());
  go_on.set();
  rig.wait(writing);
  rig.join();
}

TEST_F(WebSocketTest, APeerThatDoesNotReadMeetsTheDeadline) {
  base::Event over;
  auto script = [&](PeerConnection&) -> base::Async<> { co_await over.wait(); };
  const auto socket = connect(script);
  const auto first = rig.start_keeping(socket->write_text(std::string(32U << 20U, 'x'), 3min));
  const auto second = rig.start_keeping(socket->write_text("waits for its turn", 1min));
  rig.clock.advance(1min);
  rig.wait(first);
  rig.wait(second);
  // The later one had less patience, and the connection is of no use to anybody then.
  EXPECT_EQ(second->failure<Error>().kind(), Error::Kind::kTimeout);
  EXPECT_EQ(std::string(second->failure<Error>().what()), "writing to the websocket took longer than 1m0s");
  EXPECT_EQ(first->failure<Error>().kind(), Error::Kind::kReset);
  over.set();
}

TEST_F(WebSocketTest, AfterOurCloseMessagesStillArrive) {
  auto script = [](PeerConnection& connection) -> base::Async<> {
    const ClientFrame frame = co_await read_frame(connection);
    EXPECT_EQ(frame.head.opcode, Opcode::kClose);
    EXPECT_EQ(frame.payload,
              "\x03\xe8"
              "ConnectionExpired: Reconnect to continue"s);
    co_await connection.send(make_frame(Opcode::kText, "one", std::nullopt));
    co_await connection.send(make_frame(Opcode::kPing, "", std::nullopt));
    co_await connection.send(make_frame(Opcode::kText, "two", std::nullopt));
    co_await connection.send(make_frame(Opcode::kClose, "\x03\xe8"s, std::nullopt));
    EXPECT_EQ(co_await connection.read_all(), "");
  };
  const auto socket = connect(script);
  rig.run(socket->close(1000, "ConnectionExpired: Reconnect to continue"));
  EXPECT_EQ(rig.failure<Error>(socket->write_text("ack", kLimit)).kind(), Error::Kind::kReset);
  EXPECT_EQ(rig.run(socket->read()).data, "one");
  EXPECT_EQ(rig.run(socket->read()).data, "two");
  EXPECT_EQ(rig.failure<WebSocketClosed>(socket->read()).code(), 1000);
  rig.join();
}

TEST_F(WebSocketTest, ABrokenProtocolIsAnsweredAndReported) {
  auto script = [](PeerConnection& connection) -> base::Async<> {
    co_await connection.send("\xc1\x00"s);
    EXPECT_EQ((co_await read_frame(connection)).payload, "\x03\xea"s);
  };
  const auto socket = connect(script);
  const Error error = rig.failure<Error>(socket->read());
  EXPECT_EQ(error.kind(), Error::Kind::kProtocol);
  EXPECT_THAT(error.what(), HasSubstr("extension"));
  rig.join();
}

TEST_F(WebSocketTest, AMessageOverTheLimitIsRefused) {
  auto script = [](PeerConnection& connection) -> base::Async<> {
    co_await connection.send("\x81\x7f\x00\x00\x00\x00\x04\x00\x00\x01"s);
    EXPECT_EQ((co_await read_frame(connection)).payload, "\x03\xf1"s);
  };
  const auto socket = connect(script);
  EXPECT_EQ(rig.failure<Error>(socket->read()).kind(), Error::Kind::kProtocol);
  rig.join();
}

TEST_F(WebSocketTest, AbortEndsAPendingReadWithoutACloseFrame) {
  auto script = [](PeerConnection& connection) -> base::Async<> { EXPECT_EQ(co_await connection.read_all(), ""); };
  const auto socket = connect(script);
  const auto reading = rig.start_keeping(socket->read());
  rig.loop.poll();
  socket->abort();
  rig.wait(reading);
  EXPECT_EQ(reading->failure<Error>().kind(), Error::Kind::kReset);
  rig.join();
}

TEST_F(WebSocketTest, CancellingAScopeEndsAReadAndTheConnection) {
  auto script = [](PeerConnection& connection) -> base::Async<> { EXPECT_EQ(co_await connection.read_all(), ""); };
  const auto socket = connect(script);
  base::Scope scope(rig.loop.executor());
  auto outcome = std::make_shared<testing::Outcome<WebSocketMessage>>();
  scope.spawn("reader", testing::keep(socket->read(), outcome));
  rig.loop.poll();
  scope.cancel();
  rig.run(scope.join());
  EXPECT_TRUE(base::is_cancellation(outcome->error));
  rig.join();
}

TEST_F(WebSocketTest, ACancelledWriteThatWaitsForItsTurnHarmsNobody) {
  base::Event go_on;
  auto script = [&](PeerConnection& connection) -> base::Async<> {
    co_await go_on.wait();
    EXPECT_EQ((co_await read_frame(connection)).head.length, 16U << 20U);
    EXPECT_EQ((co_await read_frame(connection)).payload, "last");
  };
  const auto socket = connect(script);
  rig.start(socket->write_text(std::string(16U << 20U, 'x'), kLimit));
  base::Scope scope(rig.loop.executor());
  scope.spawn("cancelled", socket->write_text("never", kLimit));
  rig.start(socket->write_text("last", kLimit));
  rig.loop.poll();
  scope.cancel();
  rig.run(scope.join());
  go_on.set();
  rig.join();
}

TEST_F(WebSocketTest, ARefusalCarriesAtMost1024BytesOfTheBody) {
  const auto refused =
      refusal("HTTP/1.1 403 Forbidden\r\nX-Why: z\r\nContent-Length: 2000\r\n\r\n" + std::string(2000, 'b'));
  EXPECT_EQ(refused.response().status, 403);
  EXPECT_EQ(refused.response().headers.get("x-why"), "z");
  EXPECT_EQ(refused.response().body, std::string(1024, 'b'));
  EXPECT_EQ(std::string(refused.what()), "the server answered 403 to the websocket handshake");
}

TEST_F(WebSocketTest, ARefusalWhoseBodyBreaksOffIsStillARefusal) {
  EXPECT_EQ(refusal("HTTP/1.1 500 Oops\r\nContent-Length: 20\r\n\r\nhalf").response().body, "half");
}

TEST_F(WebSocketTest, ARedirectIsARefusal) {
  EXPECT_EQ(refusal("HTTP/1.1 302 Found\r\nLocation: /x\r\nContent-Length: 0\r\n\r\n").response().status, 302);
}

TEST_F(WebSocketTest, AnAnswerThatDoesNotFitTheRequestIsARefusal) {
  EXPECT_EQ(refusal("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    "Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n")
                .response()
                .status,
            101);
}

TEST_F(WebSocketTest, TheHandshakeHasADeadline) {
  base::Event asked;
  auto script = [&]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    static_cast<void>(co_await connection->read_request());
    asked.set();
    EXPECT_EQ(co_await connection->read_all(), "");
  };
  rig.start(script());
  const auto outcome = rig.start_keeping(connect_websocket(rig.connector, peer.endpoint(), "/", {}, kLimit));
  rig.run(asked.wait());
  rig.clock.advance(30s);
  rig.wait(outcome);
  const Error error = outcome->failure<Error>();
  EXPECT_EQ(error.kind(), Error::Kind::kTimeout);
  EXPECT_THAT(error.what(), HasSubstr("websocket handshake with tcp://127.0.0.1"));
}

TEST_F(WebSocketTest, AServerWantsMaskedFrames) {
  auto stream = std::make_unique<testing::FakeStream>(rig.loop.executor(), "\x81\x01x"s, 1);
  const auto written = stream->written();
  const auto socket = detail::make_websocket(std::move(stream), rig.clock, detail::WebSocketRole::kServer, "");
  EXPECT_EQ(rig.failure<Error>(socket->read()).kind(), Error::Kind::kProtocol);
  EXPECT_EQ(*written, "\x88\x02\x03\xea"s);
}

}  // namespace
}  // namespace ecs::net
