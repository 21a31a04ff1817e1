#include "store/store.hpp"

namespace ecs::store {

std::string_view to_string(Table table) noexcept {
  switch (table) {
    case Table::kTasks:
      return "tasks";
    case Table::kContainers:
      return "containers";
    case Table::kImages:
      return "images";
    case Table::kMetadata:
      return "metadata";
    case Table::kAttachments:
      return "attachments";
  }
  return "unknown";
}

}  // namespace ecs::store
