#include "base/event.hpp"

#include <utility>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace ecs::base {

namespace asio = boost::asio;

/// Lives in the waiting coroutine's frame; that frame can vanish with its loop, and the event can vanish before it.
struct Event::Waiter {
  Waiter(Event& e, const Executor& executor) : timer(executor, asio::steady_timer::time_point::max()), event(&e) {
    event->waiters_.push_back(this);
  }
  Waiter(const Waiter&) = delete;
  Waiter& operator=(const Waiter&) = delete;
  ~Waiter() {
    if (event != nullptr) event->waiters_.remove(this);
  }

  asio::steady_timer timer;
  Event* event;
  bool woken = false;
};

Event::~Event() {
  for (Waiter* waiter : std::exchange(waiters_, {})) {
    waiter->event = nullptr;
    waiter->timer.cancel();
  }
}

void Event::set() {
  set_ = true;
  pulse();
}

void Event::pulse() {
  for (Waiter* waiter : std::exchange(waiters_, {})) {
    waiter->event = nullptr;
    waiter->woken = true;
    waiter->timer.cancel();
  }
}

Async<> Event::wait() {
  if (set_) co_return;
  // A cancelled timer means woken or cancelled: this coroutine decides which, so Asio must not throw by itself.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  Waiter waiter(*this, co_await asio::this_coro::executor);
  const auto state = co_await asio::this_coro::cancellation_state;
  if (state.cancelled() == asio::cancellation_type::none) {
    boost::system::error_code ignored;
    co_await waiter.timer.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  co_await asio::this_coro::throw_if_cancelled(throws);
  if (!waiter.woken) throw Cancelled();
}

}  // namespace ecs::base
