// Which rows of a task differ from what the database holds.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <vector>

#include "store/store.hpp"
#include "task/task.hpp"

namespace ecs::engine {

class TaskRows {
 public:
  /// The rows of the task that are not as they were when saved() was told of them last.
  [[nodiscard]] std::vector<store::Write> changed(const task::Task& task) const;

  void saved(const std::vector<store::Write>& rows);

 private:
  std::map<std::string, std::size_t> hashes_;  ///< Of what is durable, by table and key.
};

}  // namespace ecs::engine
