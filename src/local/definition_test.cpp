#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "json/json.hpp"
#include "local/error.hpp"
#include "local/payload.hpp"

namespace ecs::local {
namespace {

using ::testing::HasSubstr;

constexpr json::Options kStrict{.fold_case = false, .reject_unknown = true};

/// A definition with one container into which `members` is put.
std::string with_container(const std::string& members, const std::string& task_members = "") {
  return R"({"family":"f","containerDefinitions":[{"name":"web","image":"i:1","memory":64)" +
         (members.empty() ? "" : "," + members) + "}]" + (task_members.empty() ? "" : "," + task_members) + "}";
}

std::string refusal(const std::string& text) {
  try {
    validate(json::decode<RegisterTaskDefinitionRequest>(text, kStrict));
  } catch (const ApiError& error) {
    return error.what();
  } catch (const json::Error& error) {
    return error.what();
  }
  return "";
}

struct Refusal {
  const char* name;
  std::string definition;
  const char* message;
};

class DefinitionRefusals : public ::testing::TestWithParam<Refusal> {};

TEST_P(DefinitionRefusals, NamesTheMemberAndTheRule) {
  EXPECT_THAT(refusal(GetParam().definition), HasSubstr(GetParam().message));
}

std::string in_container(const char* members) { return with_container(members); }

INSTANTIATE_TEST_SUITE_P(
    Form, DefinitionRefusals,
    ::testing::Values(
        Refusal{"UnknownMember", R"({"famly":"f"})", "famly"},
        Refusal{"UnknownInContainer", in_container(R"("comand":["x"])"), "containerDefinitions[0].comand"},
        Refusal{"WrongType", in_container(R"("cpu":"10")"),
                "containerDefinitions[0].cpu: expected integer, got string"},
        Refusal{"Fraction", in_container(R"("cpu":1.5)"), "containerDefinitions[0].cpu"},
        Refusal{"WrongCase", R"({"Family":"f"})", "Family"},
        Refusal{"NoFamily", R"({"containerDefinitions":[{"name":"a","image":"i","memory":64}]})", "family: required"},
        Refusal{"BadFamily", R"({"family":"a b","containerDefinitions":[]})", "family: must be at most 255 letters"},
        Refusal{"NoContainers", R"({"family":"f","containerDefinitions":[]})", "containerDefinitions: required"},
        Refusal{"NoName", R"({"family":"f","containerDefinitions":[{"image":"i","memory":64}]})",
                "containerDefinitions[0].name: required"},
        Refusal{"NoImage", R"({"family":"f","containerDefinitions":[{"name":"a","memory":64}]})",
                "containerDefinitions[0].image: required"},
        Refusal{
            "TwiceTheName",
            R"({"family":"f","containerDefinitions":[{"name":"a","image":"i","memory":64},{"name":"a","image":"i","memory":64}]})",
            "containerDefinitions[1].name: 'a' is the name of an earlier container"},
        Refusal{"NoEssential", in_container(R"("essential":false)"), "at least one container must be essential"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Sizes, DefinitionRefusals,
    ::testing::Values(
        Refusal{"NoMemory", R"({"family":"f","containerDefinitions":[{"name":"a","image":"i"}]})",
                "containerDefinitions[0].memory: container 'a' needs memory or memoryReservation"},
        Refusal{"TooLittle", R"({"family":"f","containerDefinitions":[{"name":"a","image":"i","memory":4}]})",
                "containerDefinitions[0].memory: must be from 6"},
        Refusal{"ReservationAbove", in_container(R"("memoryReservation":128)"), "above the hard limit of 64 MiB"},
        Refusal{"NegativeCpu", in_container(R"("cpu":-1)"), "containerDefinitions[0].cpu: must be from 0"},
        Refusal{"AboveTheTask", with_container("", R"("memory":"32")"), "64 MiB are more than the task's 32 MiB"},
        Refusal{"CpuAboveTheTask", with_container(R"("cpu":512)", R"("cpu":"256")"),
                "512 units, more than the task's 256"},
        Refusal{"TaskCpu", with_container("", R"("cpu":"many")"), "cpu: must be CPU units from 128 to 196608"},
        Refusal{"TaskMemory", with_container("", R"("memory":"1 TB")"), "memory: must be MiB"},
        Refusal{
            "MaxSwapAlone",
            R"({"family":"f","containerDefinitions":[{"name":"a","image":"i","memoryReservation":64,"linuxParameters":{"maxSwap":1}}]})",
            "linuxParameters.maxSwap: needs the container's memory"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Values, DefinitionRefusals,
    ::testing::Values(
        Refusal{"Protocol", in_container(R"("portMappings":[{"containerPort":80,"protocol":"sctp"}])"),
                "portMappings[0].protocol: must be one of tcp, udp; got 'sctp'"},
        Refusal{"Port", in_container(R"("portMappings":[{"containerPort":70000}])"),
                "portMappings[0].containerPort: must be from 1 to 65535, got 70000"},
        Refusal{"NoPort", in_container(R"("portMappings":[{"hostPort":80}])"),
                "portMappings[0].containerPort: required"},
        Refusal{"PortAndRange", in_container(R"("portMappings":[{"containerPort":80,"containerPortRange":"80-82"}])"),
                "containerPortRange: not together with containerPort"},
        Refusal{"BadRange", in_container(R"("portMappings":[{"containerPortRange":"82-80"}])"),
                "containerPortRange: must be two ports, the lower first"},
        Refusal{"PortTwice",
                in_container(R"("portMappings":[{"containerPort":1,"hostPort":9},{"containerPort":2,"hostPort":9}])"),
                "portMappings[1].hostPort: 9 is mapped twice"},
        Refusal{"HostModePort",
                with_container(R"("portMappings":[{"containerPort":80,"hostPort":81}])", R"("networkMode":"host")"),
                "in network mode host it must equal containerPort 80, got 81"},
        Refusal{"NoneModePort", with_container(R"("portMappings":[{"containerPort":80}])", R"("networkMode":"none")"),
                "portMappings: not in network mode none"},
        Refusal{"Ulimit", in_container(R"("ulimits":[{"name":"files","softLimit":1,"hardLimit":1}])"),
                "ulimits[0].name: must be one of core"},
        Refusal{"SoftAboveHard", in_container(R"("ulimits":[{"name":"nofile","softLimit":2,"hardLimit":1}])"),
                "softLimit: 2 is above the hard limit 1"},
        Refusal{"HealthCommand", in_container(R"("healthCheck":{"command":["curl"]})"),
                "healthCheck.command[0]: must be one of CMD, CMD-SHELL, NONE"},
        Refusal{"HealthInterval", in_container(R"("healthCheck":{"command":["CMD","x"],"interval":1})"),
                "healthCheck.interval: must be from 5 to 300, got 1"},
        Refusal{"LogDriver", in_container(R"("logConfiguration":{"logDriver":"files"})"),
                "logConfiguration.logDriver: must be one of json-file"},
        Refusal{"Environment", in_container(R"("environment":[{"value":"x"}])"), "environment[0].name: required"},
        Refusal{"Host", in_container(R"("extraHosts":[{"hostname":"x"}])"), "extraHosts[0].ipAddress: required"},
        Refusal{"Device", in_container(R"("linuxParameters":{"devices":[{"hostPath":"/x","permissions":["fly"]}]})"),
                "devices[0].permissions[0]: must be one of read, write, mknod"},
        Refusal{"Tmpfs", in_container(R"("linuxParameters":{"tmpfs":[{"containerPath":"/x"}]})"),
                "tmpfs[0].size: required"},
        Refusal{"Sysctl",
                with_container(R"("systemControls":[{"namespace":"net.x","value":"1"}])", R"("networkMode":"host")"),
                "'net.x' cannot be set in network mode host"},
        Refusal{"SysctlName", in_container(R"("systemControls":[{"namespace":"vm.swappiness","value":"1"}])"),
                "systemControls[0].namespace: must be net.*, fs.mqueue.* or one of kernel.msgmax"},
        Refusal{"SysctlValue", in_container(R"("systemControls":[{"namespace":"net.x"}])"),
                "systemControls[0].value: required"},
        Refusal{"SysctlIpc",
                with_container(R"("systemControls":[{"namespace":"kernel.sem","value":"1"}])", R"("ipcMode":"host")"),
                "'kernel.sem' cannot be set in ipc mode host"},
        Refusal{"Capability", in_container(R"("linuxParameters":{"capabilities":{"add":["CAP_KILL"]}})"),
                "linuxParameters.capabilities.add[0]: must be ALL or a capability"},
        Refusal{"DroppedCapability", in_container(R"("linuxParameters":{"capabilities":{"drop":["KILL","x"]}})"),
                "linuxParameters.capabilities.drop[1]: must be"},
        Refusal{
            "TmpfsOption",
            in_container(R"("linuxParameters":{"tmpfs":[{"containerPath":"/x","size":1,"mountOptions":["fast"]}]})"),
            "tmpfs[0].mountOptions[0]: must be a mount option"},
        Refusal{"TmpfsPath", in_container(R"("linuxParameters":{"tmpfs":[{"size":1}]})"),
                "tmpfs[0].containerPath: required"},
        Refusal{"SharedMemory", in_container(R"("linuxParameters":{"sharedMemorySize":0})"),
                "linuxParameters.sharedMemorySize: must be from 1"},
        Refusal{"Swappiness", in_container(R"("linuxParameters":{"swappiness":101})"),
                "linuxParameters.swappiness: must be from 0 to 100, got 101"},
        Refusal{"InitType", in_container(R"("linuxParameters":{"initProcessEnabled":"yes"})"),
                "linuxParameters.initProcessEnabled: expected boolean, got string"},
        Refusal{"HostAddress", in_container(R"("extraHosts":[{"hostname":"x","ipAddress":"1.2.3"}])"),
                "extraHosts[0].ipAddress: must be an IPv4 or IPv6 address, got '1.2.3'"},
        Refusal{"RestartEnabled", in_container(R"("restartPolicy":{})"), "restartPolicy.enabled: required"},
        Refusal{"RestartCodes", in_container(R"("restartPolicy":{"enabled":true,"ignoredExitCodes":["1"]})"),
                "restartPolicy.ignoredExitCodes[0]: expected integer, got string"},
        Refusal{"HealthTimeout", in_container(R"("healthCheck":{"command":["CMD","x"],"timeout":61})"),
                "healthCheck.timeout: must be from 2 to 60, got 61"},
        Refusal{"HealthRetries", in_container(R"("healthCheck":{"command":["CMD","x"],"retries":0})"),
                "healthCheck.retries: must be from 1 to 10, got 0"},
        Refusal{"HealthStart", in_container(R"("healthCheck":{"command":["CMD","x"],"startPeriod":301})"),
                "healthCheck.startPeriod: must be from 0 to 300, got 301"},
        Refusal{"HealthProbe", in_container(R"("healthCheck":{"command":["CMD"]})"),
                "healthCheck.command[1]: required"},
        Refusal{"StopTimeout", in_container(R"("stopTimeout":-1)"), "stopTimeout: must be from 0"},
        Refusal{"StartTimeout", in_container(R"("startTimeout":1.5)"), "startTimeout"},
        Refusal{"Pid", with_container("", R"("pidMode":"web")"), "pidMode: must be one of host, task"},
        Refusal{"Ipc", with_container("", R"("ipcMode":"web")"), "ipcMode: must be one of host, task, none"},
        Refusal{"Interactive", in_container(R"("interactive":1)"), "interactive: expected boolean, got integer"},
        Refusal{"Tty", in_container(R"("pseudoTerminal":"x")"), "pseudoTerminal: expected boolean, got string"},
        Refusal{"Networking", in_container(R"("disableNetworking":"x")"), "disableNetworking: expected boolean"},
        Refusal{"Dns", in_container(R"("dnsServers":"192.0.2.1")"), "dnsServers: expected array, got string"},
        Refusal{"DnsSearch", in_container(R"("dnsSearchDomains":[1])"), "dnsSearchDomains[0]: expected string"},
        Refusal{"SecurityOption", in_container(R"("dockerSecurityOptions":[""])"),
                "dockerSecurityOptions[0]: required"},
        Refusal{"GpuType", in_container(R"("resourceRequirements":[{"value":"1","type":"TPU"}])"),
                "resourceRequirements[0].type: must be one of GPU"},
        Refusal{"GpuCount", in_container(R"("resourceRequirements":[{"value":"some","type":"GPU"}])"),
                "resourceRequirements[0].value: must be a number of GPUs from 1 up, got 'some'"},
        Refusal{"NoGpu", in_container(R"("resourceRequirements":[{"value":"0","type":"GPU"}])"),
                "resourceRequirements[0].value: must be a number"},
        Refusal{"GpuNumber", in_container(R"("resourceRequirements":[{"value":1,"type":"GPU"}])"),
                "resourceRequirements[0].value: expected string, got integer"},
        Refusal{"GpuTwice",
                in_container(R"("resourceRequirements":[{"value":"1","type":"GPU"},{"value":"1","type":"GPU"}])"),
                "resourceRequirements[1].type: GPU is required by an earlier entry"},
        Refusal{"RangeOnHost",
                with_container(R"("portMappings":[{"containerPortRange":"80-82"}])", R"("networkMode":"host")"),
                "containerPortRange: not in network mode host"},
        Refusal{"RestartPeriod", in_container(R"("restartPolicy":{"enabled":true,"restartAttemptPeriod":5})"),
                "restartPolicy.restartAttemptPeriod: must be from 60 to 1800, got 5"},
        Refusal{"NetworkMode", with_container("", R"("networkMode":"overlay")"), "networkMode: must be one of bridge"},
        Refusal{"VolumeName", with_container("", R"("volumes":[{"host":{}}])"), "volumes[0].name: required"},
        Refusal{"VolumeTwice", with_container("", R"("volumes":[{"name":"v"},{"name":"v"}])"),
                "volumes[1].name: 'v' is the name of an earlier volume"},
        Refusal{"TwoKinds", with_container("", R"("volumes":[{"name":"v","host":{},"dockerVolumeConfiguration":{}}])"),
                "a volume has either this or host"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    References, DefinitionRefusals,
    ::testing::Values(
        Refusal{"Link", in_container(R"("links":["db"])"), "links[0]: no container of this task is named 'db'"},
        Refusal{"LinkForm", in_container(R"("links":["a:b:c"])"), "links[0]: must be 'container' or 'container:alias'"},
        Refusal{"LinkMode", with_container(R"("links":["web"])", R"("networkMode":"host")"),
                "only in network mode bridge"},
        Refusal{"Self", in_container(R"("dependsOn":[{"containerName":"web","condition":"START"}])"),
                "cannot name itself"},
        Refusal{"Condition", in_container(R"("dependsOn":[{"containerName":"web","condition":"READY"}])"),
                "dependsOn[0].condition: must be one of START"},
        Refusal{"Volume", in_container(R"("mountPoints":[{"sourceVolume":"v","containerPath":"/v"}])"),
                "mountPoints[0].sourceVolume: no volume of this task is named 'v'"},
        Refusal{"VolumesFrom", in_container(R"("volumesFrom":[{"sourceContainer":"x"}])"),
                "volumesFrom[0].sourceContainer: no container"},
        Refusal{
            "Healthy",
            R"({"family":"f","containerDefinitions":[{"name":"a","image":"i","memory":9,"dependsOn":[{"containerName":"b","condition":"HEALTHY"}]},{"name":"b","image":"i","memory":9}]})",
            "HEALTHY needs a healthCheck on container 'b'"},
        Refusal{
            "HealthyOfNone",
            R"({"family":"f","containerDefinitions":[{"name":"a","image":"i","memory":9,"dependsOn":[{"containerName":"b","condition":"HEALTHY"}]},{"name":"b","image":"i","memory":9,"healthCheck":{"command":["NONE"]}}]})",
            "HEALTHY needs a healthCheck on container 'b'"},
        Refusal{
            "HealthyOfEmpty",
            R"({"family":"f","containerDefinitions":[{"name":"a","image":"i","memory":9,"dependsOn":[{"containerName":"b","condition":"HEALTHY"}]},{"name":"b","image":"i","memory":9,"healthCheck":{"command":[]}}]})",
            "HEALTHY needs a healthCheck on container 'b'"},
        Refusal{
            "SuccessOfEssential",
            R"({"family":"f","containerDefinitions":[{"name":"a","image":"i","memory":9,"dependsOn":[{"containerName":"b","condition":"SUCCESS"}]},{"name":"b","image":"i","memory":9}]})",
            "SUCCESS is not possible on the essential container 'b'"},
        Refusal{
            "Cycle",
            R"({"family":"f","containerDefinitions":[{"name":"a","image":"i","memory":9,"links":["b"]},{"name":"b","image":"i","memory":9,"links":["a"]}]})",
            "'a' is in a cycle"}),
    [](const auto& info) { return info.param.name; });

INSTANTIATE_TEST_SUITE_P(
    NotSupported, DefinitionRefusals,
    ::testing::Values(
        Refusal{"Awsvpc", with_container("", R"("networkMode":"awsvpc")"), "networkMode: not supported"},
        Refusal{"TaskRole", with_container("", R"("taskRoleArn":"arn:x")"), "taskRoleArn: not supported"},
        Refusal{"ExecutionRole", with_container("", R"("executionRoleArn":"arn:x")"),
                "executionRoleArn: not supported"},
        Refusal{"Fargate", with_container("", R"("requiresCompatibilities":["FARGATE"])"),
                "requiresCompatibilities[0]: not supported"},
        Refusal{"Efs", with_container("", R"("volumes":[{"name":"v","efsVolumeConfiguration":{"fileSystemId":"x"}}])"),
                "volumes[0].efsVolumeConfiguration: not supported"},
        Refusal{"Secrets", in_container(R"("secrets":[{"name":"a","valueFrom":"b"}])"),
                "containerDefinitions[0].secrets: not supported"},
        Refusal{"EnvironmentFiles", in_container(R"("environmentFiles":[{"value":"a","type":"s3"}])"),
                "environmentFiles: not supported"},
        Refusal{"Inference", in_container(R"("resourceRequirements":[{"value":"1","type":"InferenceAccelerator"}])"),
                "resourceRequirements[0].type: not supported"},
        Refusal{"CredentialSpec", in_container(R"("dockerSecurityOptions":["credentialspec:file"])"),
                "dockerSecurityOptions[0]: not supported"},
        Refusal{"Firelens", in_container(R"("logConfiguration":{"logDriver":"awsfirelens"})"),
                "logConfiguration.logDriver: not supported"},
        Refusal{"Windows",
                with_container("", R"("runtimePlatform":{"operatingSystemFamily":"WINDOWS_SERVER_2022_CORE"})"),
                "runtimePlatform.operatingSystemFamily: must be one of LINUX"}),
    [](const auto& info) { return info.param.name; });

TEST(Definition, EmptyMembersThatCannotBeHonouredAreFine) {
  EXPECT_EQ(refusal(with_container(R"("secrets":[],"environmentFiles":null)", R"("placementConstraints":[])")), "");
}

TEST(Definition, AcceptsWhatTheSkeletonOfTheCliHolds) {
  EXPECT_EQ(refusal(with_container(
                R"("portMappings":[{"containerPort":80,"hostPort":0,"protocol":"tcp","name":"http"}],
      "restartPolicy":{"enabled":true},"linuxParameters":{"capabilities":{"add":["NET_ADMIN"]}},"stopTimeout":5)",
                R"("tags":[{"key":"a","value":"b"}],"pidMode":"host","cpu":"0.25 vCPU","memory":"0.5GB")")),
            "");
}

TEST(Definition, FillsInTheDefaultsOfEcs) {
  const auto definition = normalize(json::decode<RegisterTaskDefinitionRequest>(
      with_container(R"("portMappings":[{"containerPort":80}],"healthCheck":{"command":["CMD","x"]},"secrets":[])",
                     R"("volumes":[{"name":"v"}])"),
      kStrict));
  const auto& container = definition.container_definitions.at(0);
  EXPECT_TRUE(container.essential);
  EXPECT_EQ(container.port_mappings.at(0).protocol, "tcp");
  EXPECT_EQ(container.port_mappings.at(0).host_port, 0);
  EXPECT_EQ(container.health_check->interval, 30);
  EXPECT_EQ(container.health_check->retries, 3);
  EXPECT_FALSE(container.secrets);
  EXPECT_TRUE(definition.volumes.at(0).host);
  EXPECT_EQ(definition.status, "ACTIVE");
  ASSERT_EQ(definition.requires_attributes.size(), 2U);
  EXPECT_EQ(definition.requires_attributes[0].name, "com.amazonaws.ecs.capability.docker-remote-api.1.24");
  EXPECT_EQ(definition.requires_attributes[1].name, "ecs.capability.container-health-check");
}

TEST(Definition, VolumesNeedTheirDriversAndSizesTheirLimits) {
  const auto definition = normalize(json::decode<RegisterTaskDefinitionRequest>(
      with_container("", R"("cpu":"256","volumes":[{"name":"h"},{"name":"d","dockerVolumeConfiguration":{}},
      {"name":"s","dockerVolumeConfiguration":{"scope":"shared","autoprovision":true,"driver":"rexray/ebs:1"}}])"),
      kStrict));
  ASSERT_EQ(definition.requires_attributes.size(), 3U);
  EXPECT_EQ(definition.requires_attributes[0].name, "ecs.capability.docker-plugin.local");
  EXPECT_EQ(definition.requires_attributes[1].name, "ecs.capability.docker-plugin.rexray/ebs.1");
  EXPECT_EQ(definition.requires_attributes[2].name, "ecs.capability.task-cpu-mem-limit");
  EXPECT_EQ(definition.volumes.at(1).docker_volume_configuration->scope, "task");
}

TEST(Definition, AutoprovisionIsForSharedVolumes) {
  const auto volume = [](const std::string& of) {
    return with_container("", R"("volumes":[{"name":"v","dockerVolumeConfiguration":)" + of + "}]");
  };
  EXPECT_EQ(refusal(volume(R"({"autoprovision":false})")), "");
  EXPECT_EQ(refusal(volume(R"({"autoprovision":true,"scope":"shared"})")), "");
  EXPECT_NE(refusal(volume(R"({"autoprovision":true})")).find("autoprovision: only for scope shared"),
            std::string::npos);
}

TEST(Definition, SecurityOptionsNeedWhatTheyName) {
  const auto definition = normalize(json::decode<RegisterTaskDefinitionRequest>(
      with_container(R"("dockerSecurityOptions":["label:type:x","apparmor:unconfined","no-new-privileges"])"),
      kStrict));
  ASSERT_EQ(definition.requires_attributes.size(), 2U);
  EXPECT_EQ(definition.requires_attributes[0].name, "com.amazonaws.ecs.capability.apparmor");
  EXPECT_EQ(definition.requires_attributes[1].name, "com.amazonaws.ecs.capability.selinux");
}

TEST(Definition, ReadsTaskSizes) {
  EXPECT_EQ(parse_cpu("256", "cpu"), 256);
  EXPECT_EQ(parse_cpu(".5 vCPU", "cpu"), 512);
  EXPECT_EQ(parse_cpu("1 vcpu", "cpu"), 1024);
  EXPECT_EQ(parse_memory("512", "memory"), 512);
  EXPECT_EQ(parse_memory("0.5 GB", "memory"), 512);
  for (const char* bad : {"", "x", "1 2", "-5", "64", "1e9", "0.3 vCPU"})
    EXPECT_THROW(static_cast<void>(parse_cpu(bad, "cpu")), ApiError);
  for (const char* bad : {"", "GB", "5", "nan", "1 MB"})
    EXPECT_THROW(static_cast<void>(parse_memory(bad, "memory")), ApiError);
}

}  // namespace
}  // namespace ecs::local
