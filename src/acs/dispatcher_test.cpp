#include "acs/dispatcher.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "acs/testing/scripted_handler.hpp"
#include "base/loop.hpp"
#include "base/scope.hpp"
#include "log/capture.hpp"

namespace ecs::acs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;
using Strings = std::vector<std::string>;

constexpr const char* kAck =
    R"({"type":"AckRequest","message":{"cluster":"c","containerInstance":"i","messageId":"m"}})";

std::string envelope(std::string_view type, std::string_view message) {
  return fmt::format(R"({{"type":"{}","message":{}}})", type, message);
}

std::string payload(std::string_view tasks, std::string_view more = "") {
  return envelope(
      "PayloadMessage",
      fmt::format(R"({{"messageId":"m","clusterArn":"c","containerInstanceArn":"i","tasks":{}{}}})", tasks, more));
}

class AcsDispatcher : public ::testing::Test {
 protected:
  Strings answer(const std::string& frame) { return loop_.run_until_done(dispatcher_.dispatch(decode(frame))); }

  base::Loop loop_;
  log::Capture log_;
  testing::ScriptedHandler handler_;
  Dispatcher dispatcher_{handler_, -1};
};

TEST_F(AcsDispatcher, Acs17_HeartbeatWithoutIdIsAcknowledgedWithoutOne) {
  EXPECT_THAT(answer(envelope("HeartbeatMessage", "{}")),
              ElementsAre(R"({"type":"HeartbeatAckRequest","message":{}})"));
  EXPECT_THAT(answer(envelope("HeartbeatMessage", R"({"messageId":"hb-1","healthy":false})")),
              ElementsAre(R"({"type":"HeartbeatAckRequest","message":{"messageId":"hb-1"}})"));
  EXPECT_EQ(handler_.heartbeats, 2);
}

TEST_F(AcsDispatcher, Acs21_NoticesAreOnlyLogged) {
  EXPECT_THAT(answer(envelope("CloseMessage", R"({"message":"closing"})")), IsEmpty());
  EXPECT_THAT(answer(envelope("InactiveInstanceException", R"({"message":"instance is inactive"})")), IsEmpty());
  EXPECT_TRUE(log_.contains("closing"));
}

TEST_F(AcsDispatcher, Acs22_APayloadWithoutItsEnvelopeMembersIsIgnored) {
  for (const char* message : {R"({"messageId":"m","clusterArn":"","containerInstanceArn":"i","tasks":[{"arn":"t"}]})",
                              R"({"messageId":"m","containerInstanceArn":"i","seqNum":9})",
                              R"({"messageId":"m","clusterArn":"c","containerInstanceArn":""})",
                              R"({"clusterArn":"c","containerInstanceArn":"i"})"}) {
    EXPECT_THAT(answer(envelope("PayloadMessage", message)), IsEmpty()) << message;
  }
  EXPECT_THAT(handler_.payloads, IsEmpty());
  EXPECT_EQ(dispatcher_.sequence_number(), -1);
  EXPECT_TRUE(log_.contains("clusterArn: missing or empty"));
}

TEST_F(AcsDispatcher, Acs23_OneBadTaskSuppressesEveryAcknowledgement) {
  handler_.complete = false;
  EXPECT_THAT(
      answer(payload(R"([{"arn":"t","roleCredentials":{"credentialsId":"r","expiration":"e"}}])", R"(,"seqNum":7)")),
      IsEmpty());
  EXPECT_EQ(handler_.payloads.size(), 1U);
  EXPECT_EQ(dispatcher_.sequence_number(), 7) << "raised all the same";
}

TEST_F(AcsDispatcher, Acs23_AFailureOfTheHandlerSuppressesThemToo) {
  handler_.failure = "disk full";
  EXPECT_THAT(answer(payload("[]", R"(,"seqNum":7)")), IsEmpty());
  EXPECT_EQ(dispatcher_.sequence_number(), 7);
  EXPECT_TRUE(log_.contains("disk full"));
  handler_.failure.reset();
  EXPECT_THAT(answer(payload("[]")), ElementsAre(kAck));
}

