#include "task/task.hpp"

#include "base/text.hpp"

namespace ecs::task {

std::string_view Task::id() const { return base::last_arn_part(arn); }

std::optional<std::size_t> Task::find(std::string_view container) const {
  for (std::size_t i = 0; i < containers.size(); ++i) {
    if (containers[i].name == container) return i;
  }
  return std::nullopt;
}

}  // namespace ecs::task
