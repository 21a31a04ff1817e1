#include "net/http_client.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "base/async.hpp"
#include "net/testing/fixture.hpp"
#include "net/testing/peer.hpp"

namespace ecs::net {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using testing::Peer;
using testing::PeerConnection;
using testing::Rig;
using ::testing::StartsWith;

constexpr base::Duration kLimit = 30s;
constexpr const char* kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

class HttpClientTest : public ::testing::Test {
 protected:
  /// A peer that reads one request, sends `answer` and ends the connection.
  void answer_once(std::string answer) { rig.start(answer_script(std::move(answer))); }

  base::Async<> answer_script(std::string answer) {
    const auto connection = co_await peer.accept();
    seen = co_await connection->read_request();
    co_await connection->send(std::move(answer));
  }

  Response get(std::string target = "/") { return rig.run(client.exchange(request(std::move(target)), kLimit)); }

  Error failure(std::string target = "/") {
    return rig.failure<Error>(client.exchange(request(std::move(target)), kLimit));
  }

  static Request request(std::string target = "/", std::string method = "GET") {
    Request made;
    made.method = std::move(method);
    made.target = std::move(target);
    return made;
  }

  std::string name() const { return describe(peer.endpoint()); }

  Rig rig;
  Peer peer{rig.loop.executor()};
  HttpClient client{rig.connector, peer.endpoint()};
  std::string seen;
};

TEST_F(HttpClientTest, SendsWhatItIsGivenAndLittleElse) {
  answer_once(kOk);
  Request post = request("/v1?q=1", "POST");
  post.headers = {{"X-B", "2"}, {"x-a", "1"}};
  post.body = "hello";
  const Response response = rig.run(client.exchange(post, kLimit));
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "ok");
  EXPECT_EQ(seen, "POST /v1?q=1 HTTP/1.1\r\nHost: " + peer.endpoint().authority +
                      "\r\nX-B: 2\r\nx-a: 1\r\nContent-Length: 5\r\n\r\nhello");
}

TEST_F(HttpClientTest, KeepsTheOrderAndSpellingOfHeaders) {
  answer_once("HTTP/1.1 200 OK\r\nx-B: 1\r\nX-a: 2\r\nContent-Length: 0\r\n\r\n");
  const Response response = get();
  EXPECT_EQ(response.headers.begin()->name, "x-B");
  EXPECT_EQ(response.headers.get("X-A"), "2");
}

TEST_F(HttpClientTest, ReusesAConnection) {
  auto script = [this]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    for (int i = 0; i < 3; ++i) {
      static_cast<void>(co_await connection->read_request());
      co_await connection->send(kOk);
    }
  };
  rig.start(script());
  for (int i = 0; i < 3; ++i) EXPECT_EQ(get().body, "ok");
  EXPECT_EQ(peer.accepted(), 1U);
}

TEST_F(HttpClientTest, DoesNotReuseAConnectionThatTheServerEnds) {
  auto script = [this]() -> base::Async<> {
    for (int i = 0; i < 2; ++i) {
      const auto connection = co_await peer.accept();
      static_cast<void>(co_await connection->read_request());
      co_await connection->send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok");
    }
  };
  rig.start(script());
  EXPECT_EQ(get().body, "ok");
  EXPECT_EQ(get().body, "ok");
  EXPECT_EQ(peer.accepted(), 2U);
}

TEST_F(HttpClientTest, SeesThatAnIdleConnectionWasClosed) {
  auto script = [this]() -> base::Async<> {
    for (int i = 0; i < 2; ++i) {
      const auto connection = co_await peer.accept();
      static_cast<void>(co_await connection->read_request());
      co_await connection->send(kOk);
    }
  };
  rig.start(script());
  EXPECT_EQ(get().body, "ok");
  EXPECT_EQ(get().body, "ok");
  EXPECT_EQ(peer.accepted(), 2U);
}

/// Answers one request; takes the second one and closes without a byte, `times` times, on connections of their own.
base::Async<> go_stale(Peer& peer, std::vector<std::string>& seen, bool reset) {
  const auto first = co_await peer.accept();
  static_cast<void>(co_await first->read_request());
  co_await first->send(kOk);
  seen.push_back(co_await first->read_request());
  if (reset) {
    first->reset();
  } else {
    first->close();
  }
}

base::Async<> then_answer(Peer& peer, std::vector<std::string>& seen, bool reset) {
  co_await go_stale(peer, seen, reset);
  const auto second = co_await peer.accept();
  seen.push_back(co_await second->read_request());
  co_await second->send(kOk);
}

