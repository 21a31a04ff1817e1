#include "net/testing/peer.hpp"

#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <charconv>
#include <stdexcept>
#include <utility>

#include "base/clock.hpp"
#include "net/detail/http_parser.hpp"
#include "net/detail/io.hpp"
#include "net/detail/listener.hpp"
#include "net/detail/socket_stream.hpp"
#include "net/detail/tls.hpp"

namespace ecs::net::testing {

namespace {

// Bounds every wait of a peer: a test that hangs fails with a message instead.
constexpr base::Duration kPeerLimit = std::chrono::seconds(20);
constexpr std::size_t kChunk = 64U << 10U;

struct ContextFree {
  void operator()(SSL_CTX* p) const { SSL_CTX_free(p); }
};
using Context = std::unique_ptr<SSL_CTX, ContextFree>;

Context make_context(const Identity& identity) {
  Context context(SSL_CTX_new(TLS_server_method()));
  BIO* certificate_text = BIO_new_mem_buf(identity.certificate_pem.data(), -1);
  X509* certificate = PEM_read_bio_X509(certificate_text, nullptr, nullptr, nullptr);
  BIO* key_text = BIO_new_mem_buf(identity.key_pem.data(), -1);
  EVP_PKEY* key = PEM_read_bio_PrivateKey(key_text, nullptr, nullptr, nullptr);
  const bool usable =
      SSL_CTX_use_certificate(context.get(), certificate) == 1 && SSL_CTX_use_PrivateKey(context.get(), key) == 1;
  X509_free(certificate);
  EVP_PKEY_free(key);
  BIO_free(certificate_text);
  BIO_free(key_text);
  if (!usable) throw std::runtime_error("the test identity cannot be used");
  return context;
}

}  // namespace

PeerConnection::PeerConnection(std::unique_ptr<Stream> stream, Stream* socket)
    : stream_(std::move(stream)), socket_(socket) {}

base::Async<bool> PeerConnection::more() {
  const auto error = co_await detail::read_more(*stream_, buffer_, kChunk);
  co_return !error;
}

base::Async<std::string> PeerConnection::read_until(std::string marker) {
  std::size_t at = buffer_.find(marker);
  while (at == std::string::npos) {
    if (!co_await more()) throw Error(Error::Kind::kEof, "the peer waited for \"" + marker + "\" after: " + buffer_);
    at = buffer_.find(marker);
  }
  std::string data = buffer_.substr(0, at + marker.size());
  buffer_.erase(0, data.size());
  co_return data;
}

base::Async<std::string> PeerConnection::read_exactly(std::size_t size) {
  while (buffer_.size() < size) {
    if (!co_await more()) throw Error(Error::Kind::kEof, "the peer waited for more bytes after: " + buffer_);
  }
  std::string data = buffer_.substr(0, size);
  buffer_.erase(0, size);
  co_return data;
}

base::Async<std::string> PeerConnection::read_all() {
  while (co_await more()) {
  }
  co_return std::exchange(buffer_, std::string());
}

base::Async<std::string> PeerConnection::read_request() {
  std::string request = co_await read_until("\r\n\r\n");
  const std::string name = "\r\nContent-Length: ";
  const std::size_t at = request.find(name);
  if (at == std::string::npos) co_return request;
  std::size_t size = 0;
  std::from_chars(request.data() + at + name.size(), request.data() + request.size(), size);
  request += co_await read_exactly(size);
  co_return request;
}

base::Async<> PeerConnection::send(std::string data) {
  const auto error = co_await detail::write_all(*stream_, data);
  if (error) throw detail::io_error(error, "the peer's sending");
}

base::Async<> PeerConnection::start_tls(Identity identity) {
  const Context context = make_context(identity);
  base::RealClock clock(stream_->executor());
  detail::Deadline deadline(clock, kPeerLimit, "the peer's TLS handshake");
  stream_ = co_await detail::tls_accept(std::move(stream_), context.get(), deadline);
}

void PeerConnection::finish() noexcept { detail::shutdown_send(*socket_); }
void PeerConnection::reset() noexcept { detail::reset(*socket_); }
void PeerConnection::close() noexcept { stream_->close(); }

struct Peer::Impl {
  explicit Impl(const base::Executor& executor)
      : clock(executor), listener(detail::listen_tcp(executor, "127.0.0.1", 0)) {}
  base::RealClock clock;
  std::unique_ptr<detail::Listener> listener;
  Context context;
  std::size_t accepted = 0;
};

Peer::Peer(base::Executor executor) : impl_(std::make_unique<Impl>(executor)) {}
Peer::Peer(base::Executor executor, const Identity& identity, Tls versions) : Peer(std::move(executor)) {
  impl_->context = make_context(identity);
  if (versions == Tls::kOnly12) SSL_CTX_set_max_proto_version(impl_->context.get(), TLS1_2_VERSION);
}
Peer::~Peer() = default;

base::Async<std::unique_ptr<PeerConnection>> Peer::accept() {
  detail::Listener::Accepted accepted = co_await impl_->listener->accept();
  ++impl_->accepted;
  Stream* socket = accepted.stream.get();
  std::unique_ptr<Stream> stream = std::move(accepted.stream);
  if (impl_->context) {
    detail::Deadline deadline(impl_->clock, kPeerLimit, "the peer's TLS handshake");
    stream = co_await detail::tls_accept(std::move(stream), impl_->context.get(), deadline);
  }
  co_return std::make_unique<PeerConnection>(std::move(stream), socket);
}

std::size_t Peer::accepted() const noexcept { return impl_->accepted; }
void Peer::stop() noexcept { impl_->listener->close(); }
std::uint16_t Peer::port() const { return impl_->listener->port(); }

Endpoint Peer::endpoint(const std::string& host) const {
  const std::string scheme = impl_->context ? "https" : "http";
  return parse_url(scheme + "://" + host + ":" + std::to_string(port())).endpoint;
}

}  // namespace ecs::net::testing
