// The state database: rows of bytes in named tables, durable before anyone acts on them.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/async.hpp"

namespace ecs::store {

enum class Table { kTasks, kContainers, kImages, kMetadata, kAttachments };

/// One change: the row's new content, or nothing to delete it.
struct Write {
  Table table;
  std::string key;
  std::optional<std::string> content;
};

struct Row {
  std::string key;
  std::string content;
};

/// Proof that a batch is durable. Only a Store can make one; a step whose effect must not be forgotten asks for it.
class Committed {
 private:
  Committed() = default;
  friend class Store;
};

/// The database cannot be opened, read or written. The message names the file and the cause.
class Error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  /// All of the batch or nothing, on disk when it returns. Batches take effect in the order of the calls. Throws
  /// Error; the batch has then not taken effect.
  virtual base::Async<Committed> commit(std::vector<Write> batch) = 0;

  /// All rows of a table in key order, as of the last commit. For start-up; blocks.
  [[nodiscard]] virtual std::vector<Row> load(Table table) = 0;

 protected:
  static Committed committed() { return {}; }
};

}  // namespace ecs::store