TEST_F(HttpClientTest, SendsOnceMoreWhenAReusedConnectionEndsBeforeTheAnswer) {
  for (const bool reset : {false, true}) {
    std::vector<std::string> requests;
    rig.start(then_answer(peer, requests, reset));
    HttpClient own(rig.connector, peer.endpoint());
    Request post = request("/x", "POST");
    post.body = "payload";
    EXPECT_EQ(rig.run(own.exchange(request(), kLimit)).body, "ok");
    EXPECT_EQ(rig.run(own.exchange(post, kLimit)).body, "ok");
    ASSERT_EQ(requests.size(), 2U);
    EXPECT_EQ(requests[0], requests[1]);
  }
}

TEST_F(HttpClientTest, SendsOnlyOnceMore) {
  std::vector<std::string> requests;
  auto script = [&]() -> base::Async<> {
    co_await go_stale(peer, requests, false);
    const auto second = co_await peer.accept();
    static_cast<void>(co_await second->read_request());
  };
  rig.start(script());
  EXPECT_EQ(get().body, "ok");
  EXPECT_EQ(failure().kind(), Error::Kind::kEof);
  EXPECT_EQ(peer.accepted(), 2U);
}

TEST_F(HttpClientTest, DoesNotSendAgainAfterAByteOfTheAnswer) {
  auto script = [this]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    static_cast<void>(co_await connection->read_request());
    co_await connection->send(kOk);
    static_cast<void>(co_await connection->read_request());
    co_await connection->send("H");
  };
  rig.start(script());
  EXPECT_EQ(get().body, "ok");
  EXPECT_EQ(failure().kind(), Error::Kind::kEof);
  EXPECT_EQ(peer.accepted(), 1U);
}

TEST_F(HttpClientTest, DoesNotSendAgainOnAFreshConnection) {
  answer_once("");
  const Error error = failure("/path?secret=1");
  EXPECT_EQ(error.kind(), Error::Kind::kEof);
  EXPECT_EQ(std::string(error.what()), "GET /path to " + name() + ": the peer closed the connection");
}

TEST_F(HttpClientTest, TellsAReset) {
  auto script = [this]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    static_cast<void>(co_await connection->read_request());
    connection->reset();
  };
  rig.start(script());
  EXPECT_EQ(failure().kind(), Error::Kind::kReset);
}

TEST_F(HttpClientTest, ReadsChunkedBodiesInOddPieces) {
  auto script = [this]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    static_cast<void>(co_await connection->read_request());
    const std::string answer =
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;ext=1\r\n world\r\n0\r\nTrailer: "
        "x\r\n\r\n";
    for (const char c : answer) co_await connection->send(std::string(1, c));
    static_cast<void>(co_await connection->read_request());
    co_await connection->send(kOk);
  };
  rig.start(script());
  const Response response = get();
  EXPECT_EQ(response.body, "hello world");
  EXPECT_FALSE(response.headers.find("Trailer"));
  EXPECT_EQ(get().body, "ok");
  EXPECT_EQ(peer.accepted(), 1U);
}

TEST_F(HttpClientTest, ReadsABodyThatEndsWithTheConnection) {
  answer_once("HTTP/1.1 200 OK\r\n\r\nuntil the end");
  EXPECT_EQ(get().body, "until the end");
}

