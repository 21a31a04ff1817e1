#include "net/detail/socket_stream.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstring>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/this_coro.hpp>

namespace ecs::net::detail {

namespace asio = boost::asio;

namespace {

using Socket = asio::generic::stream_protocol::socket;
constexpr int kKeepAliveSeconds = 30;

void set_tcp_options(int fd) {
  const int on = 1;
  const int seconds = kKeepAliveSeconds;
  // A unix socket refuses the TCP ones, which is all right.
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  ::setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &seconds, sizeof seconds);
  ::setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &seconds, sizeof seconds);
}

/// Handlers share the socket, so that it outlives what is pending on it.
class SocketStream final : public Stream {
 public:
  explicit SocketStream(std::shared_ptr<Socket> socket) : socket_(std::move(socket)) {}
  SocketStream(const SocketStream&) = delete;
  SocketStream& operator=(const SocketStream&) = delete;
  ~SocketStream() override { SocketStream::close(); }

  void start_connect(const Address& address, Handler handler) {
    const asio::generic::stream_protocol::endpoint endpoint(&address.storage, address.size, IPPROTO_TCP);
    socket_->async_connect(endpoint, [socket = socket_, handler = std::move(handler)](
                                         boost::system::error_code error) mutable { handler(error, 0); });
  }

  void start_read(std::span<std::byte> into, Handler handler) override {
    socket_->async_read_some(asio::buffer(into.data(), into.size()),
                             [socket = socket_, handler = std::move(handler)](
                                 boost::system::error_code error, std::size_t size) mutable { handler(error, size); });
  }

  void start_write(std::span<const std::byte> from, Handler handler) override {
    socket_->async_write_some(asio::buffer(from.data(), from.size()),
                              [socket = socket_, handler = std::move(handler)](
                                  boost::system::error_code error, std::size_t size) mutable { handler(error, size); });
  }

  void close() noexcept override {
    boost::system::error_code ignored;
    socket_->close(ignored);
  }

  [[nodiscard]] bool readable() const noexcept override {
    if (!socket_->is_open()) return true;
    pollfd query{.fd = socket_->native_handle(), .events = POLLIN, .revents = 0};
    return ::poll(&query, 1, 0) != 0;
  }

  [[nodiscard]] base::Executor executor() const override { return socket_->get_executor(); }

  [[nodiscard]] int fd() const noexcept { return socket_->native_handle(); }

 private:
  std::shared_ptr<Socket> socket_;
};

int fd_of(Stream& stream) noexcept {
  const auto* socket = dynamic_cast<SocketStream*>(&stream);
  return socket == nullptr ? -1 : socket->fd();
}

}  // namespace

Address unix_address(const std::string& path) {
  sockaddr_un un{};
  un.sun_family = AF_UNIX;
  if (path.size() >= sizeof un.sun_path) {
    throw Error(Error::Kind::kConnect,
                fmt::format("unix://{}: a socket's path is at most {} bytes long", path, sizeof un.sun_path - 1));
  }
  std::memcpy(un.sun_path, path.data(), path.size());
  Address address;
  std::memcpy(&address.storage, &un, sizeof un);
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
  return address;
}

std::string address_text(const Address& address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address.storage.ss_family == AF_INET) {
    sockaddr_in in{};
    std::memcpy(&in, &address.storage, sizeof in);
    return fmt::format("{}:{}", inet_ntop(AF_INET, &in.sin_addr, text.data(), text.size()), ntohs(in.sin_port));
  }
  if (address.storage.ss_family == AF_INET6) {
    sockaddr_in6 in{};
    std::memcpy(&in, &address.storage, sizeof in);
    return fmt::format("[{}]:{}", inet_ntop(AF_INET6, &in.sin6_addr, text.data(), text.size()), ntohs(in.sin6_port));
  }
  return {};
}

std::unique_ptr<Stream> adopt_socket(base::Executor executor, int fd) {
  sockaddr_storage local{};
  socklen_t size = sizeof local;
  ::getsockname(fd, reinterpret_cast<sockaddr*>(&local), &size);
  set_tcp_options(fd);
  const asio::generic::stream_protocol protocol(local.ss_family, 0);
  return std::make_unique<SocketStream>(std::make_shared<Socket>(std::move(executor), protocol, fd));
}

base::Async<Connected> connect_socket(Address address, Deadline& deadline) {
  auto socket = std::make_shared<Socket>(co_await asio::this_coro::executor);
  Connected result;
  socket->open(asio::generic::stream_protocol(address.storage.ss_family, 0), result.error);
  if (result.error) co_return result;
  set_tcp_options(socket->native_handle());
  auto stream = std::make_unique<SocketStream>(std::move(socket));
  const Watch watch(deadline, *stream);
  // The frame owns what the pending connect refers to.
  SocketStream& connecting = *stream;
  std::move_only_function<void(Stream::Handler)> start = [&](Stream::Handler handler) {
    connecting.start_connect(address, std::move(handler));
  };
  const IoResult outcome = co_await await_io(connecting, std::move(start));
  result.error = outcome.error;
  if (!result.error) result.stream = std::move(stream);
  co_return result;
}

void shutdown_send(Stream& stream) noexcept {
  if (const int fd = fd_of(stream); fd >= 0) ::shutdown(fd, SHUT_WR);
}

void reset(Stream& stream) noexcept {
  if (const int fd = fd_of(stream); fd >= 0) {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
  }
  stream.close();
}

}  // namespace ecs::net::detail
