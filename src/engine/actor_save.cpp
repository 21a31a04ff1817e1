// Rows of the task, and what has to wait until they are durable: reports, stops, acknowledgements.
#include <utility>

#include "engine/actor.hpp"
#include "log/log.hpp"

namespace ecs::engine {

namespace {

constexpr base::Duration kRetryDelay = std::chrono::seconds(1);

}  // namespace

void TaskActor::queue_report(task::Report report) { reports_.push_back(std::move(report)); }

/// One commit at a time; what changes meanwhile goes into the next one.
base::Async<> TaskActor::save_loop() {
  while (true) {
    while (saved_ == state_ && reports_.empty()) co_await dirty_.wait();
    if (!co_await save_once()) co_await parts_.clock.sleep_for(kRetryDelay);
  }
}

/// A crash before the commit: the next process finds the state of before, looks at the containers and concludes the
/// same again. A crash after it: it knows, and reports what the control plane has not accepted.
base::Async<bool> TaskActor::save_once() {
  const std::uint64_t state = state_;
  const std::size_t ready = reports_.size();
  std::vector<store::Write> changed = rows_.changed(task_);
  if (!changed.empty()) {
    try {
      stored_ = co_await parts_.store.commit(changed);
    } catch (const store::Error& e) {
      log::error("Could not save the task's state; trying again", {{"task", task_.id()}, {"error", e}});
      ++failed_saves_;
      save_done_.pulse();
      co_return false;
    }
    rows_.saved(changed);
  }
  saved_ = state;
  for (std::size_t i = 0; i < ready; ++i) {
    const task::Report report = std::move(reports_[i]);
    parts_.reporter.send({.request = request_of(task_, report, parts_.settings),
                          .still_news = [this, report] { return task::adds_something(task_, report); },
                          .accepted = [this, report] { tell(task::ReportSent{report}); }});
  }
  reports_.erase(reports_.begin(), reports_.begin() + static_cast<std::ptrdiff_t>(ready));
  save_done_.pulse();
  co_return true;
}

base::Async<> TaskActor::wait_saved(std::uint64_t number) {
  while (handled_ < number) co_await letter_done_.wait();
  const std::uint64_t state = state_;
  const std::uint64_t failures = failed_saves_;
  while (saved_ < state) {
    co_await save_done_.wait();
    if (failed_saves_ != failures) throw store::Error("the state of task " + std::string(task_.id()) + " is not saved");
  }
}

/// Waits, however long it takes, until all that is known now is durable.
base::Async<store::Committed> TaskActor::everything_saved() {
  const std::uint64_t state = state_;
  while (saved_ < state) co_await save_done_.wait();
  co_return stored_;
}

}  // namespace ecs::engine
