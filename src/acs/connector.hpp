// Where the session gets its websockets from.
#pragma once

#include <memory>
#include <string>

#include "base/async.hpp"
#include "net/endpoint.hpp"
#include "net/http.hpp"
#include "net/websocket.hpp"

namespace ecs::acs {

class Connector {
 public:
  Connector() = default;
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;
  virtual ~Connector() = default;

  /// Dial, TLS and upgrade. Throws net::Error or net::HandshakeRefused.
  virtual base::Async<std::unique_ptr<net::WebSocket>> connect(net::Endpoint endpoint, std::string target,
                                                               net::Headers headers) = 0;
};

/// Over the network, within 30 s (acs.md 3.6).
class NetConnector final : public Connector {
 public:
  explicit NetConnector(net::Connector& connector) : connector_(connector) {}
  base::Async<std::unique_ptr<net::WebSocket>> connect(net::Endpoint endpoint, std::string target,
                                                       net::Headers headers) override;

 private:
  net::Connector& connector_;
};

}  // namespace ecs::acs