TEST_F(HttpClientTest, TellsABodyThatBreaksOff) {
  answer_once("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
  EXPECT_EQ(failure().kind(), Error::Kind::kEof);
}

TEST_F(HttpClientTest, RefusesABodyThatIsTooLong) {
  HttpClient small(rig.connector, peer.endpoint(), {.max_body = 10});
  answer_once("HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nhello world");
  const Error error = rig.failure<Error>(small.exchange(request(), kLimit));
  EXPECT_EQ(error.kind(), Error::Kind::kProtocol);
  EXPECT_THAT(error.what(), HasSubstr("longer than 10 bytes"));
}

TEST_F(HttpClientTest, RefusesWhatIsNoHttp) {
  answer_once("SSH-2.0-OpenSSH_9.2\r\n\r\n");
  EXPECT_EQ(failure().kind(), Error::Kind::kProtocol);
}

TEST_F(HttpClientTest, RefusesAHeadThatIsTooLong) {
  answer_once("HTTP/1.1 200 OK\r\nX: " + std::string(100000, 'x') + "\r\n\r\n");
  EXPECT_EQ(failure().kind(), Error::Kind::kProtocol);
}

TEST_F(HttpClientTest, RefusesAnEndlessChunkHead) {
  answer_once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;" + std::string(100000, 'x'));
  EXPECT_EQ(failure().kind(), Error::Kind::kProtocol);
}

TEST_F(HttpClientTest, SkipsInterimAnswers) {
  answer_once(std::string("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n") + kOk);
  EXPECT_EQ(get().status, 200);
}

TEST_F(HttpClientTest, KnowsAnswersWithoutABody) {
  answer_once("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n");
  EXPECT_EQ(rig.run(client.exchange(request("/", "HEAD"), kLimit)).headers.get("Content-Length"), "5");
  rig.join();
  answer_once("HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(get().status, 204);
}

TEST_F(HttpClientTest, TellsARefusedConnection) {
  peer.stop();
  const Error error = failure();
  EXPECT_EQ(error.kind(), Error::Kind::kConnect);
  EXPECT_THAT(error.what(), HasSubstr(name()));
  EXPECT_THAT(error.what(), HasSubstr("Connection refused"));
}

TEST_F(HttpClientTest, TellsAMissingUnixSocket) {
  HttpClient docker(rig.connector, parse_url("unix:///nonexistent/docker.sock").endpoint);
  const Error error = rig.failure<Error>(docker.exchange(request(), kLimit));
  EXPECT_EQ(error.kind(), Error::Kind::kConnect);
  EXPECT_EQ(std::string(error.what()), "connecting to unix:///nonexistent/docker.sock: No such file or directory");
  HttpClient longer(rig.connector, parse_url("unix:///" + std::string(200, 'x')).endpoint);
  EXPECT_EQ(rig.failure<Error>(longer.exchange(request(), kLimit)).kind(), Error::Kind::kConnect);
}

TEST_F(HttpClientTest, RefusesLineBreaksInAHead) {
  Request evil = request();
  evil.headers = {{"X", "a\r\nY: b"}};
  EXPECT_THROW(rig.run(client.exchange(evil, kLimit)), std::invalid_argument);
  EXPECT_THROW(get("/a b"), std::invalid_argument);
}

TEST_F(HttpClientTest, ASlowPeerMeetsTheDeadline) {
  base::Event asked;
  auto script = [&]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    static_cast<void>(co_await connection->read_request());
    asked.set();
    EXPECT_EQ(co_await connection->read_all(), "");
  };
  rig.start(script());
  const auto outcome = rig.start_keeping(client.exchange(request("/slow"), kLimit));
  rig.run(asked.wait());
  rig.clock.advance(29s);
  EXPECT_FALSE(outcome->done.is_set());
  rig.clock.advance(1s);
  rig.wait(outcome);
  const Error error = outcome->failure<Error>();
  EXPECT_EQ(error.kind(), Error::Kind::kTimeout);
  EXPECT_EQ(std::string(error.what()), "GET /slow to " + name() + " took longer than 30s (waiting for the answer)");
}

TEST_F(HttpClientTest, ASlowBodyMeetsTheDeadline) {
  base::Event sent;
  auto script = [&]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    static_cast<void>(co_await connection->read_request());
    co_await connection->send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nh");
    sent.set();
    static_cast<void>(co_await connection->read_all());
  };
  rig.start(script());
  const auto outcome = rig.start_keeping(client.exchange(request(), kLimit));
  rig.run(sent.wait());
  rig.clock.advance(30s);
  rig.wait(outcome);
  EXPECT_EQ(outcome->failure<Error>().kind(), Error::Kind::kTimeout);
}

TEST_F(HttpClientTest, APeerThatDoesNotReadMeetsTheDeadline) {
  base::Event accepted;
  auto script = [&]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    accepted.set();
    co_await rig.clock.sleep_for(1min);
  };
  rig.start(script());
  Request big = request("/", "POST");
  big.body.assign(32U << 20U, 'x');
  const auto outcome = rig.start_keeping(client.exchange(std::move(big), kLimit));
  rig.run(accepted.wait());
  rig.clock.advance(30s);
  rig.wait(outcome);
  EXPECT_THAT(outcome->failure<Error>().what(), HasSubstr("(sending)"));
  rig.clock.advance(30s);
}

TEST_F(HttpClientTest, ReadsTheAnswerOfAServerThatRefusesEarly) {
  auto script = [this]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    static_cast<void>(co_await connection->read_until("\r\n\r\n"));
    co_await connection->send("HTTP/1.1 413 Payload Too Large\r\nContent-Length: 3\r\n\r\nbig");
    connection->finish();
    static_cast<void>(co_await connection->read_all());
  };
  rig.start(script());
  Request big = request("/", "POST");
  big.body.assign(8U << 20U, 'x');
  EXPECT_EQ(rig.run(client.exchange(std::move(big), kLimit)).status, 413);
}

