// One websocket to ACS from the handshake to its end: reading, dispatch, writing and the timers of acs.md 5.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "acs/dispatcher.hpp"
#include "acs/messages.hpp"
#include "base/async.hpp"
#include "base/clock.hpp"
#include "base/event.hpp"
#include "base/mailbox.hpp"
#include "base/random.hpp"
#include "base/scope.hpp"
#include "net/websocket.hpp"

namespace ecs::acs {

/// How an attempt to be connected ended (acs.md 6).
struct End {
  enum class Kind : std::uint8_t {
    kNormal,    ///< The peer closed in an orderly way: reconnect at once.
    kError,     ///< Anything else: back off.
    kInactive,  ///< The instance is deregistered: wait an hour.
  };
  Kind kind;
  std::string text;
};

/// An error, unless its text names the inactive instance.
[[nodiscard]] End error_end(std::string text);

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  struct Parts {
    base::Scope& scope;  ///< Of the reader and the writer. Cancelled with the caller of serve().
    base::Clock& clock;
    base::Random& random;
    Dispatcher& dispatcher;
    std::function<void()> settled;  ///< Called once the connection has lived for a minute or two.
  };

  static std::shared_ptr<Connection> make(const Parts& parts, std::unique_ptr<net::WebSocket> socket);

  /// Until the connection has ended and every message that came over it is handled.
  base::Async<End> serve();

  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

 private:
  Connection(Parts parts, std::unique_ptr<net::WebSocket> socket);
  static base::Async<> read_all(std::shared_ptr<Connection> self);
  static base::Async<> write_all(std::shared_ptr<Connection> self);
  base::Async<> read_frames();
  base::Async<> write_frame(std::string frame);
  base::Async<> send_expiry();
  base::Async<> serve_messages();
  base::Async<> accept(net::WebSocketMessage frame);
  void start_timers();
  void restart_idle_timer();
  void finish(End end);
  void shut() noexcept;

  Parts parts_;
  std::unique_ptr<net::WebSocket> socket_;
  base::Mailbox<Inbound> inbox_;
  base::Mailbox<std::string> outbox_;
  std::unique_ptr<base::Timer> idle_;
  std::unique_ptr<base::Timer> lifetime_;
  std::unique_ptr<base::Timer> settle_;
  std::string cause_;  ///< Why this side ended the connection; empty: the peer did.
  End end_{End::Kind::kError, "not connected"};
  bool expired_ = false;
  int running_ = 0;
  base::Event stopped_;
};

}  // namespace ecs::acs
