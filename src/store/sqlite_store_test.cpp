#include "store/sqlite_store.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <random>
#include <set>
#include <string>

#include "base/scope.hpp"

namespace ecs::store {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

Write put(std::string key, std::string content, Table table = Table::kTasks) {
  return {table, std::move(key), std::move(content)};
}

class SqliteStoreTest : public ::testing::Test {
 protected:
  SqliteStoreTest() {
    std::string name = (fs::temp_directory_path() / "ecs-store-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) std::abort();
    directory_ = name;
  }
  ~SqliteStoreTest() override {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }

  [[nodiscard]] fs::path file() const { return directory_ / kFileName; }

  [[nodiscard]] std::unique_ptr<SqliteStore> open() {
    return std::make_unique<SqliteStore>(loop_, directory_, SqliteOptions{.lock_wait = std::chrono::milliseconds(0)});
  }

  void commit(Store& store, std::vector<Write> batch) { loop_.run_until_done(store.commit(std::move(batch))); }

  /// The message of the Error that opening throws.
  std::string open_error() {
    try {
      const auto store = open();
    } catch (const Error& e) {
      return e.what();
    }
    return "no error";
  }

  void write_raw(std::string_view bytes) { std::ofstream(file(), std::ios::binary) << bytes; }

  /// Changes the file as another program would.
  void execute(const std::string& sql) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(file().c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK) << sqlite3_errmsg(db);
    sqlite3_close(db);
  }