TEST_F(HttpClientTest, CapsItsConnections) {
  HttpClient capped(rig.connector, peer.endpoint(), {.max_connections = 1});
  auto script = [this]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    for (int i = 0; i < 2; ++i) {
      static_cast<void>(co_await connection->read_request());
      co_await connection->send(kOk);
    }
  };
  rig.start(script());
  const auto first = rig.start_keeping(capped.exchange(request(), kLimit));
  const auto second = rig.start_keeping(capped.exchange(request(), kLimit));
  rig.wait(first);
  rig.wait(second);
  EXPECT_EQ(second->value->body, "ok");
  EXPECT_EQ(peer.accepted(), 1U);
}

TEST_F(HttpClientTest, ClosesIdleConnectionsInTime) {
  auto script = [this]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    static_cast<void>(co_await connection->read_request());
    co_await connection->send(kOk);
    EXPECT_EQ(co_await connection->read_all(), "");
  };
  rig.start(script());
  EXPECT_EQ(get().body, "ok");
  rig.clock.advance(90s);
  rig.join();
}

TEST_F(HttpClientTest, StreamsABody) {
  base::Event more;
  auto script = [&]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    static_cast<void>(co_await connection->read_request());
    co_await connection->send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    co_await more.wait();
    co_await connection->send("3\r\ntwo\r\n0\r\n\r\n");
    static_cast<void>(co_await connection->read_request());
    co_await connection->send(kOk);
  };
  rig.start(script());
  const auto body = rig.run(client.open(request("/events"), kLimit));
  EXPECT_EQ(body->head().status, 200);
  EXPECT_EQ(rig.run(body->read(std::nullopt)), "one");
  rig.clock.advance(24h);
  more.set();
  EXPECT_EQ(rig.run(body->read(1s)), "two");
  EXPECT_EQ(rig.run(body->read(std::nullopt)), std::nullopt);
  EXPECT_EQ(rig.run(body->read(std::nullopt)), std::nullopt);
  EXPECT_EQ(get().body, "ok");
  EXPECT_EQ(peer.accepted(), 1U);
}

TEST_F(HttpClientTest, AStreamedReadHasItsOwnLimit) {
  auto script = [&]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    static_cast<void>(co_await connection->read_request());
    co_await connection->send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    static_cast<void>(co_await connection->read_all());
  };
  rig.start(script());
  const auto body = rig.run(client.open(request("/events?since=1"), kLimit));
  EXPECT_EQ(rig.run(body->read(std::nullopt)), "one");
  const auto outcome = rig.start_keeping(body->read(5s));
  rig.clock.advance(5s);
  rig.wait(outcome);
  EXPECT_EQ(std::string(outcome->failure<Error>().what()),
            "reading the answer to GET /events to " + name() + " took longer than 5s (reading the body)");
}

TEST_F(HttpClientTest, AStreamThatBreaksOffIsAnError) {
  answer_once("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
  const auto body = rig.run(client.open(request(), kLimit));
  EXPECT_EQ(rig.run(body->read(std::nullopt)), "one");
  EXPECT_EQ(rig.failure<Error>(body->read(std::nullopt)).kind(), Error::Kind::kEof);
}

TEST_F(HttpClientTest, DroppingAStreamClosesIt) {
  auto script = [&]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    static_cast<void>(co_await connection->read_request());
    co_await connection->send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    EXPECT_EQ(co_await connection->read_all(), "");
  };
  rig.start(script());
  auto body = rig.run(client.open(request(), kLimit));
  body.reset();
  rig.join();
}

TEST_F(HttpClientTest, CancellingAScopeEndsARead) {
  base::Event asked;
  auto script = [&]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    static_cast<void>(co_await connection->read_request());
    asked.set();
    EXPECT_EQ(co_await connection->read_all(), "");
  };
  rig.start(script());
  base::Scope scope(rig.loop.executor());
  auto outcome = std::make_shared<testing::Outcome<Response>>();
  scope.spawn("exchange", testing::keep(client.exchange(request(), kLimit), outcome));
  rig.run(asked.wait());
  scope.cancel();
  rig.run(scope.join());
  EXPECT_TRUE(base::is_cancellation(outcome->error));
  rig.join();
}

TEST_F(HttpClientTest, AClientMayGoBeforeItsStreams) {
  auto script = [&]() -> base::Async<> {
    const auto connection = co_await peer.accept();
    static_cast<void>(co_await connection->read_request());
    co_await connection->send(kOk);
  };
  rig.start(script());
  auto own = std::make_unique<HttpClient>(rig.connector, peer.endpoint());
  const auto body = rig.run(own->open(request(), kLimit));
  own.reset();
  EXPECT_EQ(rig.run(body->read(std::nullopt)), "ok");
  EXPECT_EQ(rig.run(body->read(std::nullopt)), std::nullopt);
}

}  // namespace
}  // namespace ecs::net
