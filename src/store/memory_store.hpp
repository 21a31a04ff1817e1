// State without checkpointing (ECS_CHECKPOINT=false): it lives as long as the process.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace ecs::store {

/// Rows in memory; what the memory store and the test fake have in common.
class Rows {
 public:
  using Content = std::map<std::string, std::string>;
  void apply(std::vector<Write> batch);
  [[nodiscard]] std::vector<Row> list(Table table) const;
  [[nodiscard]] const Content& of(Table table) const { return tables_.at(static_cast<std::size_t>(table)); }

 private:
  std::array<Content, kTables.size()> tables_;
};

class MemoryStore final : public Store {
 public:
  base::Async<Committed> commit(std::vector<Write> batch) override;
  std::vector<Row> load(Table table) override { return rows_.list(table); }

 private:
  Rows rows_;
};

}  // namespace ecs::store