  fs::path directory_;
  base::Loop loop_;
};

TEST_F(SqliteStoreTest, KeepsRowsAcrossReopening) {
  {
    const auto store = open();
    commit(*store, {put("b", "2"), put("a", "1"), put("x", "image", Table::kImages)});
    commit(*store, {put("a", "one"), {Table::kTasks, "never there", std::nullopt}});
  }
  const auto store = open();
  EXPECT_EQ(store->load(Table::kTasks), (std::vector<Row>{{"a", "one"}, {"b", "2"}}));
  EXPECT_EQ(store->load(Table::kImages), (std::vector<Row>{{"x", "image"}}));
  EXPECT_TRUE(store->load(Table::kContainers).empty());
  commit(*store, {{Table::kTasks, "a", std::nullopt}});
  EXPECT_EQ(store->load(Table::kTasks), (std::vector<Row>{{"b", "2"}}));
}

TEST_F(SqliteStoreTest, KeepsAnyBytes) {
  const std::string key("k\0\xff", 3);
  const std::string content("\0\x01\xfe\xff", 4);
  {
    const auto store = open();
    commit(*store, {put(key, content), put("empty", "")});
  }
  EXPECT_EQ(open()->load(Table::kTasks), (std::vector<Row>{{"empty", ""}, {key, content}}));
}

TEST_F(SqliteStoreTest, FilesArePrivate) {
  const auto store = open();
  commit(*store, {put("a", "1")});
  std::set<std::string> seen;
  for (const auto& entry : fs::directory_iterator(directory_)) {
    struct stat status{};
    ASSERT_EQ(::stat(entry.path().c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07777, 0600U) << entry.path();
    seen.insert(entry.path().filename().string());
  }
  // Held by one process there is no shared memory file.
  EXPECT_EQ(seen, (std::set<std::string>{"ecs-agent.sqlite", "ecs-agent.sqlite-wal"}));
}

TEST_F(SqliteStoreTest, TakesBackAModeThatIsTooOpen) {
  open().reset();
  fs::permissions(file(), fs::perms::owner_all | fs::perms::group_read | fs::perms::others_read);
  open().reset();
  EXPECT_EQ(fs::status(file()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(SqliteStoreTest, OrderIsThatOfTheCalls) {
  const auto store = open();
  // Awaited in the reverse order.
  auto first = store->commit({put("a", "first")});
  auto second = store->commit({put("a", "second")});
  loop_.run_until_done(std::move(second));
  loop_.run_until_done(std::move(first));
  EXPECT_EQ(store->load(Table::kTasks), (std::vector<Row>{{"a", "second"}}));
}

TEST_F(SqliteStoreTest, ABatchThatNobodyAwaitsTakesEffect) {
  {
    const auto store = open();
    const auto ignored = store->commit({put("a", "1")});
  }
  EXPECT_EQ(open()->load(Table::kTasks), (std::vector<Row>{{"a", "1"}}));
}

TEST_F(SqliteStoreTest, ACancelledCallerDoesNotUndoItsBatch) {
  {
    const auto store = open();
    base::Scope scope(loop_.executor());
    auto work = [](SqliteStore& s) -> base::Async<> { co_await s.commit({put("a", "1")}); };
    scope.spawn("commit", work(*store));
    loop_.poll();
    scope.cancel();
    loop_.run_until_done(scope.join());
  }
  EXPECT_EQ(open()->load(Table::kTasks), (std::vector<Row>{{"a", "1"}}));
}

TEST_F(SqliteStoreTest, ManyCommitsShareFewTransactions) {
  constexpr int kCount = 2000;
  const auto store = open();
  base::Scope scope(loop_.executor());
  std::vector<int> finished;
  auto work = [](SqliteStore& s, std::vector<int>& out, int i) -> base::Async<> {
    co_await s.commit({put(std::to_string(i), "x")});
    out.push_back(i);
  };
  for (int i = 0; i < kCount; ++i) scope.spawn("commit", work(*store, finished, i));
  loop_.run_until_done(scope.join());
  const auto counters = store->counters();
  EXPECT_EQ(counters.batches, static_cast<std::uint64_t>(kCount));
  EXPECT_LT(counters.transactions, 200U);
  EXPECT_EQ(store->load(Table::kTasks).size(), static_cast<std::size_t>(kCount));
  EXPECT_TRUE(std::ranges::is_sorted(finished)) << "results come back in the order of the calls";
}

TEST_F(SqliteStoreTest, OneAgentOnly) {
  const auto store = open();
  EXPECT_THAT(open_error(),
              AllOf(HasSubstr(file().string()), HasSubstr("another process holds it"), HasSubstr("one agent only")));
}

TEST_F(SqliteStoreTest, OneProcessOnly) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    base::Loop loop;
    const SqliteStore store(loop, directory_);
    [[maybe_unused]] const auto n = ::write(ready[1], "x", 1);
    while (true) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  EXPECT_THAT(open_error(), HasSubstr("another process holds it"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(open_error(), "no error");
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST_F(SqliteStoreTest, NoDirectory) {
  directory_ /= "missing";
  EXPECT_THAT(open_error(),
              AllOf(HasSubstr(file().string()), HasSubstr("does not exist"), HasSubstr("ECS_DATADIR must name")));
}

TEST_F(SqliteStoreTest, NotADatabase) {
  write_raw(std::string(5000, 'x'));
  EXPECT_THAT(open_error(), AllOf(HasSubstr(file().string()), HasSubstr("not a database"), HasSubstr("move it away")));
}

TEST_F(SqliteStoreTest, NotAFile) {
  fs::create_directory(file());
  EXPECT_THAT(open_error(), AllOf(HasSubstr(file().string()), HasSubstr("is not a regular file")));
}

TEST_F(SqliteStoreTest, AnEmptyFileIsANewDatabase) {
  write_raw("");
  const auto store = open();
  commit(*store, {put("a", "1")});
}

TEST_F(SqliteStoreTest, AnotherProgramsDatabase) {
  execute("CREATE TABLE songs(title)");
  EXPECT_THAT(open_error(), AllOf(HasSubstr(file().string()), HasSubstr("not a state database of this agent")));
}

TEST_F(SqliteStoreTest, ANewerSchema) {
  open().reset();
  execute("PRAGMA user_version=2");
  EXPECT_THAT(open_error(),
              AllOf(HasSubstr(file().string()), HasSubstr("newer version"), HasSubstr("schema 2, this one knows 1")));
}

TEST_F(SqliteStoreTest, ADamagedFileIsAnErrorAndNoCrash) {
  {
    const auto store = open();
    for (int i = 0; i < 50; ++i) commit(*store, {put(std::to_string(i), std::string(2000, 'x'))});
  }
  const auto size = fs::file_size(file());
  {
    std::fstream raw(file(), std::ios::binary | std::ios::in | std::ios::out);
    raw.seekp(4096);
    raw << std::string(size - 4096, '\x5a');
  }
  std::string message;
  try {
    const auto store = open();
    (void)store->load(Table::kTasks);
  } catch (const Error& e) {
    message = e.what();
  }
  EXPECT_THAT(message, AllOf(HasSubstr(file().string()), HasSubstr("malformed"), HasSubstr("move it away")));
}

/// While it lives, no file of this process can grow beyond `bytes`.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    handler_ = std::signal(SIGXFSZ, SIG_IGN);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, handler_);
  }

 private:
  rlimit before_{};
  void (*handler_)(int) = nullptr;
};

TEST_F(SqliteStoreTest, WithoutRoomTheBatchIsRefusedAndTheRestGoesOn) {
  {
    const auto store = open();
    commit(*store, {put("small", "1")});
    {
      const FileSizeLimit limit(300000);
      try {
        commit(*store, {put("first", "1"), put("large", std::string(1000000, 'x'))});
        ADD_FAILURE() << "must not fit";
      } catch (const Error& e) {
        EXPECT_THAT(e.what(), HasSubstr(file().string()));
      }
    }
    EXPECT_EQ(store->load(Table::kTasks).size(), 1U);
    EXPECT_EQ(store->counters().failures, 1U);
    commit(*store, {put("later", "2")});
  }
  EXPECT_EQ(open()->load(Table::kTasks), (std::vector<Row>{{"later", "2"}, {"small", "1"}}));
}

TEST_F(SqliteStoreTest, ABadBatchTakesNoOtherDown) {
  const auto store = open();
  base::Scope scope(loop_.executor());
  std::vector<std::string> ended;
  auto work = [](SqliteStore& s, std::vector<std::string>& out, std::string key, std::size_t size) -> base::Async<> {
    try {
      co_await s.commit({put(key, std::string(size, 'x'))});
      out.push_back(key);
    } catch (const Error& e) {
      out.push_back(e.what());
    }
  };
  // Beyond the limit of 64 MiB for one row.
  scope.spawn("a", work(*store, ended, "a", 10));
  scope.spawn("big", work(*store, ended, "big", 65U << 20U));
  scope.spawn("b", work(*store, ended, "b", 10));
  loop_.run_until_done(scope.join());
  ASSERT_EQ(ended.size(), 3U);
  EXPECT_EQ(ended[0], "a");
  EXPECT_THAT(ended[1], HasSubstr("too big"));
  EXPECT_EQ(ended[2], "b");
  EXPECT_EQ(store->load(Table::kTasks).size(), 2U);
}

/// Commits batch after batch, several at a time, and writes the number of each to `out` once it is durable.
[[noreturn]] void commit_until_killed(const fs::path& directory, int out) {
  base::Loop loop;
  SqliteStore store(loop, directory);
  base::Scope scope(loop.executor());
  int next = static_cast<int>(store.load(Table::kTasks).size());
  auto work = [&store, &next, out]() -> base::Async<> {
    while (true) {
      const int number = next++;
      const auto key = fmt::format("{:08}", number);
      co_await store.commit({put(key, "task"), put(key, std::string(500, 'c'), Table::kContainers)});
      [[maybe_unused]] const auto n = ::write(out, &number, sizeof number);
    }
  };
  for (int i = 0; i < 4; ++i) scope.spawn("worker", work());
  loop.run();
  std::abort();
}

TEST_F(SqliteStoreTest, SurvivesKill9InTheMiddleOfCommits) {
  std::mt19937 random(7);
  std::set<int> told;
  for (int round = 0; round < 10; ++round) {
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) commit_until_killed(directory_, pipe[1]);
    ::close(pipe[1]);
    const unsigned count = 1 + random() % 60;
    int number = 0;
    for (unsigned i = 0; i < count && ::read(pipe[0], &number, sizeof number) == sizeof number; ++i)
      told.insert(number);
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    while (::read(pipe[0], &number, sizeof number) == sizeof number) told.insert(number);
    ::close(pipe[0]);

    const auto store = open();
    const auto tasks = store->load(Table::kTasks);
    const auto containers = store->load(Table::kContainers);
    // Both rows of a batch or none, no gap in the order, and nothing missing that was said to be durable.
    ASSERT_EQ(tasks.size(), containers.size());
    for (std::size_t i = 0; i < tasks.size(); ++i) {
      ASSERT_EQ(tasks[i].key, fmt::format("{:08}", i));
      ASSERT_EQ(containers[i].key, tasks[i].key);
    }
    ASSERT_FALSE(told.empty());
    EXPECT_GT(static_cast<int>(tasks.size()), *told.rbegin());
  }
}

}  // namespace
}  // namespace ecs::store
