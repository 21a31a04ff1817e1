// Tasks as rows of the state database: one row per task, one per container.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "store/store.hpp"
#include "task/task.hpp"

namespace ecs::engine {

/// `<task id>`, and `<task id>-<container name>`.
[[nodiscard]] store::Write task_row(const task::Task& task);
[[nodiscard]] store::Write container_row(const task::Task& task, std::size_t container);

/// The task's row, then those of its containers.
[[nodiscard]] std::vector<store::Write> rows_of(const task::Task& task);

/// Deletes all of them.
[[nodiscard]] std::vector<store::Write> deletions_of(const task::Task& task);

/// What could not be read. Its rows stay where they are.
struct LostRow {
  std::string key;
  std::string task;     ///< ARN when it is known.
  std::string problem;  ///< Which row and what is wrong with it.
};

struct LoadedTasks {
  std::vector<task::Task> tasks;  ///< In the order in which they were accepted.
  std::vector<LostRow> lost;
};

/// Reads every task of which all rows are there and readable. Throws store::Error.
[[nodiscard]] LoadedTasks load_tasks(store::Store& store);

/// A task that has not ended and has no cgroup, by its ARN; empty when there is none. Throws store::Error.
[[nodiscard]] std::string task_without_cgroup(store::Store& store);

}  // namespace ecs::engine
