#include "local/payload.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/json.hpp"
#include "local/error.hpp"

namespace ecs::local {
namespace {

using ::testing::ElementsAre;

TaskDefinition definition(const std::string& text) {
  auto request = json::decode<RegisterTaskDefinitionRequest>(text, {.fold_case = false, .reject_unknown = true});
  validate(request);
  return normalize(std::move(request));
}

TaskDefinition one_container(const std::string& members, const std::string& task_members = "") {
  return definition(R"({"family":"shop","containerDefinitions":[{"name":"web","image":"i:1","memory":64)" +
                    (members.empty() ? "" : "," + members) + "}]" + (task_members.empty() ? "" : "," + task_members) +
                    "}");
}

acs::Task payload(const TaskDefinition& definition, const std::string& overrides = "{}") {
  const auto parsed = json::decode<TaskOverride>(overrides);
  validate(parsed, definition);
  return to_payload(definition, parsed,
                    {.task_arn = "arn:t",
                     .cluster_arn = "arn:c",
                     .group = "family:shop",
                     .container_arns = {"arn:k"},
                     .gpu_ids = {}});
}

TEST(Payload, GpusAreAssociations) {
  const auto gpus = one_container(R"("resourceRequirements":[{"value":"2","type":"GPU"}])");
  EXPECT_EQ(gpu_count(gpus.container_definitions.at(0)), 2U);
  const auto task = to_payload(gpus, {},
                               {.task_arn = "arn:t",
                                .cluster_arn = "arn:c",
                                .group = "family:shop",
                                .container_arns = {"arn:k"},
                                .gpu_ids = {{"GPU-1", "GPU-2"}}});
  ASSERT_EQ(task.associations.size(), 2U);
  EXPECT_EQ(task.associations[1].name, "GPU-2");
  EXPECT_EQ(task.associations[1].type, "gpu");
  EXPECT_EQ(task.associations[1].containers, (std::vector<std::string>{"web"}));
  EXPECT_TRUE(payload(one_container("")).associations.empty());
}

struct DockerCase {
  const char* name;
  const char* members;
  const char* config;
  const char* host_config;
  const char* version;
};

class DockerConfigs : public ::testing::TestWithParam<DockerCase> {};

TEST_P(DockerConfigs, AreWrittenInDockersForm) {
  const auto task = payload(one_container(GetParam().members));
  const auto& docker = task.containers.at(0).docker_config.value();
  EXPECT_EQ(docker.config, GetParam().config);
  EXPECT_EQ(docker.host_config, GetParam().host_config);
  EXPECT_EQ(docker.version, GetParam().version);
}

INSTANTIATE_TEST_SUITE_P(
    Members, DockerConfigs,
    ::testing::Values(
        DockerCase{"Nothing", "", "{}", R"({"NetworkMode":"bridge"})", "1.17"},
        DockerCase{"User", R"("user":"1000:1000")", R"({"User":"1000:1000"})", R"({"NetworkMode":"bridge"})", "1.17"},
        DockerCase{"Directory", R"("workingDirectory":"/srv")", R"({"WorkingDir":"/srv"})",
                   R"({"NetworkMode":"bridge"})", "1.17"},
        DockerCase{"Hostname", R"("hostname":"h")", R"({"Hostname":"h"})", R"({"NetworkMode":"bridge"})", "1.17"},
        DockerCase{"Labels", R"("dockerLabels":{"b":"2","a":"1"})", R"({"Labels":{"a":"1","b":"2"}})",
                   R"({"NetworkMode":"bridge"})", "1.17"},
        DockerCase{"Terminal", R"("interactive":true,"pseudoTerminal":true)", R"({"OpenStdin":true,"Tty":true})",
                   R"({"NetworkMode":"bridge"})", "1.17"},
        DockerCase{"NoNetwork", R"("disableNetworking":true)", R"({"NetworkDisabled":true})",
                   R"({"NetworkMode":"bridge"})", "1.17"},
        DockerCase{
            "Health", R"("healthCheck":{"command":["CMD-SHELL","true"],"interval":5,"timeout":2,"retries":1})",
            R"({"Healthcheck":{"Interval":5000000000,"Retries":1,"Test":["CMD-SHELL","true"],"Timeout":2000000000}})",
            R"({"NetworkMode":"bridge"})", "1.24"},
        DockerCase{
            "HealthStart", R"("healthCheck":{"command":["CMD","x"],"startPeriod":7})",
            R"({"Healthcheck":{"Interval":30000000000,"Retries":3,"StartPeriod":7000000000,"Test":["CMD","x"],"Timeout":5000000000}})",
            R"({"NetworkMode":"bridge"})", "1.29"},
        DockerCase{"Log", R"("logConfiguration":{"logDriver":"json-file","options":{"max-size":"1m"}})", "{}",
                   R"({"LogConfig":{"Config":{"max-size":"1m"},"Type":"json-file"},"NetworkMode":"bridge"})", "1.18"},
        DockerCase{
            "Dns",
            R"("dnsServers":["10.0.0.2"],"dnsSearchDomains":["x.y"],"extraHosts":[{"hostname":"a","ipAddress":"1.2.3.4"}])",
            "{}", R"({"Dns":["10.0.0.2"],"DnsSearch":["x.y"],"ExtraHosts":["a:1.2.3.4"],"NetworkMode":"bridge"})",
            "1.17"},
        DockerCase{
            "Rights",
            R"("privileged":true,"readonlyRootFilesystem":true,"dockerSecurityOptions":["no-new-privileges"])", "{}",
            R"({"NetworkMode":"bridge","Privileged":true,"ReadonlyRootfs":true,"SecurityOpt":["no-new-privileges"]})",
            "1.17"},
        DockerCase{"Ulimits", R"("ulimits":[{"name":"nofile","softLimit":10,"hardLimit":20}])", "{}",
                   R"({"NetworkMode":"bridge","Ulimits":[{"Hard":20,"Name":"nofile","Soft":10}]})", "1.18"},
        DockerCase{"Sysctls", R"("systemControls":[{"namespace":"net.core.somaxconn","value":"9"}])", "{}",
                   R"({"NetworkMode":"bridge","Sysctls":{"net.core.somaxconn":"9"}})", "1.24"},
        DockerCase{"Reservation", R"("memoryReservation":32)", "{}",
                   R"({"MemoryReservation":33554432,"NetworkMode":"bridge"})", "1.21"},
        DockerCase{
            "Linux",
            R"("linuxParameters":{"capabilities":{"add":["KILL"],"drop":["ALL"]},"initProcessEnabled":true,"sharedMemorySize":2,
                      "tmpfs":[{"containerPath":"/t","size":3,"mountOptions":["rw","noexec"]}],
                      "devices":[{"hostPath":"/dev/a","permissions":["read"]}],"maxSwap":16,"swappiness":7})",
            "{}",
            R"({"CapAdd":["KILL"],"CapDrop":["ALL"],"Devices":[{"CgroupPermissions":"r","PathInContainer":"/dev/a","PathOnHost":"/dev/a"}],)"
            R"("Init":true,"MemorySwap":83886080,"MemorySwappiness":7,"NetworkMode":"bridge","ShmSize":2097152,)"
            R"("Tmpfs":{"/t":"size=3m,rw,noexec"}})",
            "1.25"}),
    [](const auto& info) { return info.param.name; });

