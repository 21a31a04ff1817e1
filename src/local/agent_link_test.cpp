#include "local/agent_link.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/loop.hpp"
#include "json/json.hpp"
#include "local/payload.hpp"
#include "store/memory_store.hpp"

namespace ecs::local {
namespace {

using ::testing::HasSubstr;

class Wire : public FrameSink {
 public:
  void send(std::string frame) override { frames.push_back(json::parse(frame)); }
  std::vector<boost::json::value> frames;
};

class AgentLinkTest : public ::testing::Test {
 protected:
  AgentLinkTest() {
    RegisterTaskDefinitionRequest request;
    request.family = "f";
    request.container_definitions.resize(1);
    request.container_definitions[0].name = "web";
    request.container_definitions[0].image = "i";
    request.container_definitions[0].memory = 64;
    DefinitionRecord record{.definition = normalize(request), .tags = {}};
    record.definition.task_definition_arn = kDefinition;
    record.definition.revision = 1;
    state_.definitions()[kDefinition] = record;
    state_.instances()[kInstance].instance.container_instance_arn = kInstance;
    link_.outbox(kInstance).connect(wire_);
  }
  ~AgentLinkTest() override {
    link_.outbox(kInstance).disconnect(wire_);
    scope_.cancel();
    loop_.run_until_done(scope_.join());
  }

  TaskRecord& add_task(const std::string& arn) {
    TaskRecord& record = state_.tasks()[arn];
    record.cluster = "default";
    record.task.task_arn = arn;
    record.task.cluster_arn = "arn:c";
    record.task.container_instance_arn = kInstance;
    record.task.task_definition_arn = kDefinition;
    record.task.desired_status = "RUNNING";
    record.task.last_status = "PENDING";
    record.task.containers.resize(1);
    record.task.containers[0].container_arn = arn + "/web";
    return record;
  }

  void acknowledge(const boost::json::value& frame) {
    const std::string id(frame.at("message").at("messageId").as_string());
    link_.receive(kInstance, R"({"type":"AckRequest","message":{"cluster":"c","containerInstance":"i","messageId":")" +
                                 id + "\"}}");
    while (loop_.poll() > 0) {
    }
  }

  static constexpr const char* kInstance = "arn:i";
  static constexpr const char* kDefinition = "arn:d";
  base::Loop loop_;
  base::VirtualClock clock_{loop_};
  base::Random random_{1};
  base::Scope scope_{loop_.executor()};
  store::MemoryStore store_;
  State state_{store_, random_, "us-west-2"};
  AgentLink link_{state_, clock_, random_, scope_};
  Wire wire_;
};

TEST_F(AgentLinkTest, SendsThePayloadOfATask) {
  link_.send(add_task("arn:t1"));
  ASSERT_EQ(wire_.frames.size(), 1U);
  EXPECT_EQ(wire_.frames[0].at("type"), "PayloadMessage");
  const auto& message = wire_.frames[0].at("message");
  EXPECT_EQ(message.at("clusterArn"), "arn:c");
  EXPECT_EQ(message.at("containerInstanceArn"), kInstance);
  const auto& task = message.at("tasks").at(0);
  EXPECT_EQ(task.at("arn"), "arn:t1");
  EXPECT_EQ(task.at("desiredStatus"), "RUNNING");
  EXPECT_EQ(task.at("containers").at(0).at("containerArn"), "arn:t1/web");
  link_.send(add_task("arn:t2"));
  EXPECT_GT(wire_.frames[1].at("message").at("seqNum").as_int64(), message.at("seqNum").as_int64());
}

TEST_F(AgentLinkTest, AnAcknowledgementIsKept) {
  TaskRecord& task = add_task("arn:t1");
  link_.send(task);
  acknowledge(wire_.frames.at(0));
  EXPECT_TRUE(task.run_acked);
  EXPECT_FALSE(task.stop_acked);
  EXPECT_EQ(link_.waiting(kInstance), 0U);
  EXPECT_THAT(store_.load(store::Table::kTasks).at(0).content, HasSubstr(R"("runAcked":true)"));
}

TEST_F(AgentLinkTest, AStopTakesThePlaceOfARunThatWaits) {
  TaskRecord& task = add_task("arn:t1");
  link_.send(task);
  task.task.desired_status = "STOPPED";
  link_.send(task);
  EXPECT_EQ(link_.waiting(kInstance), 1U);
  EXPECT_EQ(wire_.frames[1].at("message").at("tasks").at(0).at("desiredStatus"), "STOPPED");
  acknowledge(wire_.frames[0]);
  EXPECT_FALSE(task.stop_acked);
  acknowledge(wire_.frames[1]);
  EXPECT_TRUE(task.stop_acked);
}

TEST_F(AgentLinkTest, RestoresWhatWasNotAcknowledged) {
  add_task("arn:new");
  add_task("arn:acked").run_acked = true;
  add_task("arn:over").task.last_status = "STOPPED";
  TaskRecord& stopping = add_task("arn:stopping");
  stopping.run_acked = true;
  stopping.task.desired_status = "STOPPED";
  link_.restore();
  ASSERT_EQ(wire_.frames.size(), 2U);
  EXPECT_EQ(wire_.frames[0].at("message").at("tasks").at(0).at("arn"), "arn:new");
  EXPECT_EQ(wire_.frames[1].at("message").at("tasks").at(0).at("arn"), "arn:stopping");
}

TEST_F(AgentLinkTest, BadFramesAndUnknownAcknowledgementsChangeNothing) {
  link_.send(add_task("arn:t1"));
  for (const char* frame : {"", "x", "{}", R"({"type":"AckRequest","message":{"messageId":"other"}})",
                            R"({"type":"AckRequest","message":{"messageId":7}})",
                            R"({"type":"AckRequest","message":{}})", R"({"type":"HeartbeatAckRequest","message":{}})",
                            R"({"type":"NackRequest","message":{"messageId":"m","reason":"no"}})"}) {
    link_.receive(kInstance, frame);
  }
  EXPECT_EQ(link_.waiting(kInstance), 1U);
}

TEST_F(AgentLinkTest, ForgetsAStoppedTask) {
  link_.send(add_task("arn:t1"));
  link_.forget("arn:t1");
  EXPECT_EQ(link_.waiting(kInstance), 0U);
}

TEST(QueryValue, Decodes) {
  const std::string target =
      "/acs/"
      "ws?agentVersion=1.105.1&containerInstanceArn=arn%3Aaws%3Aecs&dockerVersion=DockerVersion%3A+20.10&empty=&bare";
  EXPECT_EQ(query_value(target, "containerInstanceArn"), "arn:aws:ecs");
  EXPECT_EQ(query_value(target, "dockerVersion"), "DockerVersion: 20.10");
  EXPECT_EQ(query_value(target, "empty"), "");
  EXPECT_EQ(query_value(target, "bare"), "");
  EXPECT_EQ(query_value(target, "missing"), "");
  EXPECT_EQ(query_value("/acs/ws", "a"), "");
}

}  // namespace
}  // namespace ecs::local
