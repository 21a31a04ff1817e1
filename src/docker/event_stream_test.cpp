#include "docker/event_stream.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "base/loop.hpp"
#include "base/mailbox.hpp"
#include "base/random.hpp"
#include "base/scope.hpp"
#include "docker/unscripted_client.hpp"
#include "log/capture.hpp"

namespace ecs::docker {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

constexpr std::int64_t kNow = 1'795'343'870'000'000'000;

Event event(std::string action, std::string id, std::int64_t after = 0) {
  Event result;
  result.type = "container";
  result.action = std::move(action);
  result.actor.id = std::move(id);
  result.time_nano = kNow + after;
  return result;
}

/// One connection: the test pushes events and ends it.
struct Connection {
  base::Mailbox<Event> events{100000};
  bool broken = false;
};

class ScriptedReader final : public EventReader {
 public:
  explicit ScriptedReader(std::shared_ptr<Connection> connection) : connection_(std::move(connection)) {}
  base::Async<std::optional<Event>> next() override {
    auto item = co_await connection_->events.pop();
    if (!item && connection_->broken) throw Error(Error::Kind::kBroken, "EOF");
    co_return item;
  }

 private:
  std::shared_ptr<Connection> connection_;
};

class ScriptedEngine final : public UnscriptedClient {
 public:
  base::Async<EngineVersions> negotiate() override {
    ++negotiations;
    if (!up) throw Error(Error::Kind::kConnection, "no engine");
    co_return versions_;
  }
  base::Async<std::unique_ptr<EventReader>> events(std::optional<std::int64_t> from) override {
    since.push_back(from);
    if (!up) throw Error(Error::Kind::kConnection, "no engine");
    connection = std::make_shared<Connection>();
    if (drop_at_once) connection->events.close();
    co_return std::make_unique<ScriptedReader>(connection);
  }
  void push(Event item) { EXPECT_TRUE(connection->events.try_push(std::move(item))); }
  void cut() {
    connection->broken = true;
    connection->events.close();
  }

  bool up = true;
  bool drop_at_once = false;
  int negotiations = 0;
  std::vector<std::optional<std::int64_t>> since;
  std::shared_ptr<Connection> connection;
};

class EventStreamTest : public testing::Test {
 protected:
  void start(EventStreamOptions options = {}) {
    stream_ = std::make_unique<EventStream>(engine_, clock_, random_, options);
    base::spawn(scope_, "events", stream_->run());
    loop_.poll();
  }
  void read() { base::spawn(scope_, "reader", keep_reading()); }
  base::Async<> keep_reading() {
    for (;;) {
      const auto item = co_await stream_->next();
      seen_.push_back(item.kind == EventItem::Kind::kResync ? "resync"
                                                            : item.event.word() + " " + item.event.container_id());
    }
  }
  void TearDown() override {
    scope_.cancel();
    loop_.run_until_done(scope_.join());
  }

