#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <memory>
#include <utility>

#include <boost/asio/ssl/impl/src.hpp>
#include <boost/asio/ssl/stream.hpp>

#include "net/detail/any_stream.hpp"
#include "net/detail/tls.hpp"

namespace ecs::net::detail {

namespace asio = boost::asio;

namespace {

/// Handlers share it, so that it outlives what is pending on it.
struct TlsState {
  TlsState(std::unique_ptr<Stream> l, SSL* ssl) : lower(std::move(l)), tls(AnyStream(*lower), ssl) {}
  std::unique_ptr<Stream> lower;
  asio::ssl::stream<AnyStream> tls;  // Owns the SSL.
};

class TlsStream final : public Stream {
 public:
  explicit TlsStream(std::shared_ptr<TlsState> state) : state_(std::move(state)) {}
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  ~TlsStream() override { TlsStream::close(); }

  void start_handshake(asio::ssl::stream_base::handshake_type type, Handler handler) {
    state_->tls.async_handshake(type, [state = state_, handler = std::move(handler)](
                                          boost::system::error_code error) mutable { handler(error, 0); });
  }

  void start_read(std::span<std::byte> into, Handler handler) override {
    state_->tls.async_read_some(
        asio::buffer(into.data(), into.size()),
        [state = state_, handler = std::move(handler)](boost::system::error_code error, std::size_t size) mutable {
          // A peer that ends the connection without saying so in TLS is common; Go takes it as the end, too.
          if (error == asio::ssl::error::stream_truncated) error = asio::error::eof;
          handler(error, size);
        });
  }

  void start_write(std::span<const std::byte> from, Handler handler) override {
    state_->tls.async_write_some(
        asio::buffer(from.data(), from.size()),
        [state = state_, handler = std::move(handler)](boost::system::error_code error, std::size_t size) mutable {
          handler(error, size);
        });
  }

  void close() noexcept override { state_->lower->close(); }
  [[nodiscard]] bool readable() const noexcept override { return state_->lower->readable(); }
  [[nodiscard]] base::Executor executor() const override { return state_->lower->executor(); }
  [[nodiscard]] SSL* ssl() { return state_->tls.native_handle(); }

 private:
  std::shared_ptr<TlsState> state_;
};

void expect_host(SSL* ssl, const std::string& host) {
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  if (X509_VERIFY_PARAM_set1_ip_asc(param, host.c_str()) == 1) return;
  ERR_clear_error();
  SSL_set_tlsext_host_name(ssl, host.c_str());
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  X509_VERIFY_PARAM_set1_host(param, host.c_str(), host.size());
}

base::Async<std::unique_ptr<TlsStream>> handshake(std::unique_ptr<Stream> lower, SSL* ssl,
                                                  asio::ssl::stream_base::handshake_type type, Deadline& deadline) {
  auto stream = std::make_unique<TlsStream>(std::make_shared<TlsState>(std::move(lower), ssl));
  const Watch watch(deadline, *stream);
  TlsStream& shaking = *stream;
  std::move_only_function<void(Stream::Handler)> start = [&shaking, type](Stream::Handler handler) {
    shaking.start_handshake(type, std::move(handler));
  };
  const IoResult result = co_await await_io(shaking, std::move(start));
  if (deadline.expired()) throw deadline.timeout();
  if (result.error) {
    const long verdict = SSL_get_verify_result(shaking.ssl());
    const bool checked = (SSL_get_verify_mode(shaking.ssl()) & SSL_VERIFY_PEER) != 0;
    const std::string why =
        checked && verdict != X509_V_OK ? X509_verify_cert_error_string(verdict) : result.error.message();
    throw Error(Error::Kind::kTls, fmt::format("{}: {}", deadline.what(), why));
  }
  co_return std::move(stream);
}

}  // namespace

base::Async<std::unique_ptr<Stream>> tls_connect(std::unique_ptr<Stream> lower, SSL_CTX* context, std::string host,
                                                 Deadline& deadline) {
  SSL* ssl = SSL_new(context);
  if (ssl == nullptr) throw Error(Error::Kind::kTls, fmt::format("{}: {}", deadline.what(), openssl_error()));
  expect_host(ssl, host);
  co_return co_await handshake(std::move(lower), ssl, asio::ssl::stream_base::client, deadline);
}

base::Async<std::unique_ptr<Stream>> tls_accept(std::unique_ptr<Stream> lower, SSL_CTX* context, Deadline& deadline) {
  SSL* ssl = SSL_new(context);
  if (ssl == nullptr) throw Error(Error::Kind::kTls, fmt::format("{}: {}", deadline.what(), openssl_error()));
  co_return co_await handshake(std::move(lower), ssl, asio::ssl::stream_base::server, deadline);
}

}  // namespace ecs::net::detail
