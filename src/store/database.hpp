// One open SQLite file: what SqliteStore's thread works on.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "store/store.hpp"

namespace ecs::store {

/// A failed database call, with SQLite's extended result code.
class DatabaseError : public Error {
 public:
  DatabaseError(const std::string& message, int code) : Error(message), code_(code) {}
  /// True when another batch may do better: this one is too large, or finds no room. False when the file itself or
  /// the device is at fault.
  [[nodiscard]] bool concerns_the_batch() const noexcept;

 private:
  int code_;
};

/// Not synchronised: one thread at a time.
class Database {
 public:
  /// Opens or makes the file, mode 0600, write-ahead log, full synchronisation, and holds it for this process alone.
  /// Waits at most `lock_wait` for another process to let go. Throws Error naming the file, what is wrong with it
  /// (no directory, no permission, held by another process, not a database, of another program, of a newer version)
  /// and what to do.
  Database(std::filesystem::path file, std::chrono::milliseconds lock_wait);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  /// All the batches, in order, in one transaction: durable when it returns. Throws DatabaseError; none of them has
  /// then taken effect.
  void apply(std::span<const std::vector<Write>* const> batches);

  /// Every row in byte order of the keys. Throws DatabaseError.
  [[nodiscard]] std::vector<Row> load(Table table);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ecs::store
