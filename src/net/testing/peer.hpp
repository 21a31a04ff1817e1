// Scripted peers on loopback sockets: tests say byte by byte what the other side does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/async.hpp"
#include "net/endpoint.hpp"
#include "net/stream.hpp"
#include "net/testing/pki.hpp"

namespace ecs::net::testing {

/// One accepted connection.
class PeerConnection {
 public:
  /// `socket` is the kernel socket at the bottom of `stream`.
  PeerConnection(std::unique_ptr<Stream> stream, Stream* socket);
  PeerConnection(PeerConnection&&) = default;
  PeerConnection& operator=(PeerConnection&&) = default;
  ~PeerConnection() = default;

  /// Up to and with `marker`; throws Error when the connection ends before.
  base::Async<std::string> read_until(std::string marker);
  base::Async<std::string> read_exactly(std::size_t size);
  /// All up to the end or to a reset.
  base::Async<std::string> read_all();
  /// A request's head and, by its Content-Length, its body.
  base::Async<std::string> read_request();
  base::Async<> send(std::string data);
  /// From here on TLS, as the server: for what comes through a proxy.
  base::Async<> start_tls(Identity identity);

  void finish() noexcept;  ///< FIN; reading goes on.
  void reset() noexcept;   ///< RST.
  void close() noexcept;

 private:
  base::Async<bool> more();

  std::unique_ptr<Stream> stream_;
  Stream* socket_;
  std::string buffer_;
};

/// Listens on 127.0.0.1 at a port of its own; with an identity it speaks TLS.
class Peer {
 public:
  explicit Peer(base::Executor executor);
  enum class Tls { kAny, kOnly12 };
  Peer(base::Executor executor, const Identity& identity, Tls versions = Tls::kAny);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// The next connection, its TLS handshake done. Throws Error::kTls when the client breaks that off.
  base::Async<std::unique_ptr<PeerConnection>> accept();
  [[nodiscard]] std::size_t accepted() const noexcept;
  void stop() noexcept;  ///< Listens no more: connecting is refused.

  [[nodiscard]] std::uint16_t port() const;
  /// `127.0.0.1`, or `host` when given, which only TLS looks at.
  [[nodiscard]] Endpoint endpoint(const std::string& host = "127.0.0.1") const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ecs::net::testing
