#include "base/event.hpp"

#include <cassert>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace ecs::base {

namespace asio = boost::asio;

struct Event::Waiter {
  explicit Waiter(const Executor& executor) : timer(executor, asio::steady_timer::time_point::max()) {}
  asio::steady_timer timer;
  bool woken = false;
};

Event::~Event() { assert(waiters_.empty()); }

void Event::set() {
  set_ = true;
  pulse();
}

void Event::pulse() {
  for (Waiter* waiter : std::exchange(waiters_, {})) {
    waiter->woken = true;
    waiter->timer.cancel();
  }
}

Async<> Event::wait() {
  if (set_) co_return;
  // The coroutine decides by its own state what a cancelled timer means, so the state must not throw by itself.
  co_await asio::this_coro::throw_if_cancelled(false);
  Waiter waiter(co_await asio::this_coro::executor);
  waiters_.push_back(&waiter);
  boost::system::error_code ignored;
  co_await waiter.timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  co_await asio::this_coro::throw_if_cancelled(true);
  if (!waiter.woken) {
    waiters_.remove(&waiter);
    throw Cancelled();
  }
}

}  // namespace ecs::base
