// Inside of observe(): draws the conclusions for one observation. observe.cpp takes what steps say, observe_exit.cpp
// what containers look like, settle.cpp what follows for the task.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "task/observation.hpp"
#include "task/task.hpp"

namespace ecs::task {

/// Draws the conclusions for one observation.
class Observer {
 public:
  Observer(Task& task, base::WallTime now) : task_(task), now_(now) {}

  void operator()(const Wanted& what) { task_.desired = std::max(task_.desired, what.status); }
  void operator()(const Admitted&) { task_.admitted = true; }
  void operator()(const Unfit& what) {
    if (task_.reason.empty()) task_.reason = what.reason;
    task_.desired = TaskStatus::kStopped;
  }
  void operator()(const Resolved& what);
  void operator()(const PullStarted& what);
  void operator()(const Pulled& what);
  void operator()(const Seen& what);
  void operator()(const StepFailed& what);
  void operator()(const Vanished& what);
  void operator()(const Recovered& what);
  void operator()(const ResourceChecked& what);
  void operator()(const ResourceCreated& what) { end_resource_step(what.resource).known = ResourceStatus::kCreated; }
  void operator()(const ResourceFailed& what);
  void operator()(const ResourceRemoved& what) { end_resource_step(what.resource).known = ResourceStatus::kRemoved; }
  void operator()(const Tick&) {}
  void operator()(const Drain&);
  void operator()(const ReportSent& what);

  void settle();
  void collect_unsent();
  void restart_poll();

 private:
  [[nodiscard]] Container& at(std::size_t container) { return task_.containers.at(container); }
  [[nodiscard]] UnixNanos now() const { return nanos(now_); }

  Resource& end_resource_step(std::size_t resource);
  void never_ran(std::string reason);
  void advance(Container& c, ContainerStatus status);
  void collect(const Container& c);
  void end_step(Container& c, StepKind step);
  static void leave_image_step(Container& c);
  void refresh(Container& c, const Facts& facts);
  void note_health(Container& c, const Facts& facts);
  void after_stopped(Container& c, const Facts& facts);
  void ended(Container& c, const Exit& exit);
  bool restarts(Container& c, const Seen& what);
  void note_restart(Container& c, const Facts& facts);
  void undo_restart(Container& c);
  static void forget_restart(Container& c);
  void restart_failed(Container& c, const StepFailed& what);
  void image_failed(Container& c, const StepFailed& what);
  void stop_failed(Container& c, const StepFailed& what);
  void derive_desired();
  bool end_unstarted();
  bool give_up_blocked();
  bool drop_restarts();
  void derive_known();
  void report();

  Task& task_;
  base::WallTime now_;
  bool recovering_ = false;
};

/// The first error of a container is that of its life.
inline void keep_error(Container& c, const Error& error) {
  if (!c.error) c.error = error;
}

}  // namespace ecs::task
