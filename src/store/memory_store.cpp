#include "store/memory_store.hpp"

#include <utility>

namespace ecs::store {

void Rows::apply(std::vector<Write> batch) {
  for (Write& write : batch) {
    Content& rows = tables_.at(static_cast<std::size_t>(write.table));
    if (write.content) {
      rows.insert_or_assign(std::move(write.key), *std::move(write.content));
    } else {
      rows.erase(write.key);
    }
  }
}

std::vector<Row> Rows::list(Table table) const {
  std::vector<Row> rows;
  for (const auto& [key, content] : of(table)) rows.push_back({key, content});
  return rows;
}

namespace {

base::Async<Committed> done(Committed proof) { co_return proof; }

}  // namespace

base::Async<Committed> MemoryStore::commit(std::vector<Write> batch) {
  rows_.apply(std::move(batch));
  return done(committed());
}

}  // namespace ecs::store
