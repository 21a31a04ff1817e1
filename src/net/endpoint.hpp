// Where a connection goes, and how it is made.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "net/stream.hpp"

namespace ecs::net {

/// `unix:///var/run/docker.sock`, `tcp://host:2375`, `http://host[:port]`, `https://host[:port]`.
struct Endpoint {
  enum class Transport { kUnix, kTcp, kTls };
  Transport transport = Transport::kTcp;
  std::string path;        ///< kUnix: the socket's path.
  std::string host;        ///< Without brackets for IPv6.
  std::uint16_t port = 0;  ///< Explicit or the scheme's default.

  /// The Host header: a port is in it exactly when the address had one. For kUnix `docker`.
  std::string authority;

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// A URL taken apart. `target` is the path and query as sent, at least `/`.
struct Url {
  std::string scheme;
  Endpoint endpoint;
  std::string target = "/";
};

/// Throws std::invalid_argument saying what is wrong with the address. ws and wss are not accepted.
[[nodiscard]] Url parse_url(std::string_view text);

/// TLS settings of one program; made once.
class TlsContext {
 public:
  struct Options {
    bool verify = true;                 ///< False: the -k flag.
    std::optional<std::string> ca_file; ///< Replaces the system's roots, as SSL_CERT_FILE.
    std::optional<std::string> ca_dir;
  };
  /// Roots are loaded at the first use. TLS 1.2 at least, suites as in the original.
  explicit TlsContext(Options options);
  ~TlsContext();
  TlsContext(const TlsContext&) = delete;
  TlsContext& operator=(const TlsContext&) = delete;

  struct Impl;
  [[nodiscard]] Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

struct ConnectOptions {
  base::Duration dial = std::chrono::seconds(30);
  base::Duration tls_handshake = std::chrono::seconds(10);
  bool use_proxy = true;  ///< HTTP_PROXY, HTTPS_PROXY, NO_PROXY from the environment, read anew on every connection.
};

/// Makes connections. One per program.
class Connector {
 public:
  Connector(base::Clock& clock, std::shared_ptr<TlsContext> tls) : clock_(clock), tls_(std::move(tls)) {}

  /// Throws Error of kind kResolve, kConnect, kTls or kTimeout with a message that names the address.
  base::Async<std::unique_ptr<Stream>> connect(Endpoint endpoint, ConnectOptions options);

  [[nodiscard]] base::Clock& clock() const { return clock_; }

 private:
  base::Clock& clock_;
  std::shared_ptr<TlsContext> tls_;
};

}  // namespace ecs::net
