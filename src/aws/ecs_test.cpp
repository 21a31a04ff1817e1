#include "aws/ecs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/testing/scripted.hpp"
#include "base/time_text.hpp"
#include "json/encode.hpp"

namespace ecs::aws {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::answer;
using testing::Answer;
using ::testing::HasSubstr;

constexpr const char* kInstance = "arn:aws:ecs:us-west-2:111122223333:container-instance/c1/aa";
constexpr const char* kTask = "arn:aws:ecs:us-west-2:111122223333:task/c1/11";

class EcsTest : public ::testing::Test {
 protected:
  EcsTest() {
    world.transport.script = [](const net::Request&) -> Answer { return answer(200, "{}"); };
  }

  [[nodiscard]] std::string body() const { return world.transport.calls.back().request.body; }
  [[nodiscard]] std::string operation() const {
    return std::string(world.transport.calls.back().request.headers.get("X-Amz-Target"));
  }
  DiscoverPollEndpointResponse discover(std::string instance = kInstance) {
    return world.run(ecs.discover_poll_endpoint("c1", std::move(instance)));
  }

  testing::World world;
  FixedCredentials credentials{testing::test_keys()};
  EcsClient ecs{world.transport, world.clock, world.random, credentials,
                ecs_options("http://127.0.0.1:1", "us-west-2", "LINUX")};
};

TEST_F(EcsTest, EcsApi01_EveryCallHasItsTarget) {
  const auto target = [](const char* name) { return std::string("AmazonEC2ContainerServiceV20141113.") + name; };
  world.run(ecs.create_cluster({.cluster_name = "default"}));
  EXPECT_EQ(operation(), target("CreateCluster"));
  EXPECT_EQ(body(), R"({"clusterName":"default"})");
  world.run(ecs.register_container_instance({}));
  EXPECT_EQ(operation(), target("RegisterContainerInstance"));
  discover();
  EXPECT_EQ(operation(), target("DiscoverPollEndpoint"));
  world.run(ecs.submit_task_state_change({}));
  EXPECT_EQ(operation(), target("SubmitTaskStateChange"));
  world.run(ecs.update_container_instances_state(
      {.cluster = "c1", .container_instances = {kInstance}, .status = "DRAINING"}));
  EXPECT_EQ(operation(), target("UpdateContainerInstancesState"));
  EXPECT_EQ(body(), fmt::format(R"({{"cluster":"c1","containerInstances":["{}"],"status":"DRAINING"}})", kInstance));
}

TEST_F(EcsTest, EcsApi20_PollEndpointIsAskedOnceForAllUsers) {
  world.transport.script = [](const net::Request&) -> Answer {
    return answer(200, R"({"endpoint":"http://a","telemetryEndpoint":"http://t"})");
  };
  base::Scope scope(world.loop.executor());
  int done = 0;
  auto user = [](EcsApi& api, int& count) -> base::Async<> {
    const auto found = co_await api.discover_poll_endpoint("c1", kInstance);
    EXPECT_EQ(found.endpoint, "http://a");
    EXPECT_EQ(found.telemetry_endpoint, "http://t");
    EXPECT_EQ(found.service_connect_endpoint, std::nullopt);
    ++count;
  };
  scope.spawn("acs", user(ecs, done));
  scope.spawn("tcs", user(ecs, done));
  ASSERT_TRUE(world.clock.advance_until([&] { return done == 2; }, 1s));
  EXPECT_EQ(world.transport.calls.size(), 1U);
  world.clock.advance(12h - 1s);
  discover();
  EXPECT_EQ(world.transport.calls.size(), 1U);
  world.clock.advance(2s);
  discover();
  EXPECT_EQ(world.transport.calls.size(), 2U);
  discover("arn:other");
  EXPECT_EQ(world.transport.calls.size(), 3U) << "one entry per container instance";
}

TEST_F(EcsTest, EcsApi21_ZoneIdIsPresentAndEmpty) {
  discover();
  EXPECT_EQ(body(), fmt::format(R"({{"cluster":"c1","containerInstance":"{}","zoneId":""}})", kInstance));
}

TEST_F(EcsTest, EcsApi22_ExpiredPollEndpointServesWhileTheCallFails) {
  bool broken = true;
  world.transport.script = [&](const net::Request&) -> Answer {
    return broken ? answer(400, R"({"__type":"ClientException"})") : answer(200, R"({"endpoint":"http://a"})");
  };
  EXPECT_THROW(discover(), Error) << "nothing is known yet";
  broken = false;
  discover();
  broken = true;
  world.clock.advance(13h);
  const auto before = world.transport.calls.size();
  EXPECT_EQ(discover().endpoint, "http://a");
  EXPECT_EQ(discover().endpoint, "http://a");
  EXPECT_EQ(world.transport.calls.size(), before + 2) << "asked again each time until it answers";
}

TEST_F(EcsTest, PollEndpointCallIsLimited) {
  world.transport.script = [](const net::Request&) -> Answer { return testing::Hang{}; };
  const auto start = world.clock.now();
  EXPECT_THROW(discover(), Error);
  EXPECT_LE(world.clock.now() - start, 126s);
}

TEST_F(EcsTest, EcsApi26_TaskReasonIsPresentAndAnEmptyContainerReasonAbsent) {
  SubmitTaskStateChangeRequest request{.cluster = "c1", .task = kTask};
  request.status = "RUNNING";
  request.reason = "";
  ContainerStateChange db{.container_name = "db", .status = "RUNNING"};
  db.image_digest = "sha256:fc6a";
  db.runtime_id = "d8d3";
  db.network_bindings = {{.bind_ip = "0.0.0.0", .protocol = "tcp", .container_port = 80, .host_port = 32768}};
  request.containers = {db};
  request.pull_started_at = base::epoch_seconds(base::WallTime(std::chrono::milliseconds(1795334838313)));
  world.run(ecs.submit_task_state_change(request));
  EXPECT_EQ(body(), fmt::format(R"({{"cluster":"c1","containers":[{{"containerName":"db","imageDigest":"sha256:fc6a",)"
                                R"("networkBindings":[{{"bindIP":"0.0.0.0","containerPort":80,"hostPort":32768,)"
                                R"("protocol":"tcp"}}],"runtimeId":"d8d3","status":"RUNNING"}}],)"
                                R"("pullStartedAt":1795334838.313,"reason":"","status":"RUNNING","task":"{}"}})",
                                kTask));
}

TEST_F(EcsTest, EcsApi27_LongTextsAreCutByBytes) {
  SubmitTaskStateChangeRequest request{.cluster = "c1", .task = kTask};
  request.reason = std::string(3000, 'r');
  ContainerStateChange one{.container_name = "a", .status = "STOPPED"};
  one.reason = std::string(1025, 'c');
  one.runtime_id = std::string(300, 'i');
  one.image_digest = std::string(300, 'd');
  request.containers = {one};
  request.managed_agents = {{.container_name = "a",
                             .managed_agent_name = "ExecuteCommandAgent",
                             .status = "STOPPED",
                             .reason = std::string(2000, 'm')}};
  truncate(request);
  EXPECT_EQ(request.reason->size(), 1024U);
  EXPECT_EQ(request.containers->at(0).reason->size(), 1024U);
  EXPECT_EQ(request.containers->at(0).runtime_id->size(), 255U);
  EXPECT_EQ(request.containers->at(0).image_digest->size(), 255U);
  EXPECT_EQ(request.managed_agents->at(0).reason.size(), 1024U);
}

TEST_F(EcsTest, CutCharacterStaysValidJson) {
  SubmitTaskStateChangeRequest request{.cluster = "c1", .task = kTask};
  request.reason = std::string(1023, 'r') + "é";
  world.run(ecs.submit_task_state_change(request));
  EXPECT_THAT(body(), HasSubstr("rr\\ufffd\""));
}

TEST_F(EcsTest, EcsApi33_SubmitHasItsOwnRetries) {
  world.transport.script = [&](const net::Request&) -> Answer {
    return world.transport.calls.size() < 3 ? answer(500) : answer(200, R"({"acknowledgment":"ok"})");
  };
  world.run(ecs.submit_task_state_change({.cluster = "c1", .task = kTask}));
  EXPECT_EQ(world.transport.calls[0].request.headers.get("Amz-Sdk-Request"), "attempt=1; max=298");
  EXPECT_GE(world.transport.gap(0), 60ms);
  EXPECT_LE(world.transport.gap(0), 118ms);
  EXPECT_GE(world.transport.gap(1), 120ms);
  EXPECT_LE(world.transport.gap(1), 236ms);
}

TEST_F(EcsTest, ClientErrorsOfASubmitEndTheCallAtOnce) {
  for (const char* code : {"ClientException", "InvalidParameterException"}) {
    world.transport.calls.clear();
    world.transport.script = [code](const net::Request&) -> Answer {
      return answer(400, fmt::format(R"({{"__type":"{}"}})", code));
    };
    try {
      world.run(ecs.submit_task_state_change({.cluster = "c1", .task = kTask}));
      FAIL();
    } catch (const Error& e) {
      EXPECT_EQ(e.code(), code);
      EXPECT_FALSE(e.retryable());
    }
    EXPECT_EQ(world.transport.calls.size(), 1U);
  }
}

TEST_F(EcsTest, TooManyBindingsWithARangeAreNeverSent) {
  SubmitTaskStateChangeRequest request{.cluster = "c1", .task = kTask};
  ContainerStateChange one{.container_name = "a", .status = "RUNNING"};
  one.network_bindings.emplace(101, NetworkBinding{.bind_ip = "::", .protocol = "tcp"});
  request.containers = {one};
  world.run(ecs.submit_task_state_change(request));
  request.containers->at(0).network_bindings->at(50).container_port_range = "1-2";
  EXPECT_THROW(world.run(ecs.submit_task_state_change(request)), std::invalid_argument);
  EXPECT_EQ(world.transport.calls.size(), 1U);
}

TEST_F(EcsTest, UnreadableAnswerIsAnError) {
  world.transport.script = [](const net::Request&) -> Answer { return answer(200, R"({"cluster":[]})"); };
  try {
    world.run(ecs.create_cluster({.cluster_name = "default"}));
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), Error::Kind::kAnswer);
    EXPECT_THAT(e.what(), HasSubstr("CreateCluster"));
  }
}

TEST(Resource, ZeroIsLeftOutAndAnEmptySetIsSent) {
  EXPECT_EQ(json::encode(Resource::integer("MEMORY", 0)), R"({"name":"MEMORY","type":"INTEGER"})");
  EXPECT_EQ(json::encode(Resource::string_set("PORTS_UDP", {})),
            R"({"name":"PORTS_UDP","stringSetValue":[],"type":"STRINGSET"})");
}

}  // namespace
}  // namespace ecs::aws
