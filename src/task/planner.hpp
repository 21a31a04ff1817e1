// The rules of a task's life, as pure functions: no I/O, no clock, no globals.
//
//   observe(task, what happened, now)   draws the conclusions: statuses, errors, reports to send
//   plan(task, now)                     the steps that are possible and not under way
//   begin(task, step, now)              notes that a step is under way
//
// The same task and time always give the same steps. Every status moves forward only.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "base/clock.hpp"
#include "task/observation.hpp"
#include "task/task.hpp"

namespace ecs::task {

struct Step {
  StepKind kind = StepKind::kReport;
  std::size_t container = 0;  ///< Index; of the resource for kCheckResource and kCreateResource; unused for kReport.
  friend bool operator==(const Step&, const Step&) = default;
};

/// Applies one observation and everything that follows from it. Never throws for any order of observations; one that
/// says nothing new changes nothing. A container index out of range is a broken invariant: std::logic_error.
void observe(Task& task, const Observation& what, base::WallTime now);

/// What is to be done now. A container has at most one step under way, kInspect aside. A step is not repeated once
/// begin() noted it, until an observation ends it.
[[nodiscard]] std::vector<Step> plan(const Task& task, base::WallTime now);

/// Marks the step as under way (kInspect: moves the next poll; kReport: nothing, see take_report).
void begin(Task& task, const Step& step, base::WallTime now);

/// The oldest report of the outbox, removed from it. The outbox must not be empty.
[[nodiscard]] Report take_report(Task& task);

/// True when sending the report would tell the control plane something that it has not accepted yet.
[[nodiscard]] bool adds_something(const Task& task, const Report& report);

/// When observe(Tick) and plan() should be called again if nothing else happens; nothing when never. `looked`: the time
/// with which observe() was called last. What was due by then is under way or waits for something else.
[[nodiscard]] std::optional<base::WallTime> next_wake(const Task& task, base::WallTime looked = {});

/// After a restart: collects again what is known and was not accepted, and derives what follows from the rows.
void resume(Task& task, base::WallTime now);

}  // namespace ecs::task
