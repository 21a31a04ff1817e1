#include "engine/actor.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <utility>

#include "base/text.hpp"
#include "engine/rows.hpp"
#include "log/log.hpp"

namespace ecs::engine {

namespace {

/// Far more than a task can have under way at once: each container has one step and one look, each report one answer.
constexpr std::size_t kMailbox = 65536;

bool is_image_step(task::StepKind kind) { return kind == task::StepKind::kResolve || kind == task::StepKind::kPull; }

}  // namespace

TaskActor::TaskActor(task::Task task, store::Committed stored, const ActorParts& parts)
    : task_(std::move(task)),
      stored_(stored),
      parts_(parts),
      scope_(parts.executor,
             [this](const std::string& name, const std::exception_ptr& error) {
               quarantine(name + ": " + base::describe(error));
             }),
      image_scope_(parts.executor,
                   [this](const std::string& name, const std::exception_ptr& error) {
                     quarantine(name + ": " + base::describe(error));
                   }),
      mailbox_(kMailbox) {
  const double jitter = 30.0 * parts.random.fraction();
  task_.policy.pull = parts.settings.pull_behavior;
  task_.policy.pull_upfront = parts.settings.pull_dependent_containers_upfront;
  task_.policy.poll_interval = std::chrono::minutes(5) + std::chrono::milliseconds(static_cast<int>(jitter * 1000));
  rows_.saved(rows_of(task_));
}

TaskActor::~TaskActor() = default;

void TaskActor::start(bool holds_resources) {
  started_ = true;
  for (const task::Container& c : task_.containers) {
    if (!c.docker_id.empty()) parts_.on_docker_id(task_.arn, c.docker_id);
  }
  const std::string id(task_.id());
  scope_.spawn("saver of task " + id, save_loop());
  scope_.spawn("task " + id, run());
  const bool fargate = base::equal_ignoring_case(task_.launch_type, "FARGATE");
  if (task_.ended()) {
    released_ = !holds_resources;
  } else if (holds_resources || fargate) {
    tell(task::Admitted{});
  } else {
    ask_for_resources();
  }
}

void TaskActor::ask_for_resources() {
  // What is to stop goes by the same way without ever holding anything.
  if (task_.desired == task::TaskStatus::kStopped) return;
  Demand demand = demand_of(task_);
  if (const auto never = parts_.resources.never_fits(demand)) {
    tell(task::Unfit{"HostResourcesError: " + *never});
    return;
  }
  // The actor outlives its place in the queue: it gives it up when the task ends and when it stops.
  parts_.resources.enqueue(task_.arn, std::move(demand), [this] { tell(task::Admitted{}); });
}

void TaskActor::tell(task::Observation what) {
  Letter letter{std::move(what), told_ + 1};
  if (mailbox_.try_push(std::move(letter))) ++told_;
}

base::Async<> TaskActor::tell_and_save(task::Observation what) {
  tell(std::move(what));
  co_await wait_saved(told_);
}

base::Async<> TaskActor::run() {
  const Shown before = shown();
  looked_at_ = now();
  task::resume(task_, looked_at_);
  show_changes(before);
  react();
  while (auto letter = co_await mailbox_.pop()) {
    if (!quarantined_) handle(letter->what);
    handled_ = letter->number;
    letter_done_.pulse();
  }
}

void TaskActor::handle(const task::Observation& what) {
  try {
    const Shown before = shown();
    looked_at_ = now();
    task::observe(task_, what, looked_at_);
    show_changes(before);
    react();
  } catch (const std::logic_error& e) {
    quarantine(e.what());
  }
}

void TaskActor::react() {
  ++state_;
  start_steps();
  leave_images();
  if (task_.ended() && !released_) {
    released_ = true;
    parts_.resources.release(task_.arn);
  }
  if (task_.ended() && !finishing_) {
    finishing_ = true;
    scope_.spawn("end of task " + std::string(task_.id()), finish());
  }
  arm_timer();
  note_waits();
  dirty_.pulse();
}

void TaskActor::note_waits() {
  std::vector<task::Wait> waits = task::waits_of(task_, now());
  task::keep_since(waits_, waits);
  waits_ = std::move(waits);
}

void TaskActor::start_steps() {
  for (const task::Step& step : task::plan(task_, now())) {
    if (step.kind == task::StepKind::kReport) {
      queue_report(task::take_report(task_));
      continue;
    }
    task::begin(task_, step, now());
    if (step.kind == task::StepKind::kInspect) {
      look(step.container, std::nullopt);
      continue;
    }
    base::Scope& scope = is_image_step(step.kind) ? image_scope_ : scope_;
    scope.spawn(std::string(task::to_string(step.kind)) + " " + target_of(step) + " of task " + std::string(task_.id()),
                run_step(step));
  }
}

/// An image that no container of the task waits for any more is not pulled to the end.
void TaskActor::leave_images() {
  if (task_.desired != task::TaskStatus::kStopped || image_scope_.size() == 0) return;
  const bool awaited = std::ranges::any_of(task_.containers,
                                           [](const task::Container& c) { return c.doing && is_image_step(*c.doing); });
  if (!awaited) image_scope_.cancel();
}

void TaskActor::arm_timer() {
  const auto wake = task::next_wake(task_, looked_at_);
  timer_.reset();
  if (!wake) return;
  const base::Duration delay = std::max(*wake - now(), base::Duration::zero());
  timer_ = parts_.clock.call_after(delay, [this] { tell(task::Tick{}); });
}

void TaskActor::quarantine(const std::string& problem) {
  if (quarantined_) return;
  // Whatever is wrong is in this task's state: its containers are left as they are, and the others go on.
  quarantined_ = true;
  waits_ = {{"", "its state makes no sense, so it is left alone: " + problem, now()}};
  log::critical("The task's state makes no sense; it is left alone from now on",
                {{"task", task_.id()}, {"error", problem}});
  task::Report report{.status = task::TaskStatus::kStopped,
                      .reason = std::string("TaskStateError: internal error: ") + problem};
  parts_.resources.release(task_.arn);
  parts_.reporter.send({.request = request_of(task_, report, parts_.settings)});
}

base::Async<> TaskActor::stop() {
  if (!started_) co_return;
  parts_.resources.release(task_.arn);
  timer_.reset();
  scope_.cancel();
  image_scope_.cancel();
  co_await scope_.join();
  co_await image_scope_.join();
}

}  // namespace ecs::engine
