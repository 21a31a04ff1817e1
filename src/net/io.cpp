#include "net/detail/io.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/time_text.hpp"

namespace ecs::net::detail {

namespace asio = boost::asio;

namespace {

using Start = std::move_only_function<void(Stream::Handler)>;

/// A signature without an error code first, so that use_awaitable throws nothing by itself.
base::Async<IoResult> initiate(Stream& stream, Start& start) {
  auto initiation = [&stream, &start](auto handler) {
    if (auto slot = asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
      slot.assign([&stream](asio::cancellation_type) { stream.close(); });
    }
    start([handler = std::move(handler)](boost::system::error_code error, std::size_t size) mutable {
      std::move(handler)(IoResult{error, size});
    });
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(IoResult)>(initiation,
                                                                                         asio::use_awaitable);
}

}  // namespace

base::Async<IoResult> await_io(Stream& stream, Start start) {
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  IoResult result;
  bool cancelled = (co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none;
  if (cancelled) {
    stream.close();
  } else {
    result = co_await initiate(stream, start);
    cancelled = (co_await asio::this_coro::cancellation_state).cancelled() != asio::cancellation_type::none;
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (cancelled) throw base::Cancelled();
  co_return result;
}

base::Async<IoResult> read_some(Stream& stream, std::span<std::byte> into) {
  Start start = [&stream, into](Stream::Handler handler) { stream.start_read(into, std::move(handler)); };
  co_return co_await await_io(stream, std::move(start));
}

base::Async<boost::system::error_code> write_all(Stream& stream, std::string_view data) {
  std::span<const std::byte> rest = std::as_bytes(std::span(data.data(), data.size()));
  while (!rest.empty()) {
    Start start = [&stream, rest](Stream::Handler handler) { stream.start_write(rest, std::move(handler)); };
    const IoResult result = co_await await_io(stream, std::move(start));
    if (result.error) co_return result.error;
    rest = rest.subspan(result.size);
  }
  co_return boost::system::error_code();
}

base::Async<boost::system::error_code> read_more(Stream& stream, std::string& buffer, std::size_t chunk) {
  const std::size_t before = buffer.size();
  buffer.resize(before + chunk);
  const std::span<std::byte> into = std::as_writable_bytes(std::span(buffer.data() + before, chunk));
  const IoResult result = co_await read_some(stream, into);
  buffer.resize(before + result.size);
  co_return result.error;
}

bool is_eof(const boost::system::error_code& error) noexcept { return error == asio::error::eof; }

Error io_error(const boost::system::error_code& error, const std::string& what) {
  if (is_eof(error)) return {Error::Kind::kEof, what + ": the peer closed the connection"};
  if (error == asio::error::operation_aborted || error == asio::error::bad_descriptor) {
    return {Error::Kind::kReset, what + ": the connection was closed on this side"};
  }
  return {Error::Kind::kReset, fmt::format("{}: {}", what, error.message())};
}

Deadline::Deadline(base::Clock& clock, base::Duration limit, std::string what)
    : clock_(clock), limit_(limit), end_(clock.now() + limit), what_(std::move(what)) {
  timer_ = clock_.call_at(end_, [this] { expire(); });
}

void Deadline::expire() noexcept {
  expired_ = true;
  if (stream_ != nullptr) stream_->close();
  if (on_expiry_) on_expiry_();
}

void Deadline::watch(Stream* stream) noexcept {
  stream_ = stream;
  if (expired_ && stream_ != nullptr) stream_->close();
}

base::Duration Deadline::remaining() const { return std::max(base::Duration::zero(), end_ - clock_.now()); }

Error Deadline::timeout(std::string_view stage) const {
  const std::string suffix = stage.empty() ? std::string() : fmt::format(" ({})", stage);
  return {Error::Kind::kTimeout, fmt::format("{} took longer than {}{}", what_, base::go_duration(limit_), suffix)};
}

Error Deadline::failure(const boost::system::error_code& error) const {
  return expired_ ? timeout() : io_error(error, what_);
}

}  // namespace ecs::net::detail

namespace ecs::net {

base::Async<> write(Stream& stream, std::string data) {
  const auto error = co_await detail::write_all(stream, data);
  if (error) throw detail::io_error(error, "write");
}

}  // namespace ecs::net
