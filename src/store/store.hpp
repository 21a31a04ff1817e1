// The state database: rows of bytes in named tables, durable before anyone acts on them.
#pragma once

#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/async.hpp"

namespace ecs::store {

enum class Table { kTasks, kContainers, kImages, kMetadata, kAttachments };
inline constexpr std::array kTables = {Table::kTasks, Table::kContainers, Table::kImages, Table::kMetadata,
                                       Table::kAttachments};

/// `tasks`, `containers`, `images`, `metadata`, `attachments`.
[[nodiscard]] std::string_view to_string(Table table) noexcept;

/// One change: the row's new content, or nothing to delete it. Deleting a row that is not there is no error.
struct Write {
  Table table;
  std::string key;
  std::optional<std::string> content;
};

struct Row {
  std::string key;
  std::string content;
  friend bool operator==(const Row&, const Row&) = default;
};

/// Proof that a batch is durable. Only a Store can make one; a step whose effect must not be forgotten asks for it.
class Committed {
 private:
  Committed() = default;
  friend class Store;
};

/// The database cannot be opened, read or written. The message names the file, the cause, and what to do about it.
class Error : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;

  /// All of the batch or nothing, on disk when it returns. The batch takes its place with the call, not when it is
  /// awaited: batches take effect in the order of the calls, and one whose caller is cancelled, or never awaits it,
  /// still takes effect. Throws Error; the batch has then not taken effect. Within a batch a later write to the same
  /// row counts.
  [[nodiscard]] virtual base::Async<Committed> commit(std::vector<Write> batch) = 0;

  /// All rows of a table in byte order of their keys, as of the last commit that returned. For start-up; blocks.
  /// Throws Error.
  [[nodiscard]] virtual std::vector<Row> load(Table table) = 0;

 protected:
  static Committed committed() { return {}; }
};

}  // namespace ecs::store