  log::Capture capture_;
  base::Loop loop_;
  base::VirtualClock clock_{loop_};
  base::Random random_{1};
  ScriptedEngine engine_;
  base::Scope scope_{loop_.executor()};
  std::unique_ptr<EventStream> stream_;
  std::vector<std::string> seen_;
};

TEST_F(EventStreamTest, GivesWhatHappensToContainersInOrder) {
  start();
  read();
  engine_.push(event("create", "a", 1));
  engine_.push(event("exec_start: /bin/sh", "a", 2));
  auto pulled = event("pull", "busybox", 3);
  pulled.type = "image";
  engine_.push(pulled);
  engine_.push(event("start", "a", 4));
  engine_.push(event("health_status: healthy", "a", 5));
  engine_.push(event("die", "a", 6));
  loop_.poll();
  EXPECT_THAT(seen_, ElementsAre("create a", "start a", "health_status: healthy a", "die a"));
  EXPECT_THAT(engine_.since, ElementsAre(std::nullopt));
  EXPECT_EQ(engine_.negotiations, 0);
}

TEST_F(EventStreamTest, SaysWhenItIsOpenForTheFirstTime) {
  engine_.up = false;
  start();
  bool open = false;
  const auto wait = [](EventStream& stream, bool& flag) -> base::Async<> {
    co_await stream.opened();
    flag = true;
  };
  base::spawn(scope_, "opened", wait(*stream_, open));
  clock_.advance(1s);
  EXPECT_FALSE(open);
  engine_.up = true;
  clock_.advance(10s);
  EXPECT_TRUE(open);
  EXPECT_TRUE(stream_->connected());
  read();
  loop_.poll();
  EXPECT_TRUE(seen_.empty());
}

// The original tries 51,563 times in 3.2 s.
TEST_F(EventStreamTest, Engine51_TriesAgainAtABoundedRate) {
  start();
  engine_.up = false;
  engine_.cut();
  clock_.advance(3200ms);
  EXPECT_LE(stream_->attempts(), 8U);
  clock_.advance(10min);
  EXPECT_LE(stream_->attempts(), 8U + 121U);
  EXPECT_LE(capture_.lines().size(), 4U);
}

TEST_F(EventStreamTest, Engine51_AnEngineThatDropsEveryConnectionMakesNoHotLoop) {
  engine_.drop_at_once = true;
  start();
  clock_.advance(60s);
  EXPECT_LE(stream_->attempts(), 20U);
}

TEST_F(EventStreamTest, Engine51_AReconnectAsksForTheGapAndForAResync) {
  start();
  read();
  engine_.push(event("start", "a", 1));
  engine_.push(event("start", "b", 7));
  engine_.push(event("start", "c", 7));
  loop_.poll();
  engine_.cut();
  clock_.advance(5s);
  EXPECT_THAT(engine_.since, ElementsAre(std::nullopt, kNow + 7));
  EXPECT_EQ(engine_.negotiations, 1);

  // The engine repeats the last ones, which were seen.
  engine_.push(event("start", "b", 7));
  engine_.push(event("start", "c", 7));
  engine_.push(event("die", "c", 7));
  engine_.push(event("die", "a", 8));
  loop_.poll();
  EXPECT_THAT(seen_, ElementsAre("start a", "start b", "start c", "resync", "die c", "die a"));
}

TEST_F(EventStreamTest, TheResyncComesWhenTheConnectionIsOpen) {
  start();
  read();
  engine_.up = false;
  engine_.cut();
  clock_.advance(30s);
  EXPECT_FALSE(stream_->connected());
  EXPECT_TRUE(seen_.empty());
  engine_.up = true;
  clock_.advance(6s);
  EXPECT_TRUE(stream_->connected());
  EXPECT_THAT(seen_, ElementsAre("resync"));
}

TEST_F(EventStreamTest, AConnectionThatLivedMakesTheNextAttemptQuickAgain) {
  start();
  engine_.up = false;
  engine_.cut();
  clock_.advance(60s);
  engine_.up = true;
  clock_.advance(30s);
  ASSERT_TRUE(stream_->connected());
  engine_.cut();
  clock_.advance(130ms);
  EXPECT_TRUE(stream_->connected());
}

TEST_F(EventStreamTest, WhenTheReaderIsSlowEventsAreDroppedAndAResyncFollows) {
  start({.capacity = 3});
  for (int i = 0; i < 10; ++i) engine_.push(event("start", std::to_string(i), i));
  loop_.poll();
  read();
  loop_.poll();
  EXPECT_THAT(seen_, ElementsAre("start 0", "start 1", "start 2", "resync"));
  engine_.push(event("die", "9", 11));
  loop_.poll();
  EXPECT_EQ(seen_.back(), "die 9");
}

TEST_F(EventStreamTest, EventsWithoutTimeAreAllGiven) {
  start();
  read();
  auto timeless = event("start", "a");
  timeless.time_nano = 0;
  engine_.push(timeless);
  engine_.push(timeless);
  loop_.poll();
  EXPECT_THAT(seen_, ElementsAre("start a", "start a"));
}

}  // namespace
}  // namespace ecs::docker
