#include <openssl/err.h>
#include <openssl/ssl.h>

#include <array>
#include <stdexcept>
#include <utility>

#include "net/detail/tls.hpp"
#include "net/endpoint.hpp"

namespace ecs::net {

namespace {

// The original's list for TLS 1.2 (acs.md 3.4); it has no ECDSA suites. TLS 1.3 is not limited.
constexpr const char* kTls12Suites =
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES128-SHA:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-SHA:"
    "AES128-GCM-SHA256:AES128-SHA256:AES128-SHA:AES256-GCM-SHA384:AES256-SHA";

}  // namespace

namespace detail {

std::string openssl_error() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  if (code == 0) return "unknown error";
  const char* reason = ERR_reason_error_string(code);
  return reason == nullptr ? "error " + std::to_string(code) : reason;
}

}  // namespace detail

TlsContext::Impl::Impl(Options o) : options(std::move(o)), context(SSL_CTX_new(TLS_client_method())) {
  if (context == nullptr) throw std::runtime_error("TLS cannot be set up: " + detail::openssl_error());
  SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, kTls12Suites);
  SSL_CTX_set_mode(context,
                   SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_verify(context, options.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
  if (options.verify) detail::use_roots(SSL_CTX_get_cert_store(context), options);
}

TlsContext::TlsContext(Options options) : impl_(std::make_unique<Impl>(std::move(options))) {}
TlsContext::~TlsContext() = default;

}  // namespace ecs::net
