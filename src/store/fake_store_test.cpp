#include "store/testing/fake_store.hpp"

#include <gtest/gtest.h>

#include "base/loop.hpp"
#include "base/scope.hpp"

namespace ecs::store::testing {
namespace {

Write put(std::string key, std::string content) { return {Table::kTasks, std::move(key), std::move(content)}; }

/// Runs commits one after the other in a scope and notes how each ended.
class FakeStoreTest : public ::testing::Test {
 protected:
  ~FakeStoreTest() override {
    scope_.cancel();
    loop_.run_until_done(scope_.join());
  }

  void commit(std::string key) {
    scope_.spawn(key, note(store_.commit({put(key, key)}), key));
    while (loop_.poll() > 0) {
    }
  }

  base::Async<> note(base::Async<Committed> work, std::string key) {
    try {
      co_await std::move(work);
      ended_.push_back(key + " committed");
    } catch (const Crashed&) {
      ended_.push_back(key + " crashed");
    } catch (const Error& e) {
      ended_.push_back(key + " " + e.what());
    }
  }

  base::Loop loop_;
  base::VirtualClock clock_{loop_};
  base::Scope scope_{loop_.executor()};
  FakeStore store_;
  std::vector<std::string> ended_;
};

using Strings = std::vector<std::string>;

TEST_F(FakeStoreTest, AppliesInOrder) {
  commit("a");
  commit("b");
  EXPECT_EQ(ended_, (Strings{"a committed", "b committed"}));
  EXPECT_EQ(store_.load(Table::kTasks), (std::vector<Row>{{"a", "a"}, {"b", "b"}}));
  EXPECT_TRUE(store_.load(Table::kContainers).empty());
  EXPECT_EQ(store_.commits(), 2U);
}

TEST_F(FakeStoreTest, FailsTheNthOnly) {
  store_.fail_at(2, "disk full");
  commit("a");
  commit("b");
  commit("c");
  EXPECT_EQ(ended_, (Strings{"a committed", "b fake store: disk full", "c committed"}));
  EXPECT_FALSE(store_.find(Table::kTasks, "b"));
}

TEST_F(FakeStoreTest, FailsAllUntilToldOtherwise) {
  store_.fail_all("read-only");
  commit("a");
  store_.fail_all(std::nullopt);
  commit("b");
  EXPECT_EQ(ended_, (Strings{"a fake store: read-only", "b committed"}));
}

TEST_F(FakeStoreTest, CrashBeforeLosesTheCommit) {
  store_.crash_before(2);
  bool told = false;
  store_.on_crash([&] { told = true; });
  commit("a");
  EXPECT_FALSE(told);
  commit("b");
  commit("c");
  EXPECT_TRUE(told);
  EXPECT_EQ(ended_, (Strings{"a committed", "b crashed", "c crashed"}));
  EXPECT_THROW((void)store_.load(Table::kTasks), Crashed);
  store_.restart();
  EXPECT_EQ(store_.load(Table::kTasks), (std::vector<Row>{{"a", "a"}}));
}

TEST_F(FakeStoreTest, CrashAfterKeepsTheCommitThatNobodyHeardOf) {
  store_.crash_after(1);
  commit("a");
  commit("b");
  EXPECT_EQ(ended_, (Strings{"a crashed", "b crashed"}));
  store_.restart();
  EXPECT_EQ(store_.load(Table::kTasks), (std::vector<Row>{{"a", "a"}}));
  commit("c");
  EXPECT_EQ(ended_.back(), "c committed");
}

TEST_F(FakeStoreTest, CrashThatHangsNeverReturns) {
  store_.crash_after(1, FakeStore::AfterCrash::kHang);
  commit("a");
  commit("b");
  EXPECT_TRUE(ended_.empty());
  EXPECT_EQ(scope_.size(), 2U);
  scope_.cancel();
  loop_.run_until_done(scope_.join());
  EXPECT_TRUE(ended_.empty());
  EXPECT_TRUE(store_.find(Table::kTasks, "a"));
}

TEST_F(FakeStoreTest, HoldsUntilReleased) {
  store_.hold();
  commit("a");
  commit("b");
  EXPECT_TRUE(ended_.empty());
  EXPECT_EQ(store_.waiting(), 2U);
  store_.release();
  while (loop_.poll() > 0) {
  }
  EXPECT_EQ(ended_, (Strings{"a committed", "b committed"}));
}

TEST_F(FakeStoreTest, CrashWhileHeldLosesWhatWaits) {
  store_.hold();
  commit("a");
  store_.crash();
  while (loop_.poll() > 0) {
  }
  EXPECT_EQ(ended_, (Strings{"a crashed"}));
  EXPECT_FALSE(store_.find(Table::kTasks, "a"));
}

TEST_F(FakeStoreTest, DelaysEachOnTheClock) {
  store_.delay_each(clock_, std::chrono::seconds(2));
  commit("a");
  commit("b");
  clock_.advance(std::chrono::milliseconds(1999));
  EXPECT_TRUE(ended_.empty());
  clock_.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(ended_, (Strings{"a committed"}));
  clock_.advance(std::chrono::seconds(2));
  EXPECT_EQ(ended_, (Strings{"a committed", "b committed"}));
}

TEST_F(FakeStoreTest, DeletesRowsAndKeepsHistory) {
  store_.put({put("old", "1")});
  auto work = store_.commit({{Table::kTasks, "old", std::nullopt}, {Table::kTasks, "none", std::nullopt}});
  loop_.run_until_done(std::move(work));
  EXPECT_TRUE(store_.rows(Table::kTasks).empty());
  ASSERT_EQ(store_.history().size(), 1U);
  EXPECT_EQ(store_.history().front().size(), 2U);
}

}  // namespace
}  // namespace ecs::store::testing
