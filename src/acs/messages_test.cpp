#include "acs/messages.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ecs::acs {
namespace {

using ::testing::HasSubstr;

std::string error_of(std::string_view frame) {
  try {
    (void)decode(frame);
  } catch (const DecodeError& e) {
    return e.what();
  }
  return "no error";
}

template <class Message>
Message read(std::string_view frame) {
  return std::get<Message>(decode(frame));
}

// The two-container task of acs.md 12.
constexpr std::string_view kPayload = R"({"type":"PayloadMessage","message":{
  "messageId":"8e1f0c1a","clusterArn":"arn:aws:ecs:us-west-2:111122223333:cluster/c1",
  "containerInstanceArn":"arn:aws:ecs:us-west-2:111122223333:container-instance/c1/aaaa",
  "generatedAt":1762000000000,"seqNum":42,"timeline":43,
  "tasks":[{"arn":"arn:aws:ecs:us-west-2:111122223333:task/c1/0123","desiredStatus":"RUNNING","family":"shop",
    "version":"7","overrides":"{}","networkMode":"bridge","launchType":"EC2","cpu":0.5,"memory":256,
    "enableFaultInjection":false,
    "executionRoleCredentials":{"credentialsId":"b7d0","roleArn":"arn:aws:iam::111122223333:role/exec",
      "accessKeyId":"ASIAEXAMPLE","secretAccessKey":"secret","sessionToken":"token","expiration":"2030-01-01T00:00:00Z"},
    "volumes":[{"name":"data","host":{"sourcePath":"/var/lib/shop"}},{"name":"scratch","host":{}}],
    "containers":[
      {"name":"db","image":"busybox:1.36","cpu":64,"memory":64,"essential":true,
       "command":["sh","-c","true"],"environment":{"MODE":"db"},
       "mountPoints":[{"sourceVolume":"scratch","containerPath":"/scratch","readOnly":false}],
       "healthCheckType":"docker","startTimeout":60,"stopTimeout":10,"registryAuthentication":null,
       "dockerConfig":{"version":"1.21","config":"{}","hostConfig":"{\"NetworkMode\":\"bridge\"}"}},
      {"name":"web","image":"busybox:1.36","entryPoint":[],
       "portMappings":[{"containerPort":8080,"hostPort":0,"protocol":"tcp"}],
       "dependsOn":[{"containerName":"db","condition":"HEALTHY"}],
       "restartPolicy":{"enabled":true,"ignoredExitCodes":[0],"restartAttemptPeriod":120},
       "overrides":"{\"command\":[\"sh\"]}"}]}]}})";

TEST(AcsMessages, ReadsAPayload) {
  const auto payload = read<PayloadMessage>(kPayload);
  EXPECT_EQ(payload.message_id, "8e1f0c1a");
  EXPECT_EQ(payload.seq_num, 42);
  EXPECT_EQ(payload.timeline, 43);
  ASSERT_EQ(payload.tasks.size(), 1U);
  const Task& task = *payload.tasks[0];
  EXPECT_EQ(task.cpu, 0.5);
  EXPECT_EQ(task.memory, 256);
  EXPECT_EQ(task.enable_fault_injection, false);
  EXPECT_EQ(task.execution_role_credentials->secret_access_key->reveal(), "secret");
  EXPECT_FALSE(task.role_credentials);
  EXPECT_EQ(task.volumes[0].host->source_path, "/var/lib/shop");
  EXPECT_TRUE(task.volumes[1].host);
  const Container& db = task.containers[0];
  EXPECT_EQ(db.command, (std::vector<std::string>{"sh", "-c", "true"}));
  EXPECT_EQ(db.environment.at("MODE"), "db");
  EXPECT_FALSE(db.entry_point);
  EXPECT_FALSE(db.registry_authentication);
  EXPECT_EQ(db.docker_config->host_config, R"({"NetworkMode":"bridge"})");
  const Container& web = task.containers[1];
  EXPECT_TRUE(web.entry_point);
  EXPECT_EQ(web.port_mappings[0].container_port, 8080);
  EXPECT_EQ(web.depends_on[0].condition, "HEALTHY");
  EXPECT_EQ(web.restart_policy->restart_attempt_period, 120);
}

