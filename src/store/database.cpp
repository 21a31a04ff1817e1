#include "store/database.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <string_view>
#include <system_error>
#include <utility>

namespace ecs::store {

namespace {

/// Marks the file as ours: "ECSa".
constexpr std::int64_t kApplicationId = 0x45435361;
/// Raised with every change that an older program could not read.
constexpr std::int64_t kSchemaVersion = 1;
constexpr mode_t kMode = 0600;
/// No row comes near this; one beyond it is a fault that must not eat the machine's memory.
constexpr int kMaxRow = 64 << 20;

constexpr std::string_view kMoveAway = "restore it, or move it away to start with no saved state";

struct CloseDatabase {
  void operator()(sqlite3* db) const noexcept { sqlite3_close_v2(db); }
};
struct Finalize {
  void operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }
};
using Connection = std::unique_ptr<sqlite3, CloseDatabase>;
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

std::string os_message(int error) { return std::generic_category().message(error); }

/// What to say after SQLite's own words, so that a person knows what to do.
std::string_view advice(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
      return "another process holds it; a data directory is for one agent only";
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      return kMoveAway;
    case SQLITE_FULL:
      return "make room on the device";
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      return "the agent must be able to write the file and its directory";
    default:
      return {};
  }
}

}  // namespace

bool DatabaseError::concerns_the_batch() const noexcept {
  switch (code_ & 0xff) {
    case SQLITE_TOOBIG:
    case SQLITE_FULL:
    case SQLITE_NOMEM:
    case SQLITE_CONSTRAINT:
      return true;
    default:
      return false;
  }
}

struct Database::Impl {
  std::filesystem::path file;
  // Statements go before the connection they belong to.
  Connection db;
  std::array<Statement, kTables.size()> puts;
  std::array<Statement, kTables.size()> drops;
  Statement begin;
  Statement commit;

  [[noreturn]] void fail(int code, std::string_view doing) const {
    const auto* words = db ? sqlite3_errmsg(db.get()) : sqlite3_errstr(code);
    const auto hint = advice(code);
    throw DatabaseError(fmt::format("{}: {}: {}{}{}", file.string(), doing, words, hint.empty() ? "" : "; ", hint),
                        code);
  }

  void check(int code, std::string_view doing) const {
    if (code != SQLITE_OK) fail(code, doing);
  }

  Statement prepare(std::string_view sql, std::string_view doing) const {
    sqlite3_stmt* statement = nullptr;
    check(sqlite3_prepare_v3(db.get(), sql.data(), static_cast<int>(sql.size()), SQLITE_PREPARE_PERSISTENT, &statement,
                             nullptr),
          doing);
    return Statement(statement);
  }

  /// Runs a statement that gives no rows and leaves it ready to run again.
  void run(const Statement& statement, std::string_view doing) const {
    const int code = sqlite3_step(statement.get());
    if (code != SQLITE_DONE && code != SQLITE_ROW) {
      // fail() reads the message, which the reset would keep, but it must not stay half run.
      const int extended = sqlite3_extended_errcode(db.get());
      sqlite3_reset(statement.get());
      fail(extended, doing);
    }
    sqlite3_reset(statement.get());
  }

  void execute(std::string_view sql, std::string_view doing) const { run(prepare(sql, doing), doing); }

  std::string pragma(std::string_view sql) const {
    const auto statement = prepare(sql, "cannot be opened");
    const int code = sqlite3_step(statement.get());
    if (code == SQLITE_DONE) return {};
    if (code != SQLITE_ROW) fail(sqlite3_extended_errcode(db.get()), "cannot be opened");
    const auto* text = sqlite3_column_text(statement.get(), 0);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement.get(), 0));
    return text == nullptr ? std::string() : std::string(reinterpret_cast<const char*>(text), size);
  }

  std::int64_t number(std::string_view sql) const {
    const auto statement = prepare(sql, "cannot be read");
    if (sqlite3_step(statement.get()) != SQLITE_ROW) fail(sqlite3_extended_errcode(db.get()), "cannot be read");
    return sqlite3_column_int64(statement.get(), 0);
  }

  void make_file() const;
  void open(std::chrono::milliseconds lock_wait);
  void check_schema();
  void make_schema();
  void prepare_writes();
  void write(const Write& write) const;
};

void Database::Impl::make_file() const {
  const auto directory = file.parent_path();
  std::error_code ignored;
  if (!std::filesystem::is_directory(directory, ignored)) {
    throw Error(fmt::format("{}: the directory {} does not exist; ECS_DATADIR must name one that does", file.string(),
                            directory.string()));
  }
  // Made here and not by SQLite, which would make it readable for others. An existing file is never opened and closed
  // here: closing any descriptor of it would drop the locks of this process.
  const int fd = ::open(file.c_str(), O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, kMode);
  if (fd >= 0) {
    ::close(fd);
    return;
  }
  if (errno != EEXIST) throw Error(fmt::format("{}: cannot be created: {}", file.string(), os_message(errno)));
  struct stat status{};
  if (::stat(file.c_str(), &status) != 0) {
    throw Error(fmt::format("{}: cannot be read: {}", file.string(), os_message(errno)));
  }
  if (!S_ISREG(status.st_mode)) throw Error(fmt::format("{}: is not a regular file", file.string()));
  if ((status.st_mode & 07777) != kMode && ::chmod(file.c_str(), kMode) != 0) {
    throw Error(fmt::format("{}: cannot be made private (mode 0600): {}", file.string(), os_message(errno)));
  }
}

