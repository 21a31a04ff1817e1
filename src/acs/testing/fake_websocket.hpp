// A websocket whose other end is the test.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/event.hpp"
#include "net/websocket.hpp"

namespace ecs::acs::testing {

/// What the peer of one connection does and sees. Outlives the socket.
class Wire {
 public:
  /// The next read() gives this text; or it ends the connection the way the name says.
  void deliver(std::string text, bool binary = false) {
    push([text = std::move(text), binary] { return net::WebSocketMessage{text, binary}; });
  }
  void close(std::uint16_t code, const std::string& reason = {}) {
    push([code, reason]() -> net::WebSocketMessage {
      throw net::WebSocketClosed(code, reason, "closed by the peer: " + std::to_string(code) + " " + reason);
    });
  }
  void fin() { close(1006); }
  void fail(net::Error::Kind kind, const std::string& text) {
    push([kind, text]() -> net::WebSocketMessage { throw net::Error(kind, text); });
  }

  std::vector<std::string> sent;                              ///< Frames that arrived.
  std::vector<std::pair<std::uint16_t, std::string>> closes;  ///< Close frames that arrived.
  bool aborted = false;                                       ///< The connection was ended without a close frame.
  bool writes_fail = false;

 private:
  friend class FakeWebSocket;
  using Step = std::function<net::WebSocketMessage()>;
  void push(Step step) {
    steps_.push_back(std::move(step));
    changed_.pulse();
  }
  std::deque<Step> steps_;
  base::Event changed_;
};

class FakeWebSocket final : public net::WebSocket {
 public:
  explicit FakeWebSocket(std::shared_ptr<Wire> wire) : wire_(std::move(wire)) {}

  base::Async<net::WebSocketMessage> read() override {
    while (wire_->steps_.empty() && !wire_->aborted) co_await wire_->changed_.wait();
    if (wire_->steps_.empty()) throw net::Error(net::Error::Kind::kReset, "the connection was ended by this side");
    const auto step = std::move(wire_->steps_.front());
    wire_->steps_.pop_front();
    co_return step();
  }

  base::Async<> write_text(std::string data, base::Duration /*limit*/) override {
    if (wire_->writes_fail || wire_->aborted || !wire_->closes.empty()) {
      throw net::Error(net::Error::Kind::kReset, "nothing can be written any more");
    }
    wire_->sent.push_back(std::move(data));
    co_return;
  }

  base::Async<> close(std::uint16_t code, std::string reason) override {
    wire_->closes.emplace_back(code, std::move(reason));
    co_return;
  }

  void abort() noexcept override {
    wire_->aborted = true;
    wire_->changed_.pulse();
  }

 private:
  std::shared_ptr<Wire> wire_;
};

}  // namespace ecs::acs::testing
