#include "engine/intake.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "engine/overrides.hpp"
#include "engine/testing/rig.hpp"

namespace ecs::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kArn;
using testing::payload_container;
using testing::payload_task;
using ::testing::SizeIs;
using ::testing::StartsWith;

constexpr base::WallTime kNow{std::chrono::seconds(1767225600)};

Intake take(const acs::Task& payload) {
  base::Random random(1);
  return convert(payload, {}, random, kNow);
}

task::Task taken(const acs::Task& payload) {
  const Intake intake = take(payload);
  const auto* task = std::get_if<task::Task>(&intake);
  if (task == nullptr) throw std::runtime_error(std::get<Refused>(intake).cause);
  return *task;
}

std::string cause(const acs::Task& payload) {
  const Intake intake = take(payload);
  const auto* refused = std::get_if<Refused>(&intake);
  return refused == nullptr ? "" : refused->cause;
}

acs::Task one() { return payload_task({payload_container("c1")}); }

TEST(Intake, AnOrdinaryTask) {
  acs::Task payload = one();
  payload.cpu = 0.25;
  payload.memory = 64;
  payload.containers[0].stop_timeout = 5;
  const task::Task task = taken(payload);
  EXPECT_EQ(task.arn, kArn);
  EXPECT_EQ(task.desired, task::TaskStatus::kRunning);
  EXPECT_EQ(task.known, task::TaskStatus::kNone);
  EXPECT_EQ(task.cpu, 0.25);
  EXPECT_EQ(task.containers[0].stop_timeout, 5);
  EXPECT_THAT(*task.containers[0].command, ElementsAre("sleep", "1000"));
  EXPECT_EQ(task.containers[0].entry_point, std::nullopt);
}

TEST(Engine, Engine38_ContainerNames) {
  acs::Task payload = payload_task({payload_container("app one_x")});
  const task::Task task = taken(payload);
  EXPECT_TRUE(std::regex_match(task.containers[0].docker_name, std::regex("ecs-fam-3-apponex-[0-9a-f]{20}")))
      << task.containers[0].docker_name;
}

TEST(Engine, Engine46_TheMetadataVariablesShareOneUuid) {
  const task::Container c = taken(one()).containers[0];
  const std::string end = "/" + c.endpoint_id;
  EXPECT_EQ(c.environment.at("ECS_CONTAINER_METADATA_URI"), "http://169.254.170.2/v3" + end);
  EXPECT_EQ(c.environment.at("ECS_CONTAINER_METADATA_URI_V4"), "http://169.254.170.2/v4" + end);
  EXPECT_EQ(c.environment.at("ECS_AGENT_URI"), "http://169.254.170.2/api" + end);
  EXPECT_THAT(c.endpoint_id, SizeIs(36));
}

