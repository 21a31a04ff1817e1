#include "local/acs_outbox.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/loop.hpp"

namespace ecs::local {
namespace {

using std::chrono::seconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Wire : public FrameSink {
 public:
  void send(std::string frame) override { frames.push_back(std::move(frame)); }
  std::vector<std::string> take() { return std::exchange(frames, {}); }
  std::vector<std::string> frames;
};

class AcsOutboxTest : public ::testing::Test {
 protected:
  base::Loop loop_;
  base::VirtualClock clock_{loop_};
  base::Random random_{1};
  AcsOutbox outbox_{
      clock_, random_, {.resend_first = seconds(5), .resend_longest = seconds(20), .heartbeat = std::chrono::hours(1)}};
  Wire wire_;
};

TEST_F(AcsOutboxTest, SendsAtOnceAndAgainUntilAcknowledged) {
  outbox_.connect(wire_);
  outbox_.post("t1", "m1", "one");
  EXPECT_THAT(wire_.take(), ElementsAre("one"));
  clock_.advance(seconds(5));
  EXPECT_THAT(wire_.take(), ElementsAre("one"));
  clock_.advance(seconds(9));
  EXPECT_THAT(wire_.take(), IsEmpty());
  clock_.advance(seconds(1));
  EXPECT_THAT(wire_.take(), ElementsAre("one"));
  clock_.advance(seconds(40));
  EXPECT_EQ(wire_.take().size(), 2U);
  EXPECT_EQ(outbox_.acknowledge("m1"), "t1");
  clock_.advance(std::chrono::minutes(5));
  EXPECT_THAT(wire_.take(), IsEmpty());
  EXPECT_EQ(clock_.pending(), 1U);
}

TEST_F(AcsOutboxTest, WaitsForAConnection) {
  outbox_.post("t1", "m1", "one");
  outbox_.post("t2", "m2", "two");
  clock_.advance(seconds(60));
  outbox_.connect(wire_);
  EXPECT_THAT(wire_.take(), ElementsAre("one", "two"));
}

TEST_F(AcsOutboxTest, ANewConnectionGetsAllThatIsUnacknowledgedInOrder) {
  outbox_.connect(wire_);
  outbox_.post("t1", "m1", "one");
  outbox_.post("t2", "m2", "two");
  outbox_.post("t3", "m3", "three");
  outbox_.acknowledge("m2");
  outbox_.disconnect(wire_);
  wire_.take();
  clock_.advance(seconds(30));
  EXPECT_THAT(wire_.take(), IsEmpty());
  Wire second;
  outbox_.connect(second);
  EXPECT_THAT(second.take(), ElementsAre("one", "three"));
  clock_.advance(seconds(5));
  EXPECT_THAT(second.take(), ElementsAre("one", "three"));
}

TEST_F(AcsOutboxTest, TheEndOfAnOldConnectionChangesNothing) {
  Wire second;
  outbox_.connect(wire_);
  outbox_.connect(second);
  outbox_.disconnect(wire_);
  EXPECT_TRUE(outbox_.connected());
  outbox_.post("t1", "m1", "one");
  EXPECT_THAT(second.take(), ElementsAre("one"));
  EXPECT_THAT(wire_.take(), IsEmpty());
}

TEST_F(AcsOutboxTest, AMessageOfTheSameKeyReplacesTheOneThatWaits) {
  outbox_.post("t1", "m1", "run");
  outbox_.post("t1", "m2", "stop");
  outbox_.connect(wire_);
  EXPECT_THAT(wire_.take(), ElementsAre("stop"));
  EXPECT_EQ(outbox_.acknowledge("m1"), std::nullopt);
  EXPECT_EQ(outbox_.acknowledge("m2"), "t1");
}

TEST_F(AcsOutboxTest, WhatIsDroppedIsNotSentAgain) {
  outbox_.connect(wire_);
  outbox_.post("t1", "m1", "one");
  outbox_.drop("t1");
  wire_.take();
  clock_.advance(seconds(60));
  EXPECT_THAT(wire_.take(), IsEmpty());
  EXPECT_EQ(outbox_.waiting(), 0U);
}

TEST_F(AcsOutboxTest, BeatsOnAConnection) {
  AcsOutbox outbox(clock_, random_);
  clock_.advance(seconds(60));
  outbox.connect(wire_);
  EXPECT_THAT(wire_.take(), IsEmpty());
  clock_.advance(seconds(30));
  EXPECT_THAT(wire_.take(),
              ElementsAre(HasSubstr(R"({"type":"HeartbeatMessage","message":{"healthy":true,"messageId":)")));
  clock_.advance(seconds(60));
  EXPECT_EQ(wire_.take().size(), 2U);
  outbox.disconnect(wire_);
  clock_.advance(seconds(60));
  EXPECT_THAT(wire_.take(), IsEmpty());
}

}  // namespace
}  // namespace ecs::local
