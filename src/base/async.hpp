// The coroutine type of the whole program. This header is the light part of Asio and may be included anywhere; the
// rest of Asio stays in the files that tools/lint lists.
#pragma once

#include <exception>
#include <string>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/this_coro.hpp>

namespace ecs::base {

template <class T = void>
using Async = boost::asio::awaitable<T>;

using Executor = boost::asio::any_io_executor;

/// Thrown out of a wait of this library when the scope that owns the coroutine is cancelled. Never swallow it.
class Cancelled : public std::exception {
 public:
  [[nodiscard]] const char* what() const noexcept override { return "cancelled"; }
};

/// True for Cancelled and for the operation_aborted that Asio itself throws into a cancelled coroutine.
[[nodiscard]] bool is_cancellation(const std::exception_ptr& error) noexcept;

/// `co_await forget_cancellation();` lets a cancelled coroutine wait again, to clean up: to end and join what it owns.
/// Its scope does not cancel it a second time, so keep it short, and rethrow the cancellation afterwards.
[[nodiscard]] constexpr auto forget_cancellation() { return boost::asio::this_coro::reset_cancellation_state(); }

/// The message of any exception, for a log line or an error reason.
[[nodiscard]] std::string describe(const std::exception_ptr& error);

}  // namespace ecs::base
