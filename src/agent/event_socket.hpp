// Streams the engine's events to a local tool that asked for them, as newline-delimited JSON over a unix socket.
#pragma once

#include <string>

#include "base/async.hpp"
#include "base/mailbox.hpp"
#include "engine/event.hpp"
#include "net/endpoint.hpp"

namespace ecs::agent {

/// One event as one line of JSON, newline included. Members without a value are left out.
[[nodiscard]] std::string event_line(const engine::Event& event);

/// The tool listens and the agent connects. When the tool is slow or absent, events are dropped, never waited for.
class EventSocket final : public engine::EventSink {
 public:
  /// `address` is `unix:///path`. Throws std::invalid_argument for anything else.
  EventSocket(net::Connector& connector, const std::string& address);

  void emit(const engine::Event& event) override;

  /// Connects, writes, and connects again a second after a failure; until cancelled.
  base::Async<> run();

 private:
  base::Async<> write_until_it_breaks();

  net::Connector& connector_;
  net::Endpoint endpoint_;
  base::Mailbox<std::string> lines_;
};

}  // namespace ecs::agent
