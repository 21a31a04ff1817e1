// net::Stream as Asio's AsyncStream, for the one composed stream above it (asio::ssl). Private to net/*.cpp.
#pragma once

#include <cstddef>
#include <span>
#include <utility>

#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/buffer.hpp>

#include "net/stream.hpp"

namespace ecs::net::detail {

/// Does not own the stream. Emitting the cancellation slot of an operation closes the stream: a cancelled read or
/// write kills a connection, which is intended.
class AnyStream {
 public:
  using executor_type = base::Executor;
  using lowest_layer_type = AnyStream;

  explicit AnyStream(Stream& stream) : stream_(&stream) {}

  [[nodiscard]] executor_type get_executor() const { return stream_->executor(); }
  [[nodiscard]] lowest_layer_type& lowest_layer() { return *this; }
  [[nodiscard]] const lowest_layer_type& lowest_layer() const { return *this; }

  template <class Buffers, class Token>
  auto async_read_some(const Buffers& buffers, Token&& token) {
    auto initiation = [this](auto handler, const Buffers& to) {
      const boost::asio::mutable_buffer first = first_of<boost::asio::mutable_buffer>(to);
      close_on_cancel(handler);
      stream_->start_read(std::span(static_cast<std::byte*>(first.data()), first.size()), std::move(handler));
    };
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(initiation, token, buffers);
  }

  template <class Buffers, class Token>
  auto async_write_some(const Buffers& buffers, Token&& token) {
    auto initiation = [this](auto handler, const Buffers& from) {
      const boost::asio::const_buffer first = first_of<boost::asio::const_buffer>(from);
      close_on_cancel(handler);
      stream_->start_write(std::span(static_cast<const std::byte*>(first.data()), first.size()), std::move(handler));
    };
    return boost::asio::async_initiate<Token, void(boost::system::error_code, std::size_t)>(initiation, token, buffers);
  }

 private:
  template <class Buffer, class Buffers>
  static Buffer first_of(const Buffers& buffers) {
    for (auto i = boost::asio::buffer_sequence_begin(buffers); i != boost::asio::buffer_sequence_end(buffers); ++i) {
      const Buffer buffer = *i;
      if (buffer.size() > 0) return buffer;
    }
    return Buffer();
  }

  template <class Handler>
  void close_on_cancel(Handler& handler) {
    if (auto slot = boost::asio::get_associated_cancellation_slot(handler); slot.is_connected()) {
      slot.assign([stream = stream_](boost::asio::cancellation_type) { stream->close(); });
    }
  }

  Stream* stream_;
};

}  // namespace ecs::net::detail
