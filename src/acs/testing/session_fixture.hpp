// A session on the virtual clock whose connections the test scripts.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acs/session.hpp"
#include "acs/testing/fake_websocket.hpp"
#include "acs/testing/scripted_handler.hpp"
#include "base/loop.hpp"
#include "log/capture.hpp"

namespace ecs::acs::testing {

class ScriptedConnector final : public Connector {
 public:
  struct Attempt {
    base::Instant at;
    net::Endpoint endpoint;
    std::string target;
    net::Headers headers;
    std::shared_ptr<Wire> wire;
  };

  explicit ScriptedConnector(base::Clock& clock) : clock_(clock) {}

  /// Called for each attempt, numbered from 1, before it succeeds; throws to refuse it.
  std::function<void(std::size_t number, Wire& wire)> script;
  std::vector<Attempt> attempts;

  base::Async<std::unique_ptr<net::WebSocket>> connect(net::Endpoint endpoint, std::string target,
                                                       net::Headers headers) override {
    auto wire = std::make_shared<Wire>();
    attempts.push_back({clock_.now(), std::move(endpoint), std::move(target), std::move(headers), wire});
    if (script) script(attempts.size(), *wire);
    co_return std::make_unique<FakeWebSocket>(wire);
  }

  /// The time between an attempt and the one before it.
  [[nodiscard]] base::Duration gap(std::size_t number) const {
    return attempts.at(number - 1).at - attempts.at(number - 2).at;
  }

 private:
  base::Clock& clock_;
};

[[noreturn]] inline void refuse(int status, std::string body) {
  throw net::HandshakeRefused(net::Response{.status = status, .headers = {}, .body = std::move(body)}, "bad handshake");
}

class SessionTest : public ::testing::Test {
 public:
  SessionTest(const SessionTest&) = delete;
  SessionTest& operator=(const SessionTest&) = delete;

 protected:
  SessionTest() = default;
  ~SessionTest() override { stop(); }

  void start() {
    session_ = std::make_unique<Session>(options_, SessionParts{.scope = scope_,
                                                                .clock = clock_,
                                                                .random = random_,
                                                                .connector = connector_,
                                                                .credentials = credentials_,
                                                                .handler = handler_,
                                                                .discover = [this]() { return discover(); },
                                                                .on_inactive = [this] { ++inactive_; }});
    scope_.spawn("acs session", session_->run());
    settle();
  }

  void stop() {
    scope_.cancel();
    loop_.run_until_done(scope_.join());
  }

  base::Async<std::optional<std::string>> discover() {
    ++discoveries_;
    if (discovery_error_) throw std::runtime_error(*discovery_error_);
    co_return endpoint_;
  }

  /// Runs what is ready, at the same virtual time.
  void settle() {
    while (loop_.poll() > 0) {
    }
  }

  [[nodiscard]] Wire& wire() { return *connector_.attempts.back().wire; }
  [[nodiscard]] std::size_t attempts() const { return connector_.attempts.size(); }

  void deliver(const std::string& frame) {
    wire().deliver(frame);
    settle();
  }
  void heartbeat(const std::string& id = "hb") {
    deliver(R"({"type":"HeartbeatMessage","message":{"messageId":")" + id + R"("}})");
  }
  static std::string heartbeat_ack(const std::string& id = "hb") {
    return R"({"type":"HeartbeatAckRequest","message":{"messageId":")" + id + R"("}})";
  }

  /// How long until the next attempt begins.
  base::Duration until_next_attempt(base::Duration limit) {
    const auto before = attempts();
    const auto from = clock_.now();
    EXPECT_TRUE(clock_.advance_until([&] { return attempts() > before; }, limit)) << "no attempt within the limit";
    return clock_.now() - from;
  }

  log::Capture log_;
  base::Loop loop_;
  base::VirtualClock clock_{loop_};
  base::Random random_{42};
  base::Scope scope_{loop_.executor()};
  ScriptedConnector connector_{clock_};
  aws::FixedCredentials credentials_{aws::Credentials{.access_key_id = "AKIDEXAMPLE",
                                                      .secret_access_key = base::Secret("wJalrXUtnFEMI"),
                                                      .session_token = base::Secret("token"),
                                                      .expires = {},
                                                      .provider = "test"}};
  ScriptedHandler handler_;
  SessionOptions options_{.cluster = "c1",
                          .container_instance_arn = "arn:aws:ecs:us-west-2:1:container-instance/c1/i",
                          .region = "us-west-2",
                          .docker_version = "20.10.24+dfsg1",
                          .sequence_number = -1};
  std::optional<std::string> endpoint_ = "http://127.0.0.1:8080";
  std::optional<std::string> discovery_error_;
  int discoveries_ = 0;
  int inactive_ = 0;
  std::unique_ptr<Session> session_;
};

}  // namespace ecs::acs::testing
