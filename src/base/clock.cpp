#include "base/clock.hpp"

#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "base/event.hpp"
#include "base/loop.hpp"

namespace ecs::base {

namespace asio = boost::asio;

namespace {

constexpr WallTime kVirtualEpoch{std::chrono::seconds(1767225600)};  // 2026-01-01T00:00:00Z

class AsioTimer final : public Timer {
 public:
  AsioTimer(const Executor& executor, Instant when, std::move_only_function<void()> fire)
      : fire_(std::make_shared<std::move_only_function<void()>>(std::move(fire))),
        timer_(executor, std::chrono::time_point_cast<asio::steady_timer::duration>(when)) {
    // A handler that is already queued outlives this object; the shared function is emptied to disarm it.
    timer_.async_wait([fire = fire_](boost::system::error_code ec) {
      // Moved out first: the call may destroy this timer.
      if (auto call = std::exchange(*fire, nullptr); call && !ec) call();
    });
  }
  AsioTimer(const AsioTimer&) = delete;
  AsioTimer& operator=(const AsioTimer&) = delete;
  ~AsioTimer() override { *fire_ = nullptr; }

 private:
  std::shared_ptr<std::move_only_function<void()>> fire_;
  asio::steady_timer timer_;
};

}  // namespace

Async<> Clock::sleep_until(Instant when) {
  if (when <= now()) co_return;
  Event fired;
  const auto timer = call_at(when, [&fired] { fired.set(); });
  co_await fired.wait();
}

Instant RealClock::now() const { return std::chrono::steady_clock::now(); }
WallTime RealClock::wall() const { return std::chrono::system_clock::now(); }

std::unique_ptr<Timer> RealClock::call_at(Instant when, std::move_only_function<void()> fire) {
  return std::make_unique<AsioTimer>(executor_, when, std::move(fire));
}

struct VirtualClock::Entry final : public Timer {
  Entry(Timers& all, Instant when, std::move_only_function<void()> f) : timers(all), fire(std::move(f)) {
    place = timers.emplace(when, this);
    armed = true;
  }
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;
  ~Entry() override {
    if (armed) timers.erase(place);
  }
  Timers& timers;
  std::move_only_function<void()> fire;
  Timers::iterator place;
  bool armed = false;
};

WallTime VirtualClock::wall() const { return kVirtualEpoch + (now_ - Instant{std::chrono::hours(1)}); }

std::unique_ptr<Timer> VirtualClock::call_at(Instant when, std::move_only_function<void()> fire) {
  return std::make_unique<Entry>(timers_, when, std::move(fire));
}

bool VirtualClock::step(Instant limit) {
  while (loop_.poll() > 0) {
  }
  if (timers_.empty() || timers_.begin()->first > limit) return false;
  const auto first = timers_.begin();
  Entry* entry = first->second;
  now_ = std::max(now_, first->first);
  timers_.erase(first);
  entry->armed = false;
  // Move the function out: it may destroy the timer it belongs to.
  auto fire = std::move(entry->fire);
  fire();
  while (loop_.poll() > 0) {
  }
  return true;
}

void VirtualClock::advance(Duration delay) {
  const Instant limit = now_ + delay;
  while (step(limit)) {
  }
  now_ = limit;
}

bool VirtualClock::advance_until(const std::function<bool()>& until, Duration limit) {
  const Instant end = now_ + limit;
  while (loop_.poll() > 0) {
  }
  while (!until()) {
    if (!step(end)) {
      now_ = end;
      return until();
    }
  }
  return true;
}

}  // namespace ecs::base
