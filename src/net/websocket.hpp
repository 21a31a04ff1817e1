// Websockets, client and server side, behind one plain class.
#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "net/endpoint.hpp"
#include "net/http.hpp"

namespace ecs::net {

/// How a websocket ended. Thrown by read().
class WebSocketClosed : public std::runtime_error {
 public:
  WebSocketClosed(std::uint16_t code, std::string reason, const std::string& message)
      : std::runtime_error(message), code_(code), reason_(std::move(reason)) {}
  /// The peer's close code; 1006 when the connection ended with FIN and without a close frame.
  [[nodiscard]] std::uint16_t code() const noexcept { return code_; }
  [[nodiscard]] const std::string& reason() const noexcept { return reason_; }

 private:
  std::uint16_t code_;
  std::string reason_;
};

/// The server answered the handshake with something else than 101.
class HandshakeRefused : public std::runtime_error {
 public:
  HandshakeRefused(Response response, const std::string& message)
      : std::runtime_error(message), response_(std::move(response)) {}
  /// At most the first 1024 bytes of the body.
  [[nodiscard]] const Response& response() const noexcept { return response_; }

 private:
  Response response_;
};

struct WebSocketMessage {
  std::string data;
  bool binary = false;
};

/// One reader; writes queue up behind each other. Pings are answered by read(). No compression, no limit below 64 MiB
/// for a message. A cancelled read or write ends the connection (a write that still waits for its turn does not).
/// Must outlive its calls.
class WebSocket {
 public:
  virtual ~WebSocket() = default;

  /// The next whole message. Throws WebSocketClosed when a close frame or FIN came, Error (kReset, kTimeout, kTls,
  /// kProtocol) otherwise. A close frame is answered with one of the same code and no text before that. There is no
  /// time limit: who has one calls abort().
  virtual base::Async<WebSocketMessage> read() = 0;

  /// One unfragmented text frame, within `limit` (waiting for its turn included), else the socket is closed and
  /// Error::kTimeout thrown; Error::kReset after a close frame was sent or received.
  virtual base::Async<> write_text(std::string data, base::Duration limit) = 0;

  /// Sends a close frame, once; a reason is cut to 123 bytes. read() goes on until the peer's close arrives; nothing
  /// can be written any more.
  virtual base::Async<> close(std::uint16_t code, std::string reason) = 0;

  /// Ends the connection without a close frame; pending calls throw Error.
  virtual void abort() noexcept = 0;
};

/// Dial, TLS and upgrade within `limit`. Only the headers given, Host, Connection, Upgrade, Sec-WebSocket-Version and
/// Sec-WebSocket-Key are sent. Redirects are not followed. Throws Error or HandshakeRefused; a 101 that does not fit
/// the request is refused, too.
base::Async<std::unique_ptr<WebSocket>> connect_websocket(Connector& connector, Endpoint endpoint, std::string target,
                                                          Headers headers, base::Duration limit);

}  // namespace ecs::net