TEST_F(AcsDispatcher, Acs25_AnEmptyPayloadIsAcknowledgedAndRaisesTheNumber) {
  EXPECT_THAT(answer(payload("[]", R"(,"seqNum":20)")), ElementsAre(kAck));
  EXPECT_EQ(dispatcher_.sequence_number(), 20);
  EXPECT_THAT(answer(payload("[]", R"(,"seqNum":5)")), ElementsAre(kAck));
  EXPECT_EQ(dispatcher_.sequence_number(), 20) << "never lowered, and never a reason to refuse";
  EXPECT_THAT(answer(payload("null")), ElementsAre(kAck));
}

TEST_F(AcsDispatcher, Acs26_TheSamePayloadTwiceIsAcknowledgedTwice) {
  const auto frame = payload(R"([{"arn":"t"}])");
  EXPECT_THAT(answer(frame), ElementsAre(kAck));
  EXPECT_THAT(answer(frame), ElementsAre(kAck));
  EXPECT_EQ(handler_.payloads.size(), 2U);
}

TEST_F(AcsDispatcher, Acs27_EveryCredentialSetIsAcknowledged) {
  const auto frames =
      answer(payload(R"([{"arn":"t","roleCredentials":{"credentialsId":"r","expiration":"2030-01-01T00:00:00Z"},
      "executionRoleCredentials":{"credentialsId":"x"}}])"));
  EXPECT_THAT(
      frames,
      UnorderedElementsAre(
          kAck,
          R"({"type":"IAMRoleCredentialsAckRequest","message":{"credentialsId":"r","expiration":"2030-01-01T00:00:00Z","messageId":"m"}})",
          R"({"type":"IAMRoleCredentialsAckRequest","message":{"credentialsId":"x","expiration":"","messageId":"m"}})"));
}

TEST_F(AcsDispatcher, CredentialsOfAKnownTask) {
  const auto frame = envelope(
      "IAMRoleCredentialsMessage",
      R"({"messageId":"m","taskArn":"t","roleType":"TaskExecution","roleCredentials":{"credentialsId":"id","expiration":"e","secretAccessKey":"s3cr3t"}})");
  EXPECT_THAT(
      answer(frame),
      ElementsAre(
          R"({"type":"IAMRoleCredentialsAckRequest","message":{"credentialsId":"id","expiration":"e","messageId":"m"}})"));
  ASSERT_EQ(handler_.refreshed.size(), 1U);
  EXPECT_EQ(handler_.refreshed[0].role_credentials->secret_access_key->reveal(), "s3cr3t");
  EXPECT_FALSE(log_.contains("s3cr3t"));
}

TEST_F(AcsDispatcher, Acs39_CredentialsOfAnUnknownTaskAreNotAcknowledged) {
  handler_.known = false;
  EXPECT_THAT(
      answer(envelope(
          "IAMRoleCredentialsMessage",
          R"({"messageId":"m","taskArn":"t","roleType":"TaskApplication","roleCredentials":{"credentialsId":"id"}})")),
      IsEmpty());
  EXPECT_EQ(handler_.refreshed.size(), 1U) << "they are stored first";
}

TEST_F(AcsDispatcher, CredentialsThatAreNotValidReachNobody) {
  for (const char* message :
       {R"({"taskArn":"t","roleType":"TaskExecution","roleCredentials":{"credentialsId":"id"}})",
        R"({"messageId":"m","roleType":"TaskExecution","roleCredentials":{"credentialsId":"id"}})",
        R"({"messageId":"m","taskArn":"t","roleType":"TaskExecution"})",
        R"({"messageId":"m","taskArn":"t","roleType":"TaskExecution","roleCredentials":{"credentialsId":""}})",
        R"({"messageId":"m","taskArn":"t","roleType":"Other","roleCredentials":{"credentialsId":"id"}})",
        R"({"messageId":"m","taskArn":"t","roleCredentials":{"credentialsId":"id"}})"}) {
    EXPECT_THAT(answer(envelope("IAMRoleCredentialsMessage", message)), IsEmpty()) << message;
  }
  EXPECT_THAT(handler_.refreshed, IsEmpty());
}

