#include "aws/registrar.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "aws/load_config.hpp"
#include "aws/testing/scripted.hpp"
#include "json/decode.hpp"
#include "json/encode.hpp"
#include "log/capture.hpp"

namespace ecs::aws {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""s;
using testing::answer;
using testing::Answer;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kInstance = "arn:aws:ecs:us-west-2:111122223333:container-instance/c1/aa";

Answer refuse(int status, std::string_view code, std::string_view message = "m") {
  return answer(status, fmt::format(R"({{"__type":"{}","message":"{}"}})", code, message));
}

/// An instance metadata service that has the identity, or nothing.
class FakeImds final : public Imds {
 public:
  base::Async<std::string> get(std::string path) override {
    ++requests;
    if (!alive) throw ImdsError(ImdsError::Kind::kStatus, 404, "operation error ec2imds: GetDynamicData");
    if (path == "user-data") co_return user_data;
    if (path == "meta-data/placement/region") co_return "placement-1";
    co_return path.ends_with("signature") ? "SIG" : R"({"region":"us-west-2"})";
  }
  base::Async<std::string> get_for_credentials(std::string path) override { return get(std::move(path)); }

  bool alive = true;
  int requests = 0;
  std::string user_data;
};

class CountingCredentials final : public CredentialProvider {
 public:
  base::Async<Credentials> get() override { co_return testing::test_keys(); }
  void invalidate() override { ++invalidated; }
  int invalidated = 0;
};

class RegistrarTest : public ::testing::Test {
 protected:
  RegistrarTest() {
    input.cluster = "c1";
    input.client_token = "79985304-6643-409a-829d-c0a3795e4da6";
    input.resources = {Resource::integer("CPU", 2048), Resource::integer("MEMORY", 23849),
                       Resource::string_set("PORTS", {"22"}), Resource::string_set("PORTS_UDP", {})};
    input.attributes = {{.name = "stack", .value = "prod"}, {.name = "ecs.capability.x", .value = {}}};
    world.transport.script = [](const net::Request& request) -> Answer { return accept(request); };
  }

  /// Answers as ECS does: what was sent with a value comes back, and the zone.
  static Answer accept(const net::Request& request) {
    auto sent = json::decode<RegisterContainerInstanceRequest>(request.body);
    std::erase_if(sent.attributes, [](const Attribute& one) { return !one.value; });
    sent.attributes.push_back({.name = "ecs.availability-zone", .value = "us-west-2a"});
    return answer(200,
                  json::encode(RegisterContainerInstanceResponse{
                      .container_instance = {.container_instance_arn = kInstance, .attributes = sent.attributes}}));
  }

  Registration run() { return world.run(registrar.run(input)); }

  [[nodiscard]] std::vector<std::string> operations() const {
    std::vector<std::string> all;
    for (const auto& call : world.transport.calls) {
      const std::string target(call.request.headers.get("X-Amz-Target"));
      all.push_back(target.substr(target.find('.') + 1));
    }
    return all;
  }

