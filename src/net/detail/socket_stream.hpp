// Kernel sockets as streams. Private to net/*.cpp.
#pragma once

#include <sys/socket.h>

#include <memory>
#include <string>

#include "base/async.hpp"
#include "net/detail/io.hpp"
#include "net/stream.hpp"

namespace ecs::net::detail {

/// A socket address as the kernel takes it.
struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

[[nodiscard]] Address unix_address(const std::string& path);     ///< Throws Error::kConnect when the path is too long.
[[nodiscard]] std::string address_text(const Address& address);  ///< `1.2.3.4:80`, `[::1]:80`, empty for a unix socket.

/// Adopts a connected socket; sets it non-blocking and, for TCP, no delay and keep-alive after 30 s.
[[nodiscard]] std::unique_ptr<Stream> adopt_socket(base::Executor executor, int fd);

struct Connected {
  boost::system::error_code error;
  std::unique_ptr<Stream> stream;  ///< Null when there is an error.
};

/// One attempt; the deadline ends it with an error.
base::Async<Connected> connect_socket(Address address, Deadline& deadline);

/// Ends the sending direction of a stream made here (the peer reads the end); nothing for others.
void shutdown_send(Stream& stream) noexcept;
/// Closes a stream made here so that the peer gets a reset.
void reset(Stream& stream) noexcept;

}  // namespace ecs::net::detail