constexpr const char* kInterface =
    R"({"ec2Id":"eni-1","macAddress":"m","ipv4Addresses":[{"primary":true,"privateAddress":"10.0.1.20"}],"subnetGatewayIpv4Address":"10.0.1.1/24"})";

std::string attach(std::string_view type, std::string_view wait, std::string_view interfaces) {
  return envelope(type, fmt::format(R"({{"messageId":"m","clusterArn":"c","containerInstanceArn":"i","taskArn":"t",
      "waitTimeoutMs":{},"elasticNetworkInterfaces":{}}})",
                                    wait, interfaces));
}

TEST_F(AcsDispatcher, Acs37_AttachmentsNeedAPositiveTimeout) {
  handler_.attaches = true;
  const auto list = fmt::format("[{}]", kInterface);
  EXPECT_THAT(answer(attach("AttachTaskNetworkInterfacesMessage", "0", list)), IsEmpty());
  EXPECT_THAT(answer(attach("AttachTaskNetworkInterfacesMessage", "null", list)), IsEmpty());
  EXPECT_THAT(answer(attach("AttachTaskNetworkInterfacesMessage", "300000", "[]")), IsEmpty());
  EXPECT_THAT(handler_.attached, IsEmpty());
  EXPECT_THAT(answer(attach("AttachTaskNetworkInterfacesMessage", "300000", list)), ElementsAre(kAck));
  EXPECT_THAT(answer(attach("AttachInstanceNetworkInterfacesMessage", "300000", list)), ElementsAre(kAck));
}

TEST_F(AcsDispatcher, WhatTheHandlerDoesNotSupportIsNotAcknowledged) {
  EXPECT_THAT(answer(attach("AttachTaskNetworkInterfacesMessage", "1", fmt::format("[{}]", kInterface))), IsEmpty());
  EXPECT_TRUE(log_.contains("not supported"));
}

std::string confirm(std::string_view properties, std::string_view type = "amazonebs") {
  return envelope("ConfirmAttachmentMessage", fmt::format(R"({{"messageId":"m","clusterArn":"arn:aws:ecs:r:1:cluster/c",
      "containerInstanceArn":"arn:aws:ecs:r:1:container-instance/c/i",
      "attachment":{{"attachmentArn":"arn:aws:ecs:r:1:attachment/a","attachmentType":"{}","attachmentProperties":[{}]}}}})",
                                                          type, properties));
}

TEST_F(AcsDispatcher, Acs38_ConfirmAttachmentChecksTheFileSystem) {
  handler_.attaches = true;
  const std::string volume =
      R"({"name":"volumeId","value":"v"},{"name":"volumeSizeGib","value":"10"},{"name":"deviceName","value":"d"},)"
      R"({"name":"sourceVolumeHostPath","value":"p"},{"name":"volumeName","value":"n"})";
  EXPECT_THAT(answer(confirm(volume + R"(,{"name":"fileSystem","value":"zfs"})")), IsEmpty());
  EXPECT_EQ(answer(confirm(volume + R"(,{"name":"fileSystem","value":"xfs"})")).size(), 1U);
  EXPECT_EQ(answer(confirm(volume)).size(), 1U);
  EXPECT_THAT(answer(confirm(R"({"name":"volumeId","value":"v"})")), IsEmpty());
  EXPECT_THAT(answer(confirm(volume + R"(,{"name":"x","value":""})")), IsEmpty());
  EXPECT_EQ(answer(confirm(R"({"name":"resourceType","value":"ElasticBlockStorage"},{"name":"volumeID","value":"v"},)"
                           R"({"name":"deviceName","value":"d"})",
                           "other"))
                .size(),
            1U);
  EXPECT_THAT(answer(confirm(R"({"name":"resourceType","value":"Tape"})", "other")), IsEmpty());
}

std::string manifest(std::string_view id, int timeline, std::string_view tasks) {
  return envelope(
      "TaskManifestMessage",
      fmt::format(R"({{"messageId":"{}","clusterArn":"c","containerInstanceArn":"i","timeline":{},"tasks":{}}})", id,
                  timeline, tasks));
}

