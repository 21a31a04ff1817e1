// Commits per second, one at a time and in groups, beside what SQLite and the device allow in the same run.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "base/scope.hpp"
#include "store/sqlite_store.hpp"

namespace ecs::store {
namespace {

const std::string kContent(3000, 'x');

class Directory {
 public:
  Directory() {
    const char* base = std::getenv("ECS_BENCH_DIR");
    std::string name = std::string(base == nullptr ? "/var/tmp" : base) + "/ecs-store-bench-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

std::vector<Write> batch(std::size_t i) { return {{Table::kTasks, std::to_string(i % 100), kContent}}; }

/// The device alone: 3 KB appended and synchronised.
void limit_fdatasync(benchmark::State& state) {
  const Directory directory;
  const int fd = ::open((directory.path() / "raw").c_str(), O_CREAT | O_RDWR | O_CLOEXEC, 0600);
  std::size_t offset = 0;
  for (auto _ : state) {
    if (::pwrite(fd, kContent.data(), kContent.size(), static_cast<off_t>(offset)) < 0 || ::fdatasync(fd) != 0) {
      state.SkipWithError("cannot write");
    }
    offset = (offset + kContent.size()) % 4'000'000;
  }
  ::close(fd);
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(limit_fdatasync)->UseRealTime();

/// SQLite alone: one transaction per row, or one for many, without threads or coroutines.
void limit_sqlite(benchmark::State& state) {
  const Directory directory;
  sqlite3* db = nullptr;
  sqlite3_open((directory.path() / "raw.sqlite").c_str(), &db);
  sqlite3_exec(db,
               "PRAGMA locking_mode=EXCLUSIVE; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
               "CREATE TABLE t(key TEXT NOT NULL PRIMARY KEY, content BLOB NOT NULL)",
               nullptr, nullptr, nullptr);
  sqlite3_stmt* put = nullptr;
  sqlite3_prepare_v2(db, "INSERT OR REPLACE INTO t VALUES(?1, ?2)", -1, &put, nullptr);
  std::size_t i = 0;
  for (auto _ : state) {
    sqlite3_exec(db, "BEGIN", nullptr, nullptr, nullptr);
    for (auto n = state.range(0); n > 0; --n) {
      const auto key = std::to_string(i++ % 100);
      sqlite3_bind_text(put, 1, key.data(), static_cast<int>(key.size()), SQLITE_STATIC);
      sqlite3_bind_blob(put, 2, kContent.data(), static_cast<int>(kContent.size()), SQLITE_STATIC);
      sqlite3_step(put);
      sqlite3_reset(put);
    }
    sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr);
  }
  sqlite3_finalize(put);
  sqlite3_close(db);
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(limit_sqlite)->Arg(1)->Arg(100)->UseRealTime();

/// The store: as many commits at once as the argument says, each awaited.
void commits(benchmark::State& state) {
  const Directory directory;
  base::Loop loop;
  SqliteStore store(loop, directory.path());
  std::size_t i = 0;
  auto one = [&store](std::size_t n) -> base::Async<> { co_await store.commit(batch(n)); };
  for (auto _ : state) {
    base::Scope scope(loop.executor());
    for (auto n = state.range(0); n > 0; --n) scope.spawn("commit", one(i++));
    loop.run_until_done(scope.join());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
  const auto counters = store.counters();
  state.counters["batches_per_transaction"] =
      static_cast<double>(counters.batches) / static_cast<double>(counters.transactions);
}
BENCHMARK(commits)->Arg(1)->Arg(10)->Arg(100)->Arg(1000)->UseRealTime();

}  // namespace
}  // namespace ecs::store
