#include "net/detail/listener.hpp"

#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/file.hpp"
#include "net/detail/socket_stream.hpp"

namespace ecs::net::detail {

namespace asio = boost::asio;

namespace {

constexpr int kBacklog = 128;

[[noreturn]] void fail(const std::string& where) {
  const std::error_code error(errno, std::generic_category());
  throw Error(Error::Kind::kConnect, fmt::format("listening on {}: {}", where, error.message()));
}

class SocketListener final : public Listener {
 public:
  SocketListener(const base::Executor& executor, base::Fd fd, std::uint16_t port, std::string path)
      : socket_(executor, fd.get()), port_(port), path_(std::move(path)) {
    fd.release();
  }
  SocketListener(const SocketListener&) = delete;
  SocketListener& operator=(const SocketListener&) = delete;
  ~SocketListener() override {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  base::Async<Accepted> accept() override {
    while (true) {
      Address peer;
      peer.size = sizeof peer.storage;
      base::Fd fd(::accept4(socket_.is_open() ? socket_.native_handle() : -1,
                            reinterpret_cast<sockaddr*>(&peer.storage), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (fd.valid()) co_return Accepted{adopt_socket(socket_.get_executor(), fd.release()), address_text(peer)};
      switch (errno) {
        case EAGAIN:
          break;
        case EBADF:
          throw base::Cancelled();
        case EMFILE:
        case ENFILE:
        case ENOMEM:
        case ENOBUFS:
          fail("accepting a connection");
        default:
          continue;  // That connection is gone already.
      }
      boost::system::error_code error;
      co_await socket_.async_wait(asio::posix::stream_descriptor::wait_read,
                                  asio::redirect_error(asio::use_awaitable, error));
      if (error) throw base::Cancelled();
    }
  }

  void close() noexcept override {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  [[nodiscard]] std::uint16_t port() const override { return port_; }

 private:
  asio::posix::stream_descriptor socket_;
  std::uint16_t port_;
  std::string path_;
};

bool has_ipv6() {
  const base::Fd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return probe.valid() || errno != EAFNOSUPPORT;
}

base::Fd open_socket(int family, const std::string& where) {
  base::Fd fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid()) fail(where);
  return fd;
}

void bind_and_listen(int fd, const sockaddr* address, socklen_t size, const std::string& where) {
  if (::bind(fd, address, size) != 0 || ::listen(fd, kBacklog) != 0) fail(where);
}

/// A socket file to which nobody answers.
bool is_stale(const std::string& path, const Address& address) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0 || !S_ISSOCK(info.st_mode)) return false;
  const base::Fd probe = open_socket(AF_UNIX, path);
  return ::connect(probe.get(), reinterpret_cast<const sockaddr*>(&address.storage), address.size) != 0 &&
         errno == ECONNREFUSED;
}

}  // namespace

std::unique_ptr<Listener> listen_tcp(base::Executor executor, const std::string& address, std::uint16_t port) {
  const std::string where = fmt::format("{} port {}", address, port);
  boost::system::error_code error;
  const asio::ip::address parsed = asio::ip::make_address(address, error);
  if (error) throw Error(Error::Kind::kConnect, fmt::format("listening on {}: not an IP address", where));
  const bool every_address = parsed.is_v6() && parsed.is_unspecified();
  if (every_address && !has_ipv6()) return listen_tcp(executor, "0.0.0.0", port);
  asio::ip::tcp::endpoint endpoint(parsed, port);
  base::Fd fd = open_socket(endpoint.protocol().family(), where);
  const int on = 1;
  ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const int off = 0;
  if (every_address) ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
  bind_and_listen(fd.get(), endpoint.data(), static_cast<socklen_t>(endpoint.size()), where);
  auto size = static_cast<socklen_t>(endpoint.capacity());
  if (::getsockname(fd.get(), endpoint.data(), &size) != 0) fail(where);
  return std::make_unique<SocketListener>(executor, std::move(fd), endpoint.port(), std::string());
}

std::unique_ptr<Listener> listen_unix(base::Executor executor, const std::string& path, unsigned mode) {
  const Address address = unix_address(path);
  if (is_stale(path, address)) ::unlink(path.c_str());
  base::Fd fd = open_socket(AF_UNIX, path);
  // Nobody connects before listen(), so the mode is right in time.
  const auto* raw = reinterpret_cast<const sockaddr*>(&address.storage);
  if (::bind(fd.get(), raw, address.size) != 0 || ::chmod(path.c_str(), mode) != 0 ||
      ::listen(fd.get(), kBacklog) != 0) {
    fail(path);
  }
  return std::make_unique<SocketListener>(executor, std::move(fd), 0, path);
}

}  // namespace ecs::net::detail
