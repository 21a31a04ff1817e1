#include "store/memory_store.hpp"

#include <gtest/gtest.h>

#include "base/loop.hpp"

namespace ecs::store {
namespace {

TEST(MemoryStore, HoldsRowsInKeyOrder) {
  base::Loop loop;
  MemoryStore store;
  loop.run_until_done(
      store.commit({{Table::kTasks, "\xff", "3"}, {Table::kTasks, "b", "2"}, {Table::kTasks, "a", "1"}}));
  EXPECT_EQ(store.load(Table::kTasks), (std::vector<Row>{{"a", "1"}, {"b", "2"}, {"\xff", "3"}}));
  EXPECT_TRUE(store.load(Table::kMetadata).empty());
}

TEST(MemoryStore, LaterWritesOfABatchCount) {
  base::Loop loop;
  MemoryStore store;
  loop.run_until_done(
      store.commit({{Table::kTasks, "a", "1"}, {Table::kTasks, "a", std::nullopt}, {Table::kTasks, "b", "2"}}));
  EXPECT_EQ(store.load(Table::kTasks), (std::vector<Row>{{"b", "2"}}));
}

}  // namespace
}  // namespace ecs::store