TEST_F(AcsDispatcher, Acs31_AManifestMustBeNewerThanTheLastPayload) {
  handler_.running = Strings{};
  answer(payload("[]", R"(,"seqNum":10)"));
  EXPECT_THAT(answer(manifest("m", 10, "[]")), IsEmpty());
  EXPECT_THAT(answer(manifest("m", 11, "[]")), ElementsAre(kAck));
  EXPECT_THAT(handler_.saved, ElementsAre(11));
  EXPECT_THAT(answer(manifest("m", 11, "[]")), IsEmpty());
}

TEST_F(AcsDispatcher, Acs32_TasksThatTheManifestDoesNotWantAreCandidatesOnly) {
  handler_.running = Strings{"t1", "t2", "t3"};
  const auto frames = answer(manifest(
      "m", 1,
      R"([{"taskArn":"t1","desiredStatus":"RUNNING"},{"taskArn":"t2","desiredStatus":"STOPPED"},{"taskArn":"t9"},{}])"));
  EXPECT_THAT(
      frames,
      UnorderedElementsAre(
          kAck,
          R"({"type":"TaskStopVerificationMessage","message":{"messageId":"m","stopCandidates":[{"desiredStatus":"STOPPED","taskArn":"t2","taskClusterArn":"c"},{"desiredStatus":"STOPPED","taskArn":"t3","taskClusterArn":"c"}]}})"));
  EXPECT_THAT(handler_.stopped, IsEmpty());
}

TEST_F(AcsDispatcher, Acs33_OnlyTheConfirmationOfTheLastManifestCountsAndOnce) {
  handler_.running = Strings{"t1"};
  const auto confirmation = [](std::string_view id) {
    return envelope("TaskStopVerificationAck",
                    fmt::format(R"({{"messageId":"{}","stopTasks":[{{"taskArn":"t1"}},{{}}]}})", id));
  };
  EXPECT_THAT(answer(confirmation("")), IsEmpty());
  answer(manifest("m", 1, "[]"));
  answer(confirmation("other"));
  EXPECT_THAT(handler_.stopped, IsEmpty());
  EXPECT_THAT(answer(confirmation("m")), IsEmpty());
  EXPECT_THAT(handler_.stopped, ElementsAre("t1"));
  answer(confirmation("m"));
  EXPECT_THAT(handler_.stopped, ElementsAre("t1"));
}

TEST_F(AcsDispatcher, Acs34_OnlyTheManifestsNumberIsSaved) {
  handler_.running = Strings{};
  answer(manifest("m", 10, "[]"));
  answer(payload("[]", R"(,"seqNum":20)"));
  EXPECT_THAT(handler_.saved, ElementsAre(10));
  Dispatcher restarted(handler_, handler_.saved.back());
  EXPECT_THAT(loop_.run_until_done(restarted.dispatch(decode(manifest("m", 15, "[]")))), ElementsAre(kAck));
}

TEST_F(AcsDispatcher, AManifestThatCannotBeSavedIsDropped) {
  handler_.running = Strings{};
  handler_.failure = "disk full";
  EXPECT_THAT(answer(manifest("m", 10, "[]")), IsEmpty());
  EXPECT_EQ(dispatcher_.sequence_number(), -1);
}

TEST_F(AcsDispatcher, ManifestsMayBeUnsupported) {
  EXPECT_THAT(answer(manifest("m", 10, "[]")), IsEmpty());
  EXPECT_TRUE(log_.contains("not supported"));
}

TEST_F(AcsDispatcher, Acs35_UpdatesAreDisabled) {
  const std::string nack =
      R"({"type":"NackRequest","message":{"cluster":"c","containerInstance":"i","messageId":"m","reason":"Updates are disabled"}})";
  const char* body = R"({"messageId":"m","clusterArn":"c","containerInstanceArn":"i"})";
  EXPECT_THAT(answer(envelope("StageUpdateMessage", body)), ElementsAre(nack));
  EXPECT_THAT(answer(envelope("PerformUpdateMessage", body)), ElementsAre(nack));
  EXPECT_THAT(answer(envelope("StageUpdateMessage", R"({"clusterArn":"c"})")), IsEmpty());
}

}  // namespace
}  // namespace ecs::acs
