// Tells the control plane what became of tasks: in order per task, at most ten at once, retried for ever
// (ecs-api.md 7.4).
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <string>

#include "aws/ecs_types.hpp"
#include "base/clock.hpp"
#include "base/event.hpp"
#include "base/random.hpp"
#include "base/scope.hpp"
#include "engine/engine.hpp"

namespace ecs::engine {

/// The body of a report.
[[nodiscard]] aws::SubmitTaskStateChangeRequest request_of(const task::Task& task, const task::Report& report,
                                                           const Settings& settings);

class StateReporter {
 public:
  static constexpr std::size_t kAtOnce = 10;

  struct Item {
    aws::SubmitTaskStateChangeRequest request;
    /// Asked just before each try: whether the report still tells anything new. Empty: always.
    std::function<bool()> still_news;
    /// Called once the control plane has accepted it. Not called for a report that was dropped.
    std::function<void()> accepted;
  };

  StateReporter(base::Scope& scope, base::Clock& clock, base::Random& random, StateSubmitter& submitter)
      : scope_(scope), clock_(clock), random_(random), submitter_(submitter) {}

  /// Queues the report behind those of the same task.
  void send(Item item);

  /// Whether reports of the task are still on their way.
  [[nodiscard]] bool busy(const std::string& arn) const { return queues_.contains(arn); }

 private:
  enum class Outcome { kAccepted, kDropped, kRetry };

  base::Async<> run(std::string arn);
  base::Async<> deliver(Item& item);
  base::Async<Outcome> try_once(Item& item);

  base::Scope& scope_;
  base::Clock& clock_;
  base::Random& random_;
  StateSubmitter& submitter_;
  std::map<std::string, std::deque<Item>> queues_;  ///< An entry has a coroutine that sends it.
  std::size_t at_once_ = 0;
  base::Event slot_free_;
};

}  // namespace ecs::engine
