#include "engine/task_rows.hpp"

#include <functional>
#include <utility>

#include "engine/rows.hpp"

namespace ecs::engine {

namespace {

std::string name_of(const store::Write& row) { return std::string(store::to_string(row.table)) + "/" + row.key; }

}  // namespace

std::vector<store::Write> TaskRows::changed(const task::Task& task) const {
  std::vector<store::Write> rows = rows_of(task);
  std::erase_if(rows, [&](const store::Write& row) {
    const auto found = hashes_.find(name_of(row));
    return found != hashes_.end() && found->second == std::hash<std::string>()(*row.content);
  });
  return rows;
}

void TaskRows::saved(const std::vector<store::Write>& rows) {
  for (const store::Write& row : rows) {
    if (row.content) hashes_[name_of(row)] = std::hash<std::string>()(*row.content);
  }
}

}  // namespace ecs::engine