TEST(Payload, TakesTheTaskMembersOver) {
  const auto task = payload(one_container("", R"("cpu":"256","memory":"128","networkMode":"host","pidMode":"host")"));
  EXPECT_EQ(task.arn, "arn:t");
  EXPECT_EQ(task.task_cluster_arn, "arn:c");
  EXPECT_EQ(task.desired_status, "RUNNING");
  EXPECT_EQ(task.family, "shop");
  EXPECT_EQ(task.overrides, "{}");
  EXPECT_EQ(task.cpu, 0.25);
  EXPECT_EQ(task.memory, 128);
  EXPECT_EQ(task.network_mode, "host");
  EXPECT_EQ(task.pid_mode, "host");
  EXPECT_EQ(task.launch_type, "EC2");
  EXPECT_EQ(task.containers.at(0).docker_config->host_config, R"({"NetworkMode":"host"})");
  EXPECT_EQ(task.containers.at(0).container_arn, "arn:k");
}

TEST(Payload, TakesTheContainerMembersOver) {
  const auto task = payload(definition(R"({"family":"f","volumes":[{"name":"v","host":{"sourcePath":"/s"}},
      {"name":"d","dockerVolumeConfiguration":{"scope":"shared","autoprovision":true}}],
      "containerDefinitions":[{"name":"a","image":"i","cpu":10,"memory":64,"entryPoint":["e"],"command":["c","d"],
      "environment":[{"name":"K","value":"V"},{"name":"E"}],"links":["b:bb"],"stopTimeout":5,"startTimeout":6,
      "portMappings":[{"containerPort":80,"hostPort":8080},{"containerPortRange":"90-92","protocol":"udp"}],
      "mountPoints":[{"sourceVolume":"v","containerPath":"/p","readOnly":true}],
      "volumesFrom":[{"sourceContainer":"b"}],"dependsOn":[{"containerName":"b","condition":"START"}],
      "restartPolicy":{"enabled":true,"ignoredExitCodes":[1]}},{"name":"b","image":"i","memory":64,"essential":false}]})"));
  const auto& a = task.containers.at(0);
  EXPECT_EQ(a.cpu, 10);
  EXPECT_EQ(a.memory, 64);
  EXPECT_EQ(a.essential, true);
  EXPECT_THAT(a.entry_point.value(), ElementsAre("e"));
  EXPECT_THAT(a.command, ElementsAre("c", "d"));
  EXPECT_EQ(a.environment, (acs::TextMap{{"E", ""}, {"K", "V"}}));
  EXPECT_THAT(a.links, ElementsAre("b:bb"));
  EXPECT_EQ(a.stop_timeout, 5);
  EXPECT_EQ(a.start_timeout, 6);
  EXPECT_EQ(a.port_mappings.at(0).host_port, 8080);
  EXPECT_EQ(a.port_mappings.at(1).container_port_range, "90-92");
  EXPECT_EQ(a.port_mappings.at(1).protocol, "udp");
  EXPECT_EQ(a.mount_points.at(0).read_only, true);
  EXPECT_EQ(a.volumes_from.at(0).read_only, false);
  EXPECT_EQ(a.depends_on.at(0).condition, "START");
  EXPECT_EQ(a.restart_policy->restart_attempt_period, 300);
  EXPECT_EQ(task.containers.at(1).essential, false);
  EXPECT_EQ(task.volumes.at(0).type, "host");
  EXPECT_EQ(task.volumes.at(0).host->source_path, "/s");
  EXPECT_EQ(task.volumes.at(1).type, "docker");
  EXPECT_EQ(task.volumes.at(1).docker_volume_configuration->scope, "shared");
}

