// Listening sockets.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/async.hpp"
#include "net/stream.hpp"

namespace ecs::net::detail {

class Listener {
 public:
  struct Accepted {
    std::unique_ptr<Stream> stream;
    std::string remote;  ///< `ip:port`; empty for a unix socket.
  };

  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  virtual ~Listener() = default;

  /// The next connection. Throws base::Cancelled, also after close(), and Error::kConnect when the process is out of
  /// descriptors: the caller waits a little then.
  virtual base::Async<Accepted> accept() = 0;
  virtual void close() noexcept = 0;
  [[nodiscard]] virtual std::uint16_t port() const = 0;  ///< 0 for a unix socket.
};

/// An IP literal and a port, 0 for any. `::` takes IPv4, too, and is `0.0.0.0` where the kernel has no IPv6. Throws
/// Error::kConnect.
[[nodiscard]] std::unique_ptr<Listener> listen_tcp(base::Executor executor, const std::string& address,
                                                   std::uint16_t port);

/// Replaces a socket that nobody listens on; the file is removed again at the end. Throws Error::kConnect.
[[nodiscard]] std::unique_ptr<Listener> listen_unix(base::Executor executor, const std::string& path, unsigned mode);

}  // namespace ecs::net::detail