TEST(Intake, TheAgentsVariablesWin) {
  acs::Task payload = one();
  payload.containers[0].environment = {{"ECS_AGENT_URI", "mine"}, {"A", "1"}};
  payload.role_credentials.emplace();
  payload.role_credentials->credentials_id = "cred-1";
  const task::Container c = taken(payload).containers[0];
  EXPECT_THAT(c.environment.at("ECS_AGENT_URI"), StartsWith("http://169.254.170.2/"));
  EXPECT_EQ(c.environment.at("A"), "1");
  EXPECT_EQ(c.environment.at("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), "/v2/credentials/cred-1");
}

TEST(Acs, Acs30_OverridesOfTheCommand) {
  acs::Task payload = one();
  payload.containers[0].overrides = R"({"command":["echo","hi"]})";
  EXPECT_THAT(*taken(payload).containers[0].command, ElementsAre("echo", "hi"));
  payload.containers[0].overrides = R"({"environment":[]})";
  EXPECT_THAT(cause(payload), StartsWith("Multiple error:"));
  EXPECT_THAT(cause(payload), HasSubstr("Could not unmarshal ContainerOverrides in any supported way"));
  EXPECT_THAT(cause(payload), HasSubstr("Unrecognized key: environment"));
  EXPECT_THAT(cause(payload), HasSubstr("(containers[0].overrides: {} or {\"command\": [...]})"));
}

TEST(Overrides, WhatIsRefused) {
  EXPECT_EQ(parse_overrides("{}").error, "");
  EXPECT_EQ(parse_overrides("null").error, "");
  EXPECT_EQ(parse_overrides(R"({"command":null})").command, std::nullopt);
  EXPECT_TRUE(parse_overrides(R"({"Command":[]})").command->empty());
  for (const char* bad : {"", " ", "[]", "3", "{", R"({"command":"x"})", R"({"command":[1]})", R"({"cpu":1})"}) {
    EXPECT_NE(parse_overrides(bad).error, "") << bad;
  }
}

struct BadInput {
  const char* name;
  void (*change)(acs::Task&);
  const char* cause;
};

void PrintTo(const BadInput& bad, std::ostream* out) { *out << bad.name; }

class Unreadable : public ::testing::TestWithParam<BadInput> {};

TEST_P(Unreadable, IsRefusedWithTheRule) {
  acs::Task payload = one();
  GetParam().change(payload);
  EXPECT_EQ(cause(payload), GetParam().cause);
}

INSTANTIATE_TEST_SUITE_P(
    Intake, Unreadable,
    ::testing::Values(
        BadInput{"status", [](acs::Task& t) { t.desired_status = "PENDING"; },
                 "Unrecognized TaskStatus (desiredStatus: a status of a task, got \"PENDING\")"},
        BadInput{"cpu", [](acs::Task& t) { t.containers[0].cpu = -1; },
                 "json: cannot unmarshal number -1 into Go struct field Container.Containers.Cpu of type uint "
                 "(containers[0].cpu: 0 or more)"},
        BadInput{"memory", [](acs::Task& t) { t.containers[0].memory = -5; },
                 "json: cannot unmarshal number -5 into Go struct field Container.Containers.Memory of type uint "
                 "(containers[0].memory: 0 or more)"},
        BadInput{"stop timeout", [](acs::Task& t) { t.containers[0].stop_timeout = -1; },
                 "json: cannot unmarshal number -1 into Go struct field Container.Containers.StopTimeout of type uint "
                 "(containers[0].stopTimeout: 0 or more)"},
        BadInput{"host port", [](acs::Task& t) { t.containers[0].port_mappings = {{.host_port = 70000}}; },
                 "json: cannot unmarshal number 70000 into Go struct field "
                 "PortBinding.Containers.portMappings.HostPort of type uint16 (containers[0].portMappings[0].hostPort: "
                 "0 to 65535)"},
        BadInput{"protocol", [](acs::Task& t) { t.containers[0].port_mappings = {{.protocol = "sctp"}}; },
                 "TransportProtocol must be \"tcp\" or \"udp\"; Got \"sctp\" (containers[0].portMappings[0].protocol: "
                 "tcp or udp)"},
        BadInput{"volume name", [](acs::Task& t) { t.volumes.emplace_back(); }, "invalid Volume; must include a name"},
        BadInput{"volume block", [](acs::Task& t) { t.volumes = {{.name = "v"}}; },
                 "invalid volume: empty volume configuration"},
        BadInput{"volume type", [](acs::Task& t) { t.volumes = {{.name = "v", .type = "ebs"}}; },
                 "unrecognized volume type: \"ebs\""},
        BadInput{"credentials", [](acs::Task& t) { t.role_credentials.emplace(); },
                 "CredentialsId is empty (roleCredentials.credentialsId: not empty)"},
        BadInput{"proxy", [](acs::Task& t) { t.proxy_configuration.emplace(); },
                 "agent does not support proxy type other than app mesh"},
        BadInput{"arn", [](acs::Task& t) { t.arn = "task/1"; }, "malformed task ARN \"task/1\""}));

TEST(Engine, Engine28_AnUnknownLinkTarget) {
  acs::Task payload = one();
  payload.containers[0].links = {"zz:y"};
  const task::Task task = taken(payload);
  EXPECT_EQ(task.known, task::TaskStatus::kStopped);
  EXPECT_EQ(task.reason,
            "resource cannot be initialized for task " + kArn + ": could not find container for link zz:y");
  EXPECT_THAT(task.containers, IsEmpty());
}

TEST(Intake, LinksAndVolumesFromOrderContainers) {
  acs::Task payload = payload_task({payload_container("a"), payload_container("b")});
  payload.containers[1].links = {"a:alias"};
  payload.containers[1].volumes_from = {{"a", true}};
  const task::Container b = taken(payload).containers[1];
  EXPECT_THAT(b.depends_on, ElementsAre(task::Dependency{"a", task::Condition::kCreate},
                                        task::Dependency{"a", task::Condition::kStart}));
  payload.containers[1].links = {"a:b:c"};
  EXPECT_THAT(taken(payload).reason, HasSubstr("invalid link format"));
  payload.containers[1].links.clear();
  payload.containers[1].volumes_from = {{"zz", true}};
  EXPECT_THAT(taken(payload).reason, HasSubstr("could not find volume source container with name zz"));
}

TEST(Intake, AnUnknownConditionCannotBeOrdered) {
  acs::Task payload = payload_task({payload_container("a"), payload_container("b")});
  payload.containers[1].depends_on = {{"a", "WHENEVER"}};
  EXPECT_EQ(taken(payload).reason, "Task dependencies cannot be resolved, taskArn: " + kArn +
                                       " (containers[1].dependsOn[0].condition: \"WHENEVER\" is no condition)");
}

TEST(Engine, Engine27_ACycleIsNamed) {
  acs::Task payload = payload_task({payload_container("a"), payload_container("b"), payload_container("c")});
  payload.containers[0].depends_on = {{"b", "START"}};
  payload.containers[1].depends_on = {{"c", "SUCCESS"}};
  payload.containers[2].links = {"b"};
  EXPECT_EQ(taken(payload).reason,
            "Task dependencies cannot be resolved, taskArn: " + kArn + " (b waits for c, c waits for b)");
  payload = one();
  payload.containers[0].depends_on = {{"c1", "START"}};
  EXPECT_THAT(taken(payload).reason, HasSubstr("(c1 waits for c1)"));
}

TEST(Engine, Engine26_WhatCannotBeMetIsNamed) {
  acs::Task payload = payload_task({payload_container("a"), payload_container("b")});
  payload.containers[1].depends_on = {{"a", "HEALTHY"}};
  EXPECT_EQ(taken(payload).reason, "Task dependencies cannot be resolved, taskArn: " + kArn +
                                       " (container b waits for a: HEALTHY, which has no health check)");
  payload.containers[1].depends_on = {{"zz", "START"}};
  EXPECT_EQ(taken(payload).reason, "Task dependencies cannot be resolved, taskArn: " + kArn +
                                       " (container b depends on zz, which is not in the task)");
}

TEST(Intake, ARangeOfPortsThatCannotBeRead) {
  for (const char* bad : {"90-", "92-90", "x", "0-3", "1-70000", "-"}) {
    acs::Task payload = one();
    payload.containers[0].port_mappings = {{.container_port = 80}, {.container_port_range = bad}};
    const task::Task task = taken(payload);
    EXPECT_EQ(task.known, task::TaskStatus::kStopped) << bad;
    EXPECT_EQ(task.reason, std::string("HostConfigError: error retrieving docker port map: invalid range specified for "
                                       "port: ") +
                               bad +
                               " (container c1, portMappings[1].containerPortRange: "
                               "FIRST-LAST, 1 to 65535, FIRST not above LAST)");
  }
}

TEST(Intake, SharedNamespacesBelongToOneMoreContainer) {
  acs::Task payload = payload_task({payload_container("a"), payload_container("b")});
  payload.ipc_mode = "task";
  const task::Task task = taken(payload);
  ASSERT_THAT(task.containers, SizeIs(3));
  const task::Container& pause = task.containers[2];
  EXPECT_EQ(pause.name, "~internal~ecs~pause~namespace");
  EXPECT_EQ(pause.image, "amazon/amazon-ecs-pause:0.1.0");
  EXPECT_TRUE(pause.essential);
  EXPECT_TRUE(pause.internal());
  EXPECT_TRUE(pause.environment.empty());
  EXPECT_THAT(pause.docker_name, StartsWith("ecs-fam-3-internalecspausenamespace-"));
  EXPECT_THAT(task.containers[0].depends_on, ElementsAre(task::Dependency{pause.name, task::Condition::kStart}));
  payload.ipc_mode = "host";
  EXPECT_THAT(taken(payload).containers, SizeIs(2));
}

TEST(Intake, Gpus) {
  acs::Task payload = payload_task({payload_container("a"), payload_container("b")});
  payload.associations = {{.name = "g0", .type = "gpu", .containers = {"b"}}};
  EXPECT_THAT(taken(payload).containers[1].gpus, ElementsAre("g0"));
  payload.associations[0].containers = {"a", "b"};
  EXPECT_EQ(taken(payload).reason,
            "resource cannot be initialized for task " + kArn + ": could not associate multiple containers to GPU g0");
  payload.associations[0].containers = {"zz"};
  EXPECT_EQ(taken(payload).reason, "resource cannot be initialized for task " + kArn +
                                       ": could not find container with name zz for associating GPU g0");
}

struct Missing {
  const char* word;
  void (*change)(acs::Task&);
};

void PrintTo(const Missing& missing, std::ostream* out) { *out << missing.word; }

class NotBuilt : public ::testing::TestWithParam<Missing> {};

TEST_P(NotBuilt, IsNamedInTheReason) {
  acs::Task payload = one();
  GetParam().change(payload);
  const task::Task task = taken(payload);
  EXPECT_EQ(task.known, task::TaskStatus::kStopped);
  EXPECT_THAT(task.reason, HasSubstr(GetParam().word));
  // A task that is only to be reported STOPPED needs none of it.
  payload.desired_status = "STOPPED";
  EXPECT_THAT(taken(payload).containers, SizeIs(1));
}

INSTANTIATE_TEST_SUITE_P(
    Intake, NotBuilt,
    ::testing::Values(
        Missing{"awsvpc", [](acs::Task& t) { t.network_mode = "awsvpc"; }},
        Missing{"associations other than GPUs", [](acs::Task& t) { t.associations.emplace_back(); }},
        Missing{"fault injection", [](acs::Task& t) { t.enable_fault_injection = true; }},
        Missing{"Service Connect", [](acs::Task& t) { t.attachments = {{.attachment_type = "serviceconnectdetail"}}; }},
        Missing{"environment files", [](acs::Task& t) { t.containers[0].environment_files.emplace_back(); }},
        Missing{"registry authentication",
                [](acs::Task& t) { t.containers[0].registry_authentication = {.type = "ecr"}; }},
        Missing{"log authentication", [](acs::Task& t) { t.containers[0].logs_auth_strategy = "ExecutionRole"; }},
        Missing{"FireLens", [](acs::Task& t) { t.containers[0].firelens_configuration.emplace(); }},
        Missing{"managed agents", [](acs::Task& t) { t.containers[0].managed_agents.emplace_back(); }},
        Missing{"credential specs", [](acs::Task& t) { t.containers[0].credential_specs.emplace_back("x"); }},
        Missing{"awsfirelens", [](acs::Task& t) {
                  t.containers[0].docker_config->host_config = R"({"LogConfig":{"Type":"awsfirelens"}})";
                }}));

TEST(Intake, ContainersShareNoName) {
  acs::Task payload = payload_task({payload_container("a"), payload_container("a")});
  EXPECT_THAT(taken(payload).reason, HasSubstr("more than one container has the name a"));
}

TEST(Intake, ADisabledRestartPolicyIsNone) {
  acs::Task payload = one();
  payload.containers[0].restart_policy = {.enabled = false};
  EXPECT_THAT(taken(payload).containers, SizeIs(1));
}

}  // namespace
}  // namespace ecs::engine