TEST(Payload, CommandOverrideGoesAlongAndTheOthersAreMerged) {
  const auto task =
      payload(one_container(R"("command":["a"],"cpu":1,"environment":[{"name":"K","value":"1"}])"),
              R"({"cpu":"512","containerOverrides":[{"name":"web","command":["b","<c>"],"cpu":7,"memory":99,
                                "environment":[{"name":"K","value":"2"},{"name":"L","value":"3"}]}]})");
  const auto& web = task.containers.at(0);
  EXPECT_THAT(web.command, ElementsAre("a"));
  EXPECT_EQ(web.overrides, R"({"command":["b","<c>"]})");
  EXPECT_EQ(web.environment, (acs::TextMap{{"K", "2"}, {"L", "3"}}));
  EXPECT_EQ(web.cpu, 7);
  EXPECT_EQ(web.memory, 99);
  EXPECT_EQ(task.cpu, 0.5);
}

TEST(Payload, OverridesThatFitNowhereAreRefused) {
  const auto task = one_container("");
  const auto refused = [&task](const char* overrides) {
    EXPECT_THROW(validate(json::decode<TaskOverride>(overrides), task), ApiError) << overrides;
  };
  refused(R"({"containerOverrides":[{"name":"db"}]})");
  refused(R"({"containerOverrides":[{}]})");
  refused(R"({"containerOverrides":[{"name":"web"},{"name":"web"}]})");
  refused(R"({"containerOverrides":[{"name":"web","memory":1}]})");
  refused(R"({"containerOverrides":[{"name":"web","environmentFiles":[1]}]})");
  refused(R"({"taskRoleArn":"arn:x"})");
  refused(R"({"cpu":"x"})");
}

}  // namespace
}  // namespace ecs::local
