// A level-triggered signal between coroutines of one loop.
#pragma once

#include <list>

#include "base/async.hpp"

namespace ecs::base {

class Event {
 public:
  Event() = default;
  ~Event();
  Event(const Event&) = delete;
  Event& operator=(const Event&) = delete;

  /// Wakes every waiter and lets later waiters pass until reset(). Waiters go on in the loop's next round, not in here.
  void set();
  void reset() noexcept { set_ = false; }
  [[nodiscard]] bool is_set() const noexcept { return set_; }

  /// Wakes those who wait now; the event stays as it is.
  void pulse();

  /// Returns when set or pulsed; throws Cancelled when the coroutine's scope is cancelled before that, or when the
  /// event is destroyed.
  Async<> wait();

 private:
  struct Waiter;
  std::list<Waiter*> waiters_;
  bool set_ = false;
};

}  // namespace ecs::base
