// TLS over any stream. Private to net/.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>

#include "base/async.hpp"
#include "net/detail/io.hpp"
#include "net/endpoint.hpp"
#include "net/stream.hpp"

namespace ecs::net {

struct TlsContext::Impl {
  explicit Impl(Options o);
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { SSL_CTX_free(context); }
  Options options;
  SSL_CTX* context = nullptr;
};

namespace detail {

/// Makes `store` ask the roots described by `options` whenever a chain needs an issuer. A certificate is read from
/// its file for that, and stays in memory only when it matches: all of the system's would cost megabytes.
void use_roots(X509_STORE* store, const TlsContext::Options& options);

/// Handshake as a client of `host` (name or address, without a port), which is sent as SNI and verified. Throws
/// Error::kTls or kTimeout.
base::Async<std::unique_ptr<Stream>> tls_connect(std::unique_ptr<Stream> lower, SSL_CTX* context, std::string host,
                                                 Deadline& deadline);

/// Handshake as a server.
base::Async<std::unique_ptr<Stream>> tls_accept(std::unique_ptr<Stream> lower, SSL_CTX* context, Deadline& deadline);

/// The text of OpenSSL's oldest queued error, and an empty queue.
[[nodiscard]] std::string openssl_error();

}  // namespace detail

}  // namespace ecs::net
