// Coroutines over net::Stream, and deadlines that act by closing it.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "net/stream.hpp"

namespace ecs::net::detail {

struct IoResult {
  boost::system::error_code error;
  std::size_t size = 0;
};

/// Starts one operation of a stream and waits for it. When the coroutine is cancelled the stream is closed and
/// base::Cancelled thrown.
base::Async<IoResult> await_io(Stream& stream, std::move_only_function<void(Stream::Handler)> start);

base::Async<IoResult> read_some(Stream& stream, std::span<std::byte> into);
base::Async<boost::system::error_code> write_all(Stream& stream, std::string_view data);

/// Appends what one read gives, at most `chunk` bytes.
base::Async<boost::system::error_code> read_more(Stream& stream, std::string& buffer, std::size_t chunk);

[[nodiscard]] bool is_eof(const boost::system::error_code& error) noexcept;

/// kEof or kReset with `what` (`POST /x to unix:///y`) and the system's text.
[[nodiscard]] Error io_error(const boost::system::error_code& error, const std::string& what);

/// Closes the watched stream when the time is over. Lives in the frame of the coroutine that waits.
class Deadline {
 public:
  /// `what` names what may not take longer, as in `POST /x to unix:///y`.
  Deadline(base::Clock& clock, base::Duration limit, std::string what);
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;
  ~Deadline() = default;

  /// Null: nothing to close now; expired() is still set in time. Closes at once when it is too late already.
  void watch(Stream* stream) noexcept;

  [[nodiscard]] bool expired() const noexcept { return expired_; }
  [[nodiscard]] base::Duration remaining() const;
  [[nodiscard]] const std::string& what() const noexcept { return what_; }

  /// Calls `fire` after the deadline has expired, for a wait that is not on a stream.
  void on_expiry(std::move_only_function<void()> fire) noexcept { on_expiry_ = std::move(fire); }

  /// Error::kTimeout, `POST /x to unix:///y took longer than 30s`, with ` (stage)` behind it when there is one.
  [[nodiscard]] Error timeout(std::string_view stage = {}) const;

  /// timeout() when expired, else io_error().
  [[nodiscard]] Error failure(const boost::system::error_code& error) const;

 private:
  void expire() noexcept;

  base::Clock& clock_;
  base::Duration limit_;
  base::Instant end_;
  std::string what_;
  Stream* stream_ = nullptr;
  std::move_only_function<void()> on_expiry_;
  bool expired_ = false;
  std::unique_ptr<base::Timer> timer_;
};

/// Watches a stream for a block of code.
class Watch {
 public:
  Watch(Deadline& deadline, Stream& stream) : deadline_(deadline) { deadline_.watch(&stream); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() { deadline_.watch(nullptr); }

 private:
  Deadline& deadline_;
};

}  // namespace ecs::net::detail
