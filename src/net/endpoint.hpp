// Where a connection goes, and how it is made.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "net/stream.hpp"

namespace ecs::net {

/// Reads the environment: the value, empty when unset. Tests and programs with defaults of their own pass another.
using Environment = std::function<std::string(const std::string& name)>;
[[nodiscard]] Environment process_environment();

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

/// Throws std::invalid_argument saying what is wrong with the address. ws, wss, user names and fragments are not
/// accepted.
[[nodiscard]] Url parse_url(std::string_view text);

/// `unix:///run/x.sock`, `tcp://host:80` or `tls://host:443`: how messages name an endpoint.
[[nodiscard]] std::string describe(const Endpoint& endpoint);

/// Names are looked up in /etc/hosts and by DNS with glibc's own code whatever /etc/nsswitch.conf says, so that a
/// static program never loads a library. The first connection does it too; a main() that resolves names by other
/// means calls it first.
void use_builtin_name_service();

/// TLS settings of one program; made once. TLS 1.2 at least; its suites are limited as in the original (acs.md 3.4).
class TlsContext {
 public:
  struct Options {
    bool verify = true;  ///< False: the -k flag.
    /// When one of these is set, only these are the roots.
    std::optional<std::string> ca_file;
    std::optional<std::string> ca_dir;
    /// Otherwise SSL_CERT_FILE replaces the system's bundle and SSL_CERT_DIR (separated by colons) its directories,
    /// each alone, as in Go.
    Environment environment = process_environment();
  };
  /// Nothing is read here: a root is looked for when a chain asks for it, and only those that match stay in memory.
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
  base::Duration dial = std::chrono::seconds(30);  ///< Look-up, all addresses and the proxy's answer together.
  base::Duration tls_handshake = std::chrono::seconds(10);
  bool use_proxy = true;  ///< As net/proxy.hpp says, read anew on every connection. Never for kUnix.
};

/// Makes connections. One per program; outlives all it is given to.
class Connector {
 public:
  Connector(base::Clock& clock, std::shared_ptr<TlsContext> tls, Environment environment = process_environment())
      : clock_(clock), tls_(std::move(tls)), environment_(std::move(environment)) {}
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;
  virtual ~Connector() = default;

  /// Tries all addresses of a name in order. Through a proxy this is a tunnel (CONNECT, socks5). Throws Error of kind
  /// kResolve, kConnect, kTls or kTimeout with a message that names the address. Virtual for tests that count or
  /// fake connections.
  virtual base::Async<std::unique_ptr<Stream>> connect(Endpoint endpoint, ConnectOptions options);

  /// A connection for HTTP requests. The same, except that plain requests through an HTTP proxy are not tunnelled but
  /// handed to the proxy itself.
  struct HttpRoute {
    std::unique_ptr<Stream> stream;
    std::string target_prefix;         ///< `http://host:port` when a proxy is to forward the request, else empty.
    base::Secret proxy_authorization;  ///< The value of Proxy-Authorization, or empty.
  };
  base::Async<HttpRoute> connect_http(Endpoint endpoint, ConnectOptions options);

  [[nodiscard]] base::Clock& clock() const { return clock_; }

 private:
  base::Clock& clock_;
  std::shared_ptr<TlsContext> tls_;
  Environment environment_;
};

}  // namespace ecs::net
