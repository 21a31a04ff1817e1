// What happens on a live connection: frames, order, timers.
#include "acs/connection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acs/testing/session_fixture.hpp"

namespace ecs::acs {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Ge;
using ::testing::IsEmpty;
using ::testing::Le;
using ::testing::Lt;
using ::testing::Pair;

class AcsConnection : public testing::SessionTest {
 protected:
  static std::string payload(const std::string& id) {
    return R"({"type":"PayloadMessage","message":{"messageId":")" + id +
           R"(","clusterArn":"c","containerInstanceArn":"i","tasks":[{"arn":"t"}]}})";
  }
  static std::string ack(const std::string& id) {
    return R"({"type":"AckRequest","message":{"cluster":"c","containerInstance":"i","messageId":")" + id + R"("}})";
  }
};

TEST_F(AcsConnection, Acs14_SilenceEndsTheConnectionWithoutACloseFrame) {
  start();
  const auto idle = clock_.now();
  ASSERT_TRUE(clock_.advance_until([this] { return wire().aborted; }, 3min));
  EXPECT_THAT(clock_.now() - idle, AllOf(Ge(60s), Lt(120s)));
  EXPECT_THAT(wire().closes, IsEmpty());
  EXPECT_THAT(until_next_attempt(1min), AllOf(Ge(250ms), Lt(300ms))) << "counts as an unexpected disconnect";
}

TEST_F(AcsConnection, Acs14_WhatIsNoMessageIsSilence) {
  start();
  const auto idle = clock_.now();
  while (!wire().aborted && clock_.now() - idle < 5min) {
    deliver("not JSON");
    deliver(R"({"type":"NewMessage","message":{}})");
    clock_.advance_until([this] { return wire().aborted; }, 10s);
  }
  EXPECT_LE(clock_.now() - idle, 121s);
}

TEST_F(AcsConnection, Acs15_HeartbeatsKeepItUntilItsAgeIsReached) {
  start();
  const auto begin = clock_.now();
  while (wire().closes.empty() && clock_.now() - begin < 1h) {
    heartbeat();
    clock_.advance(30s);
  }
  EXPECT_THAT(clock_.now() - begin, AllOf(Ge(30min), Le(35min + 30s)));
  EXPECT_THAT(wire().closes, ElementsAre(Pair(1000, "ConnectionExpired: Reconnect to continue")));
  EXPECT_FALSE(wire().aborted) << "it keeps reading";
  EXPECT_EQ(attempts(), 1U);

  // Mute from now on: messages are still handled, their answers are lost and only logged.
  const auto sent = wire().sent.size();
  const auto handled = handler_.heartbeats;
  heartbeat();
  EXPECT_EQ(handler_.heartbeats, handled + 1);
  EXPECT_EQ(wire().sent.size(), sent);

  wire().close(1000);
  EXPECT_EQ(until_next_attempt(1min), 0s);
  heartbeat("again");
  EXPECT_THAT(wire().sent, ElementsAre(heartbeat_ack("again")));
}

TEST_F(AcsConnection, Acs15_AfterItsCloseFrameSilenceStillEndsIt) {
  start();
  while (wire().closes.empty()) {
    heartbeat();
    clock_.advance(30s);
  }
  EXPECT_THAT(until_next_attempt(5min), AllOf(Ge(30s), Lt(121s)));
}

TEST_F(AcsConnection, Acs18_BinaryFramesAndUpperCaseKeysAreRead) {
  start();
  wire().deliver(R"({"type":"HeartbeatMessage","message":{"messageId":"a"}})", true);
  deliver(R"({"TYPE":"HeartbeatMessage","MESSAGE":{"MESSAGEID":"b"}})");
  EXPECT_THAT(wire().sent, ElementsAre(heartbeat_ack("a"), heartbeat_ack("b")));
}

TEST_F(AcsConnection, Acs19_AMessageThatDoesNotFitIsIgnored) {
  start();
  deliver(R"({"type":"HeartbeatMessage","message":{"messageId":7}})");
  deliver(R"({"type":"PayloadMessage","message":{"messageId":"m","tasks":[{"arn":7}]}})");
  EXPECT_THAT(wire().sent, IsEmpty());
  EXPECT_TRUE(log_.contains("tasks[0].arn: expected string"));
  heartbeat();
  EXPECT_THAT(wire().sent, ElementsAre(heartbeat_ack()));
  EXPECT_EQ(attempts(), 1U);
}

TEST_F(AcsConnection, Acs20_WhatIsUnknownIsIgnored) {
  start();
  deliver(R"({"type":"NewMessage","message":{"a":1}})");
  deliver("hello");
  deliver("");
  deliver(std::string("\0\xff{", 3));
  heartbeat();
  EXPECT_THAT(wire().sent, ElementsAre(heartbeat_ack()));
  EXPECT_EQ(attempts(), 1U);
}

TEST_F(AcsConnection, Acs21_ACloseMessageClosesNothing) {
  start();
  deliver(R"({"type":"CloseMessage","message":{"message":"closing"}})");
  deliver(R"({"type":"InactiveInstanceException","message":{"message":"inactive"}})");
  heartbeat();
  EXPECT_THAT(wire().sent, ElementsAre(heartbeat_ack()));
  EXPECT_EQ(attempts(), 1U);
  EXPECT_EQ(inactive_, 0);
}

TEST_F(AcsConnection, MessagesAreHandledOneAtATime) {
  base::Event gate;
  handler_.gate = &gate;
  start();
  deliver(payload("m1"));
  deliver(payload("m2"));
  heartbeat();
  EXPECT_EQ(handler_.payloads.size(), 1U);
  EXPECT_THAT(wire().sent, IsEmpty());
  gate.set();
  settle();
  EXPECT_THAT(wire().sent, ElementsAre(ack("m1"), ack("m2"), heartbeat_ack()));
}

TEST_F(AcsConnection, AMessageThatIsBeingHandledIsFinishedBeforeTheReconnect) {
  base::Event gate;
  handler_.gate = &gate;
  start();
  deliver(payload("m1"));
  wire().fin();
  clock_.advance(10s);
  EXPECT_EQ(attempts(), 1U);
  gate.set();
  settle();
  EXPECT_EQ(attempts(), 2U);
}

TEST_F(AcsConnection, CancellationWhileAMessageIsBeingHandled) {
  base::Event gate;
  handler_.gate = &gate;
  start();
  deliver(payload("m1"));
  stop();
  EXPECT_EQ(scope_.size(), 0U);
}

TEST_F(AcsConnection, AnAnswerThatCannotBeSentIsOnlyLogged) {
  start();
  wire().writes_fail = true;
  heartbeat("lost");
  wire().writes_fail = false;
  heartbeat("sent");
  EXPECT_THAT(wire().sent, ElementsAre(heartbeat_ack("sent")));
  EXPECT_TRUE(log_.contains("could not be sent"));
  EXPECT_EQ(attempts(), 1U);
}

TEST_F(AcsConnection, AHandlerThatFailsEndsNothing) {
  handler_.failure = "disk full";
  start();
  deliver(payload("m1"));
  handler_.failure.reset();
  deliver(payload("m2"));
  EXPECT_THAT(wire().sent, ElementsAre(ack("m2")));
}

TEST_F(AcsConnection, AFloodOfFramesIsAnsweredInFull) {
  start();
  for (int i = 0; i < 5000; ++i) wire().deliver(R"({"type":"HeartbeatMessage","message":{}})");
  settle();
  EXPECT_EQ(wire().sent.size(), 5000U);
}

}  // namespace
}  // namespace ecs::acs
