#include "base/mailbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "base/loop.hpp"
#include "base/scope.hpp"

namespace ecs::base {
namespace {

using ::testing::ElementsAre;

Async<> read_all(Mailbox<int>& box, std::vector<int>& out) {
  while (const auto item = co_await box.pop()) out.push_back(*item);
  out.push_back(-1);
}

Async<> write(Mailbox<int>& box, int item, std::vector<bool>& out) { out.push_back(co_await box.push(item)); }

class MailboxTest : public ::testing::Test {
 protected:
  ~MailboxTest() override {
    scope_.cancel();
    loop_.poll();
  }
  Loop loop_;
  Scope scope_{loop_.executor()};
};

TEST_F(MailboxTest, KeepsOrderAndEndsWhenClosedAndEmpty) {
  Mailbox<int> box(8);
  std::vector<int> read;
  scope_.spawn("reader", read_all(box, read));
  loop_.poll();
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(box.try_push(std::move(i)));
  EXPECT_EQ(box.size(), 3U);
  box.close();
  EXPECT_FALSE(box.try_push(9));
  loop_.run_until_done(scope_.join());
  EXPECT_THAT(read, ElementsAre(0, 1, 2, -1));
}

TEST_F(MailboxTest, CloseWakesAWaitingReader) {
  Mailbox<int> box(1);
  std::vector<int> read;
  scope_.spawn("reader", read_all(box, read));
  loop_.poll();
  box.close();
  loop_.run_until_done(scope_.join());
  EXPECT_THAT(read, ElementsAre(-1));
}

TEST_F(MailboxTest, IsBounded) {
  Mailbox<std::unique_ptr<int>> box(1);
  auto first = std::make_unique<int>(1);
  auto second = std::make_unique<int>(2);
  EXPECT_TRUE(box.try_push(std::move(first)));
  EXPECT_FALSE(box.try_push(std::move(second)));
  EXPECT_NE(second, nullptr) << "a refused item is untouched";
}

TEST_F(MailboxTest, PushWaitsForRoom) {
  Mailbox<int> box(1);
  std::vector<bool> pushed;
  for (int i = 0; i < 3; ++i) scope_.spawn("writer", write(box, i, pushed));
  loop_.poll();
  EXPECT_THAT(pushed, ElementsAre(true));
  std::vector<int> read;
  scope_.spawn("reader", read_all(box, read));
  loop_.poll();
  EXPECT_THAT(pushed, ElementsAre(true, true, true));
  EXPECT_THAT(read, ElementsAre(0, 1, 2));
  box.close();
  loop_.run_until_done(scope_.join());
}

TEST_F(MailboxTest, CloseEndsAWaitingPush) {
  Mailbox<int> box(1);
  std::vector<bool> pushed;
  scope_.spawn("writer", write(box, 1, pushed));
  scope_.spawn("writer", write(box, 2, pushed));
  loop_.poll();
  box.close();
  loop_.poll();
  EXPECT_THAT(pushed, ElementsAre(true, false));
}

TEST_F(MailboxTest, CancelledReaderLosesNothing) {
  Mailbox<int> box(4);
  std::vector<int> read;
  {
    Scope other(loop_.executor());
    other.spawn("reader", read_all(box, read));
    loop_.poll();
    EXPECT_TRUE(box.try_push(1));
    other.cancel();
    loop_.run_until_done(other.join());
  }
  scope_.spawn("reader", read_all(box, read));
  box.close();
  loop_.poll();
  EXPECT_THAT(read, ElementsAre(1, -1));
}

}  // namespace
}  // namespace ecs::base