  testing::World world;
  log::Capture capture;
  FakeImds imds;
  CountingCredentials credentials;
  EcsClient ecs{world.transport, world.clock, world.random, credentials,
                ecs_options("http://127.0.0.1:1", "us-west-2", "LINUX")};
  Registrar registrar{ecs, imds, credentials, world.clock, world.random};
  RegistrationInput input;
};

TEST_F(RegistrarTest, FirstRegistrationHasTheBodyOfTheOriginal) {
  input.tags = {{.key = "team", .value = "x"}};
  const auto result = run();
  EXPECT_EQ(result.outcome, Registration::Outcome::kRegistered);
  EXPECT_EQ(result.container_instance_arn, kInstance);
  EXPECT_EQ(result.availability_zone, "us-west-2a");
  EXPECT_EQ(result.cluster, "c1");
  EXPECT_EQ(result.exit_code(), 0);
  EXPECT_EQ(
      world.transport.calls.at(0).request.body,
      R"({"attributes":[{"name":"stack","value":"prod"},{"name":"ecs.capability.x"}],)"
      R"("clientToken":"79985304-6643-409a-829d-c0a3795e4da6","cluster":"c1",)"
      R"("instanceIdentityDocument":"{\"region\":\"us-west-2\"}","instanceIdentityDocumentSignature":"SIG",)"
      R"("tags":[{"key":"team","value":"x"}],"totalResources":[{"integerValue":2048,"name":"CPU","type":"INTEGER"},)"
      R"({"integerValue":23849,"name":"MEMORY","type":"INTEGER"},{"name":"PORTS","stringSetValue":["22"],)"
      R"("type":"STRINGSET"},{"name":"PORTS_UDP","stringSetValue":[],"type":"STRINGSET"}]})");
}

TEST_F(RegistrarTest, EcsApi05_BodyHasNoVersionInfo) {
  run();
  EXPECT_THAT(world.transport.calls.at(0).request.body, Not(HasSubstr("versionInfo")));
}

TEST_F(RegistrarTest, EcsApi06_CapabilitiesHaveNoValueKey) {
  run();
  EXPECT_THAT(world.transport.calls.at(0).request.body, HasSubstr(R"({"name":"ecs.capability.x"})"));
}

TEST_F(RegistrarTest, EcsApi12_WithoutIdentityBothFieldsAreEmptyAndMetadataIsLeftAlone) {
  input.with_identity = false;
  run();
  EXPECT_THAT(world.transport.calls.at(0).request.body,
              HasSubstr(R"("instanceIdentityDocument":"","instanceIdentityDocumentSignature":"")"));
  EXPECT_EQ(imds.requests, 0);
}

TEST_F(RegistrarTest, EcsApi13_AttributeThatDoesNotComeBackIsTerminal) {
  world.transport.script = [](const net::Request&) -> Answer {
    return answer(200,
                  fmt::format(R"({{"containerInstance":{{"containerInstanceArn":"{}","attributes":[]}}}})", kInstance));
  };
  const auto result = run();
  EXPECT_EQ(result.exit_code(), 5);
  EXPECT_TRUE(result.attributes_rejected);
  EXPECT_THAT(result.error, HasSubstr("stack"));
  EXPECT_THAT(result.error, Not(HasSubstr("ecs.capability.x"))) << "a name without a value may be missing";
}

TEST_F(RegistrarTest, EcsApi14_WhichErrorsEndForGood) {
  const std::pair<const char*, int> cases[] = {{"InvalidParameterException", 5},
                                               {"ClientException", 5},
                                               {"AccessDeniedException", 1},
                                               {"UnrecognizedClientException", 1},
                                               {"ClusterNotFoundException", 1}};
  for (const auto& [code, exit_code] : cases) {
    world.transport.calls.clear();
    world.transport.script = [code](const net::Request&) { return refuse(400, code); };
    EXPECT_EQ(run().exit_code(), exit_code) << code;
    EXPECT_EQ(world.transport.calls.size(), 1U) << code;
  }
}

TEST_F(RegistrarTest, NetworkFailureIsTransient) {
  world.transport.script = [](const net::Request&) -> Answer { return net::Error::Kind::kConnect; };
  EXPECT_EQ(run().exit_code(), 1);
  EXPECT_EQ(world.transport.calls.size(), 3U);
}

TEST_F(RegistrarTest, EcsApi15_ServerErrorsComeInGroupsOfThreeWithGrowingPauses) {
  int left = 7;
  world.transport.script = [&](const net::Request& request) -> Answer {
    return left-- > 0 ? refuse(500, "ServerException") : accept(request);
  };
  EXPECT_EQ(run().exit_code(), 0);
  ASSERT_EQ(world.transport.calls.size(), 8U);
  EXPECT_GE(world.transport.gap(2), 3s);
  EXPECT_LE(world.transport.gap(2), 3600ms);
  EXPECT_GE(world.transport.gap(5), 6s);
  EXPECT_LE(world.transport.gap(5), 7200ms);
}

TEST_F(RegistrarTest, Config24_ServerErrorsGiveUpAfterAnHour) {
  world.transport.script = [](const net::Request&) { return refuse(500, "ServerException"); };
  const auto start = world.clock.now();
  const auto result = run();
  EXPECT_EQ(result.exit_code(), 1) << "the original goes on with an empty ARN";
  EXPECT_LE(world.clock.now() - start, 1h + 1min);
  EXPECT_GE(world.clock.now() - start, 1h);
  EXPECT_THAT(result.error, HasSubstr("hour"));
}

TEST_F(RegistrarTest, EcsApi16_AllAttemptsCarryOneClientToken) {
  int left = 5;
  world.transport.script = [&](const net::Request& request) -> Answer {
    return left-- > 0 ? refuse(400, "ThrottlingException") : accept(request);
  };
  run();
  ASSERT_EQ(world.transport.calls.size(), 6U);
  for (const auto& call : world.transport.calls) EXPECT_THAT(call.request.body, HasSubstr(input.client_token));
}

TEST_F(RegistrarTest, EcsApi17_ReRegistrationSendsItsArnAndKeepsIt) {
  input.container_instance_arn = "arn:mine";
  input.tags = {{.key = "team", .value = "x"}};
  EXPECT_EQ(run().container_instance_arn, "arn:mine");
  EXPECT_THAT(world.transport.calls.at(0).request.body, HasSubstr(R"("containerInstanceArn":"arn:mine")"));
  EXPECT_THAT(world.transport.calls.at(0).request.body, HasSubstr(R"("tags":[)"));
}

TEST_F(RegistrarTest, ChangedInstanceTypeIsTerminalForAReRegistrationOnly) {
  world.transport.script = [](const net::Request&) {
    return refuse(400, "SomeException", "Container instance type changes are not supported. It was t2.");
  };
  EXPECT_EQ(run().exit_code(), 1);
  input.container_instance_arn = "arn:mine";
  EXPECT_EQ(run().exit_code(), 5);
}

TEST_F(RegistrarTest, EcsApi19_MissingDefaultClusterIsCreated) {
  input.cluster.clear();
  bool created = false;
  world.transport.script = [&](const net::Request& request) -> Answer {
    if (request.headers.get("X-Amz-Target").ends_with("CreateCluster")) {
      created = true;
      return answer(200, R"({"cluster":{"clusterName":"default"}})");
    }
    return created ? accept(request) : refuse(400, "ClientException", "Cluster not found.");
  };
  const auto result = run();
  EXPECT_EQ(result.exit_code(), 0);
  EXPECT_EQ(result.cluster, "default");
  EXPECT_THAT(operations(),
              ::testing::ElementsAre("RegisterContainerInstance", "CreateCluster", "RegisterContainerInstance"));
  EXPECT_THAT(world.transport.calls[2].request.body, HasSubstr(R"("cluster":"default")"));
  EXPECT_THAT(world.transport.calls[2].request.body, HasSubstr(input.client_token));
}

TEST_F(RegistrarTest, Config23_ConfiguredClusterIsNeverCreated) {
  world.transport.script = [](const net::Request&) { return refuse(400, "ClientException", "Cluster not found."); };
  EXPECT_EQ(run().exit_code(), 5);
  EXPECT_THAT(operations(), Each("RegisterContainerInstance"));
}

TEST_F(RegistrarTest, Config22_WithoutAClusterAnyFailureIsTriedOnceMore) {
  world.transport.script = [](const net::Request&) { return refuse(400, "AccessDeniedException"); };
  EXPECT_EQ(run().exit_code(), 1);
  EXPECT_EQ(world.transport.calls.size(), 1U);
  world.transport.calls.clear();
  input.cluster.clear();
  EXPECT_EQ(run().exit_code(), 1);
  EXPECT_EQ(operations(), (std::vector<std::string>{"RegisterContainerInstance", "RegisterContainerInstance"}));
}

TEST_F(RegistrarTest, RefusedCreateClusterEndsItAsARefusedRegistrationWould) {
  input.cluster.clear();
  world.transport.script = [](const net::Request& request) -> Answer {
    return request.headers.get("X-Amz-Target").ends_with("CreateCluster")
               ? refuse(400, "ClientException")
               : refuse(400, "ClientException", "Cluster not found.");
  };
  EXPECT_EQ(run().exit_code(), 5);
  EXPECT_EQ(world.transport.calls.size(), 2U);
}

TEST_F(RegistrarTest, FailedCreateClusterEndsTheRegistration) {
  input.cluster.clear();
  world.transport.script = [](const net::Request& request) -> Answer {
    return request.headers.get("X-Amz-Target").ends_with("CreateCluster")
               ? refuse(400, "AccessDeniedException")
               : refuse(400, "ClientException", "Cluster not found.");
  };
  EXPECT_EQ(run().exit_code(), 1);
  EXPECT_EQ(world.transport.calls.size(), 2U);
}

TEST_F(RegistrarTest, EcsApi40_WithoutMetadataItRegistersAMinuteLate) {
  imds.alive = false;
  const auto start = world.clock.now();
  const auto result = run();
  EXPECT_EQ(result.exit_code(), 0);
  EXPECT_GE(world.clock.now() - start, 60s);
  EXPECT_LE(world.clock.now() - start, 70s);
  EXPECT_THAT(world.transport.calls.at(0).request.body,
              HasSubstr(R"("instanceIdentityDocument":"","instanceIdentityDocumentSignature":"")"));
  EXPECT_GT(credentials.invalidated, 0);
}

TEST_F(RegistrarTest, AnswerWithoutArnIsTransient) {
  input.attributes.clear();
  world.transport.script = [](const net::Request&) -> Answer { return answer(200, "{}"); };
  EXPECT_EQ(run().exit_code(), 1);
}

class LoadConfigTest : public ::testing::Test {
 protected:
  config::Config load(config::Environment environment) {
    config::Host host{.read_file = [this](const std::string& path) -> std::optional<std::string> {
                        if (path.starts_with("/proc")) return "1\t2";
                        return file;
                      },
                      .default_routes = [] { return config::IpCompatibility{.ipv4 = true, .ipv6 = false}; }};
    return world.run(load_config(std::move(environment), host, imds));
  }

