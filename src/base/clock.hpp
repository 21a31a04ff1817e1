// Time is injected: everything that waits or reads the time takes a Clock, and tests pass a VirtualClock.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>

#include "base/async.hpp"

namespace ecs::base {

class Loop;

using Duration = std::chrono::nanoseconds;
using Instant = std::chrono::time_point<std::chrono::steady_clock, Duration>;
using WallTime = std::chrono::time_point<std::chrono::system_clock, Duration>;

/// A pending call; destroying it cancels the call.
class Timer {
 public:
  Timer() = default;
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  virtual ~Timer() = default;
};

class Clock {
 public:
  Clock() = default;
  Clock(const Clock&) = delete;
  Clock& operator=(const Clock&) = delete;
  virtual ~Clock() = default;

  [[nodiscard]] virtual Instant now() const = 0;
  [[nodiscard]] virtual WallTime wall() const = 0;

  /// Calls `fire` on the loop at `when` or soon after, once.
  [[nodiscard]] virtual std::unique_ptr<Timer> call_at(Instant when, std::move_only_function<void()> fire) = 0;
  [[nodiscard]] std::unique_ptr<Timer> call_after(Duration delay, std::move_only_function<void()> fire) {
    return call_at(now() + delay, std::move(fire));
  }

  Async<> sleep_until(Instant when);
  Async<> sleep_for(Duration delay) { return sleep_until(now() + delay); }
};

class RealClock final : public Clock {
 public:
  explicit RealClock(Executor executor) : executor_(std::move(executor)) {}
  [[nodiscard]] Instant now() const override;
  [[nodiscard]] WallTime wall() const override;
  [[nodiscard]] std::unique_ptr<Timer> call_at(Instant when, std::move_only_function<void()> fire) override;

 private:
  Executor executor_;
};

/// Stands still until a test moves it. Starts at 2026-01-01T00:00:00Z.
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(Loop& loop) : loop_(loop) {}
  [[nodiscard]] Instant now() const override { return now_; }
  [[nodiscard]] WallTime wall() const override;
  [[nodiscard]] std::unique_ptr<Timer> call_at(Instant when, std::move_only_function<void()> fire) override;

  /// Runs what is ready, then moves time forward timer by timer, running the loop after each, up to now() + delay.
  void advance(Duration delay);

  /// As advance, but stops as soon as `until` holds; false if it did not within `limit`.
  bool advance_until(const std::function<bool()>& until, Duration limit);

  [[nodiscard]] std::size_t pending() const noexcept { return timers_.size(); }

 private:
  struct Entry;
  using Timers = std::multimap<Instant, Entry*>;
  bool step(Instant limit);

  Loop& loop_;
  Instant now_{std::chrono::hours(1)};
  Timers timers_;
};

}  // namespace ecs::base
