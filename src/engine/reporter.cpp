#include "engine/reporter.hpp"

#include <stdexcept>
#include <utility>

#include "aws/error.hpp"
#include "base/backoff.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"
#include "engine/ports.hpp"
#include "log/log.hpp"

namespace ecs::engine {

namespace {

constexpr base::BackoffRule kBackoff{std::chrono::seconds(1), std::chrono::seconds(30), 1.3, 0.2};

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

std::optional<double> seconds(task::UnixNanos time) {
  return time == 0 ? std::nullopt : std::optional(base::epoch_seconds(task::wall_time(time)));
}

aws::ContainerStateChange change_of(const task::Task& task, const task::ContainerReport& report,
                                    const Settings& settings) {
  static const std::vector<task::PortMapping> kNone;
  const auto at = task.find(report.name);
  aws::ContainerStateChange change;
  change.container_name = report.name;
  change.status = task::wire_word(report.status);
  if (report.exit_code) change.exit_code = *report.exit_code;
  change.reason = unless_empty(report.reason);
  change.runtime_id = unless_empty(report.runtime_id);
  change.image_digest = unless_empty(report.image_digest);
  change.network_bindings =
      network_bindings(report.bindings, at ? task.containers[*at].port_mappings : kNone, settings);
  return change;
}

/// Frees a place among those that send, whatever ends the try.
class Slot {
 public:
  Slot(std::size_t& used, base::Event& freed) : used_(used), freed_(freed) { ++used_; }
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot() {
    --used_;
    freed_.pulse();
  }

 private:
  std::size_t& used_;
  base::Event& freed_;
};

}  // namespace

aws::SubmitTaskStateChangeRequest request_of(const task::Task& task, const task::Report& report,
                                             const Settings& settings) {
  aws::SubmitTaskStateChangeRequest request;
  request.cluster = settings.cluster;
  request.task = task.arn;
  request.status = task::wire_word(report.status);
  request.reason = report.reason;
  if (!report.containers.empty()) {
    request.containers.emplace();
    for (const task::ContainerReport& c : report.containers) {
      request.containers->push_back(change_of(task, c, settings));
    }
  }
  request.pull_started_at = seconds(report.pull_started_at);
  request.pull_stopped_at = seconds(report.pull_stopped_at);
  request.execution_stopped_at = seconds(report.execution_stopped_at);
  return request;
}

void StateReporter::send(Item item) {
  const std::string arn = item.request.task;
  const auto [queue, is_new] = queues_.try_emplace(arn);
  queue->second.push_back(std::move(item));
  if (is_new) scope_.spawn("reports of " + std::string(base::last_arn_part(arn)), run(arn));
}

base::Async<> StateReporter::run(std::string arn) {
  while (!queues_.at(arn).empty()) {
    Item item = std::move(queues_.at(arn).front());
    queues_.at(arn).pop_front();
    co_await deliver(item);
  }
  queues_.erase(arn);
}

base::Async<> StateReporter::deliver(Item& item) {
  base::Backoff backoff(kBackoff, random_);
  while (!item.still_news || item.still_news()) {
    const Outcome outcome = co_await try_once(item);
    if (outcome == Outcome::kAccepted) {
      if (item.accepted) item.accepted();
      co_return;
    }
    co_await clock_.sleep_for(backoff.next());
    if (outcome == Outcome::kDropped) co_return;
  }
}

base::Async<StateReporter::Outcome> StateReporter::try_once(Item& item) {
  while (at_once_ >= kAtOnce) co_await slot_free_.wait();
  const Slot slot(at_once_, slot_free_);
  const log::Field task{"task", item.request.task};
  const log::Field status{"status", log::bare(item.request.status.value_or(""))};
  try {
    co_await submitter_.submit(item.request);
    log::info("Reported the task's state", {task, status});
    co_return Outcome::kAccepted;
  } catch (const aws::Error& e) {
    const bool refused = e.code() == "InvalidParameterException";
    log::warn(refused ? "The control plane refuses a report; it is dropped" : "Could not report the task's state",
              {task, status, {"error", e}});
    co_return refused ? Outcome::kDropped : Outcome::kRetry;
  } catch (const std::invalid_argument& e) {
    // More bindings than a call may carry. The status matters more than they do.
    log::error("A report cannot be sent as it is; its network bindings are left out", {task, status, {"error", e}});
    if (item.request.containers) {
      for (aws::ContainerStateChange& change : *item.request.containers) change.network_bindings.reset();
    }
    co_return Outcome::kRetry;
  }
}

}  // namespace ecs::engine