TEST(AcsMessages, WritesWhatItReads) {
  const auto payload = read<PayloadMessage>(kPayload);
  const auto again = encode(read<PayloadMessage>(encode(payload)));
  EXPECT_EQ(again, encode(payload));
  EXPECT_THAT(again, HasSubstr(R"("dependsOn":[{"condition":"HEALTHY","containerName":"db"}])"));
  EXPECT_THAT(again, ::testing::Not(HasSubstr("null")));
}

TEST(AcsMessages, EveryInboundTypeOfTheSpecification) {
  const auto type = [](std::string_view frame) { return std::string(type_of(decode(frame))); };
  EXPECT_EQ(type(R"({"type":"HeartbeatMessage","message":{"messageId":"hb-1","healthy":true}})"), "HeartbeatMessage");
  for (const char* name : {"PayloadMessage",
                           "IAMRoleCredentialsMessage",
                           "AttachTaskNetworkInterfacesMessage",
                           "AttachInstanceNetworkInterfacesMessage",
                           "ConfirmAttachmentMessage",
                           "TaskManifestMessage",
                           "TaskStopVerificationAck",
                           "StageUpdateMessage",
                           "PerformUpdateMessage",
                           "CloseMessage",
                           "ErrorMessage",
                           "ServerException",
                           "BadRequestException",
                           "InvalidClusterException",
                           "InvalidInstanceException",
                           "AccessDeniedException",
                           "InactiveInstanceException",
                           "AckRequest",
                           "NackRequest",
                           "HeartbeatAckRequest",
                           "IAMRoleCredentialsAckRequest",
                           "TaskStopVerificationMessage"}) {
    EXPECT_EQ(type(std::string(R"({"type":")") + name + R"(","message":{}})"), name);
    EXPECT_EQ(type(std::string(R"({"type":")") + name + R"(","message":null})"), name);
  }
}

TEST(AcsMessages, Acs18_KeysMatchInAnyCase) {
  EXPECT_EQ(read<HeartbeatMessage>(R"({"TYPE":"HeartbeatMessage","Message":{"MESSAGEID":"hb"}})").message_id, "hb");
}

TEST(AcsMessages, Acs19_TypesAreStrict) {
  EXPECT_THAT(error_of(R"({"type":"HeartbeatMessage","message":{"messageId":7}})"),
              HasSubstr("HeartbeatMessage: messageId: expected string"));
  EXPECT_THAT(error_of(R"({"type":"PayloadMessage","message":{"seqNum":"7"}})"), HasSubstr("seqNum"));
  EXPECT_THAT(error_of(R"({"type":"PayloadMessage","message":{"seqNum":7.5}})"), HasSubstr("seqNum"));
  EXPECT_THAT(error_of(R"({"type":"PayloadMessage","message":{"tasks":[{"containers":[{"overrides":{}}]}]}})"),
              HasSubstr("tasks[0].containers[0].overrides: expected string"));
  EXPECT_THAT(error_of(R"({"type":"PayloadMessage","message":[]})"), HasSubstr("PayloadMessage: expected object"));
  EXPECT_THAT(error_of(R"({"type":"CloseMessage","message":{"message":1}})"), HasSubstr("message: expected string"));
  EXPECT_THAT(error_of(R"({"type":"AckRequest","message":{"cluster":1}})"), HasSubstr("cluster: expected string"));
}

TEST(AcsMessages, Acs20_WhatIsNoMessage) {
  EXPECT_THAT(error_of(""), HasSubstr("not JSON"));
  EXPECT_THAT(error_of("hello"), HasSubstr("not JSON"));
  EXPECT_THAT(error_of(R"({"type":"HeartbeatMessage","message":{}} x)"), HasSubstr("not JSON"));
  EXPECT_THAT(error_of("[]"), HasSubstr("not a JSON object"));
  EXPECT_THAT(error_of("{}"), HasSubstr("type: missing"));
  EXPECT_THAT(error_of(R"({"type":7,"message":{}})"), HasSubstr("type: missing"));
  EXPECT_THAT(error_of(R"({"type":"heartbeatmessage","message":{}})"), HasSubstr(R"("heartbeatmessage" is unknown)"));
  EXPECT_THAT(error_of(R"({"type":"Payload","message":{}})"), HasSubstr("is unknown"));
  EXPECT_THAT(error_of(R"({"type":"HeartbeatMessage"})"), HasSubstr("message: missing"));
}

TEST(AcsMessages, Acs40_UnknownMembersChangeNothing) {
  const auto payload = read<PayloadMessage>(
      R"({"x":1,"type":"PayloadMessage","message":{"messageId":"m","new":{"a":[1]},"tasks":[{"arn":"t","also":null}]}})");
  EXPECT_EQ(payload.message_id, "m");
  EXPECT_EQ(payload.tasks[0]->arn, "t");
}

TEST(AcsMessages, ANullTaskStaysInTheList) {
  const auto payload = read<PayloadMessage>(R"({"type":"PayloadMessage","message":{"tasks":[null,{"arn":"t"}]}})");
  ASSERT_EQ(payload.tasks.size(), 2U);
  EXPECT_FALSE(payload.tasks[0]);
  EXPECT_TRUE(payload.tasks[1]);
}

TEST(AcsMessages, AnErrorMayComeWithoutAnEnvelope) {
  EXPECT_EQ(read<Notice>(R"({"InactiveInstanceException":"gone"})").type, "InactiveInstanceException");
  EXPECT_THAT(error_of(R"({"HeartbeatMessage":"x"})"), HasSubstr("type: missing"));
  EXPECT_THAT(error_of(R"({"ServerException":"x","a":"b"})"), HasSubstr("type: missing"));
}

TEST(AcsMessages, OutboundFramesAreCompactAndSorted) {
  EXPECT_EQ(encode(HeartbeatAckRequest{}), R"({"type":"HeartbeatAckRequest","message":{}})");
  EXPECT_EQ(encode(HeartbeatAckRequest{"hb-1"}), R"({"type":"HeartbeatAckRequest","message":{"messageId":"hb-1"}})");
  EXPECT_EQ(encode(AckRequest{"c", "i", "m"}),
            R"({"type":"AckRequest","message":{"cluster":"c","containerInstance":"i","messageId":"m"}})");
  EXPECT_EQ(
      encode(NackRequest{"c", "i", "m", "Updates are disabled"}),
      R"({"type":"NackRequest","message":{"cluster":"c","containerInstance":"i","messageId":"m","reason":"Updates are disabled"}})");
  EXPECT_EQ(
      encode(IamRoleCredentialsAckRequest{"m", "2030-01-01T00:00:00Z", "id"}),
      R"({"type":"IAMRoleCredentialsAckRequest","message":{"credentialsId":"id","expiration":"2030-01-01T00:00:00Z","messageId":"m"}})");
  EXPECT_EQ(
      encode(TaskStopVerificationMessage{"m", {{"t", "c", "STOPPED"}}}),
      R"({"type":"TaskStopVerificationMessage","message":{"messageId":"m","stopCandidates":[{"desiredStatus":"STOPPED","taskArn":"t","taskClusterArn":"c"}]}})");
}

TEST(AcsMessages, TheOtherEndReadsWhatTheAgentSends) {
  EXPECT_EQ(std::get<AckRequest>(decode_outbound(encode(AckRequest{"c", "i", "m"}))).container_instance, "i");
  EXPECT_THROW((void)decode_outbound(R"({"type":"HeartbeatMessage","message":{}})"), DecodeError);
}

TEST(AcsMessages, Refusals) {
  EXPECT_EQ(decode_refusal(R"({"type":"InvalidClusterException","message":{"message":"x"}})"),
            "InvalidClusterException: x");
  EXPECT_EQ(decode_refusal(R"({"InvalidClusterException":"x"})"), "InvalidClusterException: x");
  EXPECT_EQ(decode_refusal("<html>"), std::nullopt);
  EXPECT_EQ(decode_refusal(R"({"type":"HeartbeatMessage","message":{}})"), std::nullopt);
  EXPECT_EQ(decode_refusal(R"({"SomeException":"x"})"), std::nullopt);
}

TEST(AcsMessages, SecretsDoNotPrint) {
  const auto payload = read<PayloadMessage>(kPayload);
  EXPECT_EQ(fmt::format("{}", *payload.tasks[0]->execution_role_credentials->session_token), "[redacted]");
}

}  // namespace
}  // namespace ecs::acs