  testing::World world;
  log::Capture capture;
  FakeImds imds;
  std::optional<std::string> file;
};

TEST_F(LoadConfigTest, RegionComesFromTheIdentityDocumentOrThePlacement) {
  EXPECT_EQ(load({}).region, "us-west-2");
  file = R"({"NoIID":true})";
  EXPECT_EQ(load({}).region, "placement-1");
  EXPECT_EQ(load({{"AWS_DEFAULT_REGION", "eu-west-1"}}).region, "eu-west-1");
}

TEST_F(LoadConfigTest, Config03_UserDataIsTheWeakestLayer) {
  imds.user_data = R"({"ECSAgentConfiguration":{"Cluster":"c"}})";
  EXPECT_EQ(load({}).cluster, "c");
  file = R"({"Cluster":"a"})";
  EXPECT_EQ(load({}).cluster, "a");
}

TEST_F(LoadConfigTest, Config10_NoRegionAndNoMetadataFails) {
  imds.alive = false;
  EXPECT_THROW(load({}), config::Error);
  EXPECT_TRUE(capture.contains("user data cannot be read"));
  EXPECT_EQ(load({{"AWS_DEFAULT_REGION", "r"}}).region, "r");
}

TEST_F(LoadConfigTest, Config10_SilentMetadataCostsAboutNineSeconds) {
  world.transport.script = [](const net::Request&) -> Answer { return net::Error::Kind::kConnect; };
  ImdsClient dead(world.transport, world.clock, {});
  config::Host host{.read_file = [](const std::string&) { return std::optional<std::string>(); },
                    .default_routes = [] { return config::IpCompatibility{.ipv4 = true, .ipv6 = false}; }};
  const auto start = world.clock.now();
  EXPECT_THROW(world.run(load_config({}, host, dead)), config::Error);
  EXPECT_GE(world.clock.now() - start, 8s);
  EXPECT_LE(world.clock.now() - start, 10s);
}

TEST_F(LoadConfigTest, Config11_ExternalMakesNoRequest) {
  EXPECT_THROW(load({{"ECS_EXTERNAL", "true"}}), config::Error);
  load({{"ECS_EXTERNAL", "true"}, {"AWS_DEFAULT_REGION", "r"}});
  EXPECT_EQ(imds.requests, 0);
}

}  // namespace
}  // namespace ecs::aws
