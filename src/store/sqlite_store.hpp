// The state database in a file: `<ECS_DATADIR>/ecs-agent.sqlite`.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/loop.hpp"
#include "store/store.hpp"

namespace ecs::store {

inline constexpr const char* kFileName = "ecs-agent.sqlite";

struct SqliteOptions {
  /// How long the constructor waits for a former agent that is about to end.
  std::chrono::milliseconds lock_wait{1000};
  std::string file_name = kFileName;
};

/// One thread writes: whatever waits when it is free goes into one transaction, in order. A batch that fails in a group
/// is tried once more by itself, so that it takes no other down.
class SqliteStore final : public Store {
 public:
  /// Opens or makes the file in `directory`, which must exist; see Database for the errors. Results come back on
  /// `loop`, which must outlive the store. Blocks.
  SqliteStore(base::Loop& loop, const std::filesystem::path& directory, SqliteOptions options = {});

  /// Writes what waits, then lets go of the file. Nobody may be waiting in commit() any more unless the loop never runs
  /// again.
  ~SqliteStore() override;

  base::Async<Committed> commit(std::vector<Write> batch) override;
  std::vector<Row> load(Table table) override;

  struct Counters {
    std::uint64_t batches = 0;       ///< Written.
    std::uint64_t transactions = 0;  ///< It took for them.
    std::uint64_t failures = 0;      ///< Batches that were refused.
  };
  [[nodiscard]] Counters counters() const;

 private:
  struct Ticket;
  struct Impl;
  static base::Async<Committed> wait(std::shared_ptr<Ticket> ticket);
  std::unique_ptr<Impl> impl_;
};

}  // namespace ecs::store
