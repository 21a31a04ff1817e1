// The long-lived session with ACS: it connects, serves and reconnects until it is cancelled (acs.md 1 to 7 and 11).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "acs/connection.hpp"
#include "acs/connector.hpp"
#include "acs/dispatcher.hpp"
#include "acs/handler.hpp"
#include "aws/credentials.hpp"
#include "base/async.hpp"
#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/scope.hpp"

namespace ecs::acs {

struct SessionOptions {
  std::string cluster;  ///< As configured: a name stays a name.
  std::string container_instance_arn;
  std::string region;
  std::string docker_version;         ///< Of the engine; empty when it is not known.
  std::int64_t sequence_number = -1;  ///< See Dispatcher.
};

/// What the session works with. All of it outlives the session.
struct SessionParts {
  base::Scope& scope;  ///< run() is spawned here, and so is what it needs; the owner cancels and joins it.
  base::Clock& clock;
  base::Random& random;
  Connector& connector;
  aws::CredentialProvider& credentials;
  Handler& handler;
  /// The poll endpoint, asked for before every attempt; nothing when the answer had none. Throws.
  std::function<base::Async<std::optional<std::string>>()> discover;
  /// The control plane said that the instance is deregistered. May be empty.
  std::function<void()> on_inactive;
};

class Session {
 public:
  Session(SessionOptions options, SessionParts parts);
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  /// Ends only by cancellation of the scope.
  base::Async<> run();

  /// When the last handshake succeeded.
  [[nodiscard]] std::optional<base::WallTime> last_connected() const noexcept { return last_connected_; }
  [[nodiscard]] bool connected() const noexcept { return connected_; }
  [[nodiscard]] std::int64_t sequence_number() const noexcept { return dispatcher_.sequence_number(); }

 private:
  struct Opened {
    std::unique_ptr<net::WebSocket> socket;
    End failure{End::Kind::kError, {}};  ///< When there is no socket.
  };
  base::Async<End> once();
  base::Async<Opened> open();
  base::Async<std::unique_ptr<net::WebSocket>> handshake(std::string& host);
  /// How long to wait before the next attempt.
  base::Duration pause_after(const End& end);

  SessionOptions options_;
  SessionParts parts_;
  Dispatcher dispatcher_;
  base::Backoff backoff_;
  bool send_credentials_ = true;
  bool connected_ = false;
  std::optional<base::WallTime> last_connected_;
};

/// `<endpoint>/ws?agentHash=...`: the address of one attempt. Throws std::invalid_argument for an endpoint that is
/// empty or neither http nor https.
[[nodiscard]] std::string session_url(const SessionOptions& options, const std::string& endpoint,
                                      bool send_credentials);

}  // namespace ecs::acs
