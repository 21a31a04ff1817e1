// The session over real sockets, against a control plane of a few lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acs/session.hpp"
#include "acs/testing/scripted_handler.hpp"
#include "base/event.hpp"
#include "base/loop.hpp"
#include "log/capture.hpp"
#include "net/http_server.hpp"

namespace ecs::acs {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class AcsOverTheNetwork : public ::testing::Test {
 protected:
  AcsOverTheNetwork() { port_ = server_.listen_tcp("127.0.0.1", 0); }
  AcsOverTheNetwork(const AcsOverTheNetwork&) = delete;
  AcsOverTheNetwork& operator=(const AcsOverTheNetwork&) = delete;
  ~AcsOverTheNetwork() override {
    scope_.cancel();
    loop_.run_until_done(scope_.join());
  }

  /// Connections in their order: refused; a heartbeat, then closed with 1000; a heartbeat, then left open.
  base::Async<> serve(net::ServerExchange& exchange) {
    targets_.push_back(exchange.request().target);
    if (targets_.size() == 1) {
      co_await exchange.respond({.status = 403, .headers = {}, .body = R"({"AccessDeniedException":"not yet"})"});
      co_return;
    }
    const auto socket = co_await exchange.accept_websocket();
    co_await socket->write_text(R"({"type":"HeartbeatMessage","message":{"messageId":"hb"}})", kLimit);
    received_.push_back((co_await socket->read()).data);
    if (targets_.size() == 2) {
      co_await socket->close(1000, "");
      co_await expect_close(*socket);
      co_return;
    }
    done_.set();
    co_await socket->read();
  }

  static base::Async<> expect_close(net::WebSocket& socket) {
    try {
      co_await socket.read();
      ADD_FAILURE() << "a message after the close frame";
    } catch (const net::WebSocketClosed& e) {
      EXPECT_EQ(e.code(), 1000);
    }
  }

  base::Async<std::optional<std::string>> discover() { co_return "http://127.0.0.1:" + std::to_string(port_); }

  static constexpr std::chrono::seconds kLimit{10};
  log::Capture log_;
  base::Loop loop_;
  base::RealClock clock_{loop_.executor()};
  base::Random random_{1};
  base::Scope scope_{loop_.executor()};
  net::Connector net_{clock_, nullptr, [](const std::string&) { return std::string(); }};
  NetConnector connector_{net_};
  aws::FixedCredentials credentials_{aws::Credentials{.access_key_id = "AKID",
                                                      .secret_access_key = base::Secret("secret"),
                                                      .session_token = {},
                                                      .expires = {},
                                                      .provider = "test"}};
  testing::ScriptedHandler handler_;
  net::HttpServer server_{clock_, loop_.executor(), [this](net::ServerExchange& exchange) { return serve(exchange); }};
  std::uint16_t port_ = 0;
  std::vector<std::string> targets_;
  std::vector<std::string> received_;
  base::Event done_;
  std::unique_ptr<Session> session_;
};

TEST_F(AcsOverTheNetwork, RefusedThenConnectedThenReconnected) {
  scope_.spawn("server", server_.serve());
  session_ = std::make_unique<Session>(SessionOptions{.cluster = "c1",
                                                      .container_instance_arn = "arn:aws:ecs:r:1:container-instance/i",
                                                      .region = "r",
                                                      .docker_version = {},
                                                      .sequence_number = -1},
                                       SessionParts{.scope = scope_,
                                                    .clock = clock_,
                                                    .random = random_,
                                                    .connector = connector_,
                                                    .credentials = credentials_,
                                                    .handler = handler_,
                                                    .discover = [this]() { return discover(); },
                                                    .on_inactive = {}});
  scope_.spawn("session", session_->run());
  bool late = false;
  const auto limit = clock_.call_after(kLimit, [&] {
    late = true;
    done_.set();
  });
  loop_.run_until_done(done_.wait());
  ASSERT_FALSE(late);
  ASSERT_THAT(targets_, SizeIs(3));
  EXPECT_THAT(targets_[1], HasSubstr("sendCredentials=true"));
  EXPECT_THAT(targets_[2], HasSubstr("sendCredentials=false"));
  const std::string ack = R"({"type":"HeartbeatAckRequest","message":{"messageId":"hb"}})";
  EXPECT_THAT(received_, ElementsAre(ack, ack));
  EXPECT_TRUE(log_.contains("AccessDeniedException: not yet"));
}

}  // namespace
}  // namespace ecs::acs
