#include "store/testing/fake_store.hpp"

#include <utility>

namespace ecs::store::testing {

struct FakeStore::Pending {
  enum class Outcome { kNone, kApplied, kFailed, kCrashed };
  std::size_t number;
  std::vector<Write> batch;
  Outcome outcome = Outcome::kNone;
  std::string message;
  base::Event decided;
};

FakeStore::FakeStore() = default;
FakeStore::~FakeStore() = default;

base::Async<Committed> FakeStore::commit(std::vector<Write> batch) {
  auto pending = std::make_shared<Pending>();
  pending->number = ++calls_;
  pending->batch = std::move(batch);
  queue_.push_back(pending);
  drain();
  return wait(std::move(pending));
}

base::Async<Committed> FakeStore::wait(std::shared_ptr<Pending> pending) {
  co_await pending->decided.wait();
  switch (pending->outcome) {
    case Pending::Outcome::kFailed:
      throw Error("fake store: " + pending->message);
    case Pending::Outcome::kCrashed:
      throw Crashed();
    case Pending::Outcome::kApplied:
    case Pending::Outcome::kNone:
      break;
  }
  co_return committed();
}

std::vector<Row> FakeStore::load(Table table) {
  if (crashed_) throw Crashed();
  return rows_.list(table);
}

void FakeStore::drain() {
  while (!queue_.empty() && (crashed_ || !held_)) {
    if (clock_ != nullptr && !crashed_) {
      if (timer_) return;
      timer_ = clock_->call_after(delay_, [this] {
        timer_.reset();
        if (!queue_.empty() && !held_) {
          const auto first = queue_.front();
          queue_.pop_front();
          decide(*first);
        }
        drain();
      });
      return;
    }
    const auto first = queue_.front();
    queue_.pop_front();
    decide(*first);
  }
}

void FakeStore::decide(Pending& pending) {
  if (!crashed_ && crash_before_ == pending.number) die(after_crash_);
  if (crashed_) {
    if (after_crash_ == AfterCrash::kHang) return;
    pending.outcome = Pending::Outcome::kCrashed;
    pending.decided.set();
    return;
  }
  const auto failure = failures_.find(pending.number);
  if (failure != failures_.end() || failure_) {
    pending.outcome = Pending::Outcome::kFailed;
    pending.message = failure != failures_.end() ? failure->second : *failure_;
    pending.decided.set();
    return;
  }
  history_.push_back(pending.batch);
  rows_.apply(std::move(pending.batch));
  ++applied_;
  if (crash_after_ == pending.number) {
    die(after_crash_);
    if (after_crash_ == AfterCrash::kHang) return;
    pending.outcome = Pending::Outcome::kCrashed;
  } else {
    pending.outcome = Pending::Outcome::kApplied;
  }
  pending.decided.set();
}

void FakeStore::die(AfterCrash after) {
  if (crashed_) return;
  after_crash_ = after;
  crashed_ = true;
  timer_.reset();
  if (on_crash_) std::exchange(on_crash_, nullptr)();
}

void FakeStore::fail_at(std::size_t n, std::string message) { failures_[n] = std::move(message); }

void FakeStore::fail_all(std::optional<std::string> message) { failure_ = std::move(message); }

void FakeStore::crash_before(std::size_t n, AfterCrash after) {
  crash_before_ = n;
  after_crash_ = after;
}

void FakeStore::crash_after(std::size_t n, AfterCrash after) {
  crash_after_ = n;
  after_crash_ = after;
}

void FakeStore::crash(AfterCrash after) {
  die(after);
  drain();
}

void FakeStore::release() {
  held_ = false;
  drain();
}

void FakeStore::delay_each(base::Clock& clock, base::Duration delay) {
  clock_ = &clock;
  delay_ = delay;
}

void FakeStore::restart() {
  queue_.clear();
  failures_.clear();
  failure_.reset();
  crash_before_.reset();
  crash_after_.reset();
  on_crash_ = nullptr;
  timer_.reset();
  clock_ = nullptr;
  calls_ = 0;
  applied_ = 0;
  history_.clear();
  held_ = false;
  crashed_ = false;
}

std::optional<std::string> FakeStore::find(Table table, const std::string& key) const {
  const auto& rows = rows_.of(table);
  const auto found = rows.find(key);
  if (found == rows.end()) return std::nullopt;
  return found->second;
}

}  // namespace ecs::store::testing
