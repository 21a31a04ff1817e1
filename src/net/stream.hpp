// The one type-erased byte stream: tcp, unix and TLS look alike to everything above.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

#include <boost/system/error_code.hpp>

#include "base/async.hpp"

namespace ecs::net {

/// A connection could not be made or broke. `kind` says what a caller may do about it.
class Error : public std::runtime_error {
 public:
  enum class Kind {
    kResolve,   ///< The name is unknown (no retry helps soon) or the resolver failed.
    kConnect,   ///< Refused, unreachable, no such socket.
    kTls,       ///< Handshake or certificate.
    kReset,     ///< The peer reset an open connection, or our own side closed it meanwhile.
    kEof,       ///< The peer closed in the middle of a message.
    kTimeout,   ///< A deadline closed the connection.
    kProtocol,  ///< The peer does not speak HTTP or websocket, or sent too much.
  };
  Error(Kind kind, const std::string& message) : std::runtime_error(message), kind_(kind) {}
  [[nodiscard]] Kind kind() const noexcept { return kind_; }

 private:
  Kind kind_;
};

/// One reader and one writer at a time. All calls on the loop.
class Stream {
 public:
  using Handler = std::move_only_function<void(boost::system::error_code, std::size_t)>;

  Stream() = default;
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;
  virtual ~Stream() = default;

  /// At least one byte, or boost::asio::error::eof. The buffer must live until the handler runs.
  virtual void start_read(std::span<std::byte> into, Handler handler) = 0;
  /// At least one byte is written.
  virtual void start_write(std::span<const std::byte> from, Handler handler) = 0;
  /// Pending operations end with an error. Deadlines act by this. Idempotent.
  virtual void close() noexcept = 0;
  /// True when a read would end at once, with data or with the end: an idle connection of which this holds is stale.
  [[nodiscard]] virtual bool readable() const noexcept = 0;
  [[nodiscard]] virtual base::Executor executor() const = 0;
};

/// Writes all of `data`. Throws Error (kReset, kEof); when cancelled the stream is closed.
base::Async<> write(Stream& stream, std::string data);

}  // namespace ecs::net