void Database::Impl::open(std::chrono::milliseconds lock_wait) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(file.c_str(), &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  db.reset(opened);
  check(code, "cannot be opened");
  sqlite3_extended_result_codes(db.get(), 1);
  sqlite3_limit(db.get(), SQLITE_LIMIT_LENGTH, kMaxRow);
  check(sqlite3_busy_timeout(db.get(), static_cast<int>(lock_wait.count())), "cannot be opened");
  // With the lock held for the life of the process there is no shared memory file, and a second agent finds the file
  // busy at once.
  pragma("PRAGMA locking_mode=EXCLUSIVE");
  if (const auto mode = pragma("PRAGMA journal_mode=WAL"); mode != "wal") {
    throw Error(
        fmt::format("{}: cannot be opened: the file system allows no write-ahead log ({})", file.string(), mode));
  }
  pragma("PRAGMA synchronous=FULL");
  pragma("PRAGMA mmap_size=0");
  pragma("PRAGMA cache_size=-256");
  pragma("PRAGMA temp_store=MEMORY");
  pragma("PRAGMA journal_size_limit=4194304");
  execute("BEGIN EXCLUSIVE", "cannot be opened");
  execute("COMMIT", "cannot be opened");
}

void Database::Impl::check_schema() {
  const auto application = number("PRAGMA application_id");
  const auto tables = number("SELECT count(*) FROM sqlite_schema");
  if (application == 0 && tables == 0) {
    make_schema();
    return;
  }
  if (application != kApplicationId) {
    throw Error(fmt::format("{}: is a database, but not a state database of this agent; {}", file.string(), kMoveAway));
  }
  const auto version = number("PRAGMA user_version");
  if (version > kSchemaVersion) {
    throw Error(
        fmt::format("{}: was written by a newer version of the agent (schema {}, this one knows {}); run that version, "
                    "or move the file away to start with no saved state",
                    file.string(), version, kSchemaVersion));
  }
}

void Database::Impl::make_schema() {
  // One transaction: a crash leaves either an empty file, which is made anew, or all of it.
  execute("BEGIN IMMEDIATE", "cannot be initialised");
  for (const Table table : kTables) {
    execute(fmt::format("CREATE TABLE {}(key TEXT NOT NULL PRIMARY KEY, content BLOB NOT NULL)", to_string(table)),
            "cannot be initialised");
  }
  execute(fmt::format("PRAGMA application_id={}", kApplicationId), "cannot be initialised");
  execute(fmt::format("PRAGMA user_version={}", kSchemaVersion), "cannot be initialised");
  execute("COMMIT", "cannot be initialised");
}

void Database::Impl::prepare_writes() {
  begin = prepare("BEGIN IMMEDIATE", "cannot be read");
  commit = prepare("COMMIT", "cannot be read");
  for (const Table table : kTables) {
    const auto index = static_cast<std::size_t>(table);
    puts.at(index) = prepare(fmt::format("INSERT INTO {}(key, content) VALUES(?1, ?2) "
                                         "ON CONFLICT(key) DO UPDATE SET content=excluded.content",
                                         to_string(table)),
                             "cannot be read");
    drops.at(index) = prepare(fmt::format("DELETE FROM {} WHERE key=?1", to_string(table)), "cannot be read");
  }
}

void Database::Impl::write(const Write& write) const {
  constexpr std::string_view doing = "cannot be written";
  const auto index = static_cast<std::size_t>(write.table);
  const auto& statement = write.content ? puts.at(index) : drops.at(index);
  // SQLITE_STATIC: the batch outlives the statement's run.
  check(sqlite3_bind_text64(statement.get(), 1, write.key.data(), write.key.size(), nullptr, SQLITE_UTF8), doing);
  if (write.content) {
    // A null pointer would bind NULL instead of an empty blob.
    const char* bytes = write.content->empty() ? "" : write.content->data();
    check(sqlite3_bind_blob64(statement.get(), 2, bytes, write.content->size(), nullptr), doing);
  }
  run(statement, doing);
}

Database::Database(std::filesystem::path file, std::chrono::milliseconds lock_wait) : impl_(std::make_unique<Impl>()) {
  impl_->file = std::move(file);
  impl_->make_file();
  impl_->open(lock_wait);
  impl_->check_schema();
  impl_->prepare_writes();
}

Database::~Database() = default;

void Database::apply(std::span<const std::vector<Write>* const> batches) {
  impl_->run(impl_->begin, "cannot be written");
  try {
    for (const auto* batch : batches) {
      for (const Write& write : *batch) impl_->write(write);
    }
    impl_->run(impl_->commit, "cannot be written");
  } catch (...) {
    // SQLite has rolled back by itself after some errors.
    if (sqlite3_get_autocommit(impl_->db.get()) == 0) {
      sqlite3_exec(impl_->db.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
    throw;
  }
}

std::vector<Row> Database::load(Table table) {
  std::vector<Row> rows;
  const auto statement =
      impl_->prepare(fmt::format("SELECT key, content FROM {} ORDER BY key", to_string(table)), "cannot be read");
  const auto column = [&](int index) {
    const auto* bytes = static_cast<const char*>(sqlite3_column_blob(statement.get(), index));
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement.get(), index));
    return bytes == nullptr ? std::string() : std::string(bytes, size);
  };
  int code = SQLITE_OK;
  while ((code = sqlite3_step(statement.get())) == SQLITE_ROW) rows.push_back({column(0), column(1)});
  if (code != SQLITE_DONE) impl_->fail(sqlite3_extended_errcode(impl_->db.get()), "cannot be read");
  return rows;
}

}  // namespace ecs::store
