// Every member of a create body, and what versions, log drivers and devices make of them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/create_body.hpp"
#include "engine/docker_errors.hpp"
#include "engine/intake.hpp"
#include "engine/raw_docker.hpp"
#include "engine/testing/rig.hpp"
#include "json/value.hpp"

namespace ecs::engine {
namespace {

namespace bj = boost::json;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::payload_container;
using testing::payload_task;
using ::testing::StartsWith;

/// One container; whatever a test sets goes into its create body.
class CreateMembers : public ::testing::Test {
 protected:
  CreateMembers() {
    settings.cluster = "harness";
    settings.region = "us-west-2";
    payload = payload_task({payload_container("c1")});
  }

  void raw(const std::string& config, const std::string& host_config) {
    payload.containers[0].docker_config->config = config;
    payload.containers[0].docker_config->host_config = host_config;
  }

  bj::value body() {
    base::Random random(1);
    const Intake intake = convert(payload, settings, random, base::WallTime{});
    const auto& task = std::get<task::Task>(intake);
    EXPECT_EQ(task.reason, "");
    const std::vector<PublishedPort> ports;
    return json::parse(create_body({task, 0, settings, ports, {}, version, server}));
  }
  bj::value host() { return body().at("HostConfig"); }
  std::string error() {
    try {
      (void)body();
    } catch (const StepError& e) {
      return e.what();
    }
    return "";
  }

  Settings settings;
  acs::Task payload;
  docker::ApiVersion version{1, 41};
  std::string server = "20.10.24+dfsg1";
};

constexpr const char* kWholeConfig =
    R"({"Hostname":"h","Domainname":"d","User":"1000:1000","AttachStdin":true,"AttachStdout":true,"AttachStderr":true,)"
    R"("ExposedPorts":{"81/tcp":{}},"Tty":true,"OpenStdin":true,"StdinOnce":true,"Env":["A=1"],"Cmd":["x"],)"
    R"("Healthcheck":{"Test":["CMD-SHELL","true"],"Interval":5000000000,"Timeout":2000000000,"StartPeriod":1000000000,)"
    R"("Retries":3},"ArgsEscaped":true,"Image":"other:2","Volumes":{"/v":{}},"WorkingDir":"/w","Entrypoint":["/e"],)"
    R"("NetworkDisabled":true,"MacAddress":"02:42:ac:11:00:02","OnBuild":["RUN x"],"Labels":{"l":"v"},)"
    R"("StopSignal":"SIGINT","StopTimeout":0,"Shell":["/bin/sh","-c"]})";

constexpr const char* kWholeHostConfig =
    R"({"Binds":["/a:/b:ro"],"ContainerIDFile":"/id","LogConfig":{"Type":"json-file","Config":{"max-size":"1m"}},)"
    R"("NetworkMode":"host","PortBindings":{"80/tcp":[{"HostIp":"127.0.0.1","HostPort":"8080"}]},)"
    R"("RestartPolicy":{"Name":"on-failure","MaximumRetryCount":3},"AutoRemove":true,"VolumeDriver":"local",)"
    R"("VolumesFrom":["x:ro"],"ConsoleSize":[24,80],"Annotations":{"a":"b"},"CapAdd":["SYS_PTRACE"],)"
    R"("CapDrop":["MKNOD"],"CgroupnsMode":"private","Dns":["10.0.0.2"],"DnsOptions":["ndots:2"],)"
    R"("DnsSearch":["example.com"],"ExtraHosts":["db:10.0.0.3"],"GroupAdd":["20"],"IpcMode":"private","Cgroup":"c",)"
    R"("Links":["a:b"],"OomScoreAdj":-5,"PidMode":"host","Privileged":true,"PublishAllPorts":true,)"
    R"("ReadonlyRootfs":true,"SecurityOpt":["label:type:x","apparmor:profile","no-new-privileges"],)"
    R"("StorageOpt":{"size":"1G"},"Tmpfs":{"/run":"rw,size=64m"},"UTSMode":"host","UsernsMode":"host",)"
    R"("ShmSize":134217728,"Sysctls":{"net.core.somaxconn":"1024"},"Runtime":"runc","Isolation":"default",)"
    R"("CpuShares":512,"Memory":67108864,"NanoCpus":500000000,"CgroupParent":"/p","BlkioWeight":300,)"
    R"("BlkioWeightDevice":[{"Path":"/dev/sda","Weight":200}],"BlkioDeviceReadBps":[{"Path":"/dev/sda","Rate":1048576}],)"
    R"("BlkioDeviceWriteBps":[{"Path":"/dev/sda","Rate":2}],"BlkioDeviceReadIOps":[{"Path":"/dev/sda","Rate":3}],)"
    R"("BlkioDeviceWriteIOps":[{"Path":"/dev/sda","Rate":4}],"CpuPeriod":100000,"CpuQuota":50000,)"
    R"("CpuRealtimePeriod":1000000,"CpuRealtimeRuntime":950000,"CpusetCpus":"0,1","CpusetMems":"0",)"
    R"("Devices":[{"PathOnHost":"/dev/fuse","PathInContainer":"/dev/fuse","CgroupPermissions":"rwm"}],)"
    R"("DeviceCgroupRules":["c 13:* rwm"],"DeviceRequests":[{"Driver":"nvidia","Count":-1,"DeviceIDs":["0"],)"
    R"("Capabilities":[["gpu"]],"Options":{"o":"1"}}],"KernelMemory":8388608,"KernelMemoryTCP":1048576,)"
    R"("MemoryReservation":33554432,"MemorySwap":-1,"MemorySwappiness":10,"OomKillDisable":true,"PidsLimit":100,)"
    R"("Ulimits":[{"Name":"nofile","Hard":2048,"Soft":1024}],"CpuCount":1,"CpuPercent":50,"IOMaximumIOps":5,)"
    R"("IOMaximumBandwidth":6,"Mounts":[{"Type":"tmpfs","Target":"/t","ReadOnly":true,)"
    R"("TmpfsOptions":{"SizeBytes":1024,"Mode":448}},{"Type":"volume","Source":"v","Target":"/v",)"
    R"("VolumeOptions":{"NoCopy":true,"Labels":{"a":"b"},"DriverConfig":{"Name":"d","Options":{"o":"p"}}}},)"
    R"({"Type":"bind","Source":"/s","Target":"/b","BindOptions":{"Propagation":"rslave"}}],)"
    R"("MaskedPaths":["/proc/x"],"ReadonlyPaths":["/proc/y"],"Init":true})";

TEST_F(CreateMembers, EveryMemberOfTheRawConfigArrives) {
  raw(kWholeConfig, "{}");
  const bj::object sent = body().as_object();
  const bj::object given = json::parse(kWholeConfig).as_object();
  for (const auto& [name, value] : given) {
    if (std::string_view(name) == "Labels") continue;
    ASSERT_TRUE(sent.contains(name)) << name;
    EXPECT_EQ(sent.at(name), value) << name;
  }
  EXPECT_EQ(sent.at("Labels").at("l"), "v");
  EXPECT_EQ(sent.at("Labels").as_object().size(), 6U);
  // And nothing else.
  EXPECT_EQ(sent.size(), given.size() + 2);
}

TEST_F(CreateMembers, EveryMemberOfTheRawHostConfigArrives) {
  raw("{}", kWholeHostConfig);
  const bj::object sent = host().as_object();
  const bj::object given = json::parse(kWholeHostConfig).as_object();
  for (const auto& [name, value] : given) {
    ASSERT_TRUE(sent.contains(name)) << name;
    EXPECT_EQ(sent.at(name), value) << name;
  }
  EXPECT_EQ(sent.size(), given.size());
}

TEST_F(CreateMembers, NamesMatchInAnyCaseAndUnknownOnesAreDroppedAtEveryDepth) {
  raw(R"({"healthcheck":{"test":["NONE"],"x":1},"nothing":2})",
      R"({"ulimits":[{"name":"core","hard":1,"soft":0,"y":3}],"logconfig":{"type":"none","CONFIG":{"A":"b"}}})");
  const auto sent = body();
  EXPECT_EQ(sent.at("Healthcheck"), json::parse(R"({"Test":["NONE"]})"));
  EXPECT_FALSE(sent.as_object().contains("nothing"));
  EXPECT_EQ(sent.at("HostConfig").at("Ulimits"), json::parse(R"([{"Name":"core","Hard":1,"Soft":0}])"));
  EXPECT_EQ(sent.at("HostConfig").at("LogConfig"), json::parse(R"({"Type":"none","Config":{"A":"b"}})"));
}

TEST_F(CreateMembers, WhatIsEmptyIsLeftOutWhereTheOriginalLeavesItOut) {
  raw(R"({"StopSignal":"","ArgsEscaped":false,"Healthcheck":{},"Shell":[],"ExposedPorts":{}})",
      R"({"Tmpfs":{},"Runtime":"","KernelMemoryTCP":0,"Init":false,"Mounts":[],"Sysctls":null})");
  const auto sent = body().as_object();
  for (const char* name : {"StopSignal", "ArgsEscaped", "Shell", "ExposedPorts"}) EXPECT_FALSE(sent.contains(name));
  EXPECT_EQ(sent.at("Healthcheck"), bj::object());
  const auto& host = sent.at("HostConfig").as_object();
  for (const char* name : {"Tmpfs", "Runtime", "KernelMemoryTCP", "Mounts", "Sysctls"}) {
    EXPECT_FALSE(host.contains(name)) << name;
  }
  EXPECT_EQ(host.at("Init"), false);
}

struct Wrong {
  const char* config;
  const char* host;
  const char* error;
};

class WrongType : public CreateMembers, public ::testing::WithParamInterface<Wrong> {};

TEST_P(WrongType, NamesTheMemberAndTheRule) {
  raw(GetParam().config, GetParam().host);
  EXPECT_THAT(error(), ::testing::EndsWith(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    RawDocker, WrongType,
    ::testing::Values(
        Wrong{"{}", R"({"Memory":1.5})",
              "HostConfigError: Unable to decode given host config: Memory: expected integer, got number"},
        Wrong{"{}", R"({"Ulimits":[{"Hard":"1"}]})", "Ulimits[0].Hard: expected integer, got string"},
        Wrong{"{}", R"({"Ulimits":{}})", "Ulimits: expected array, got object"},
        Wrong{"{}", R"({"Dns":[1]})", "Dns[0]: expected string, got number"},
        Wrong{"{}", R"({"Tmpfs":{"/a":1}})", "Tmpfs./a: expected string, got number"},
        Wrong{"{}", R"({"PortBindings":{"80/tcp":{}}})", "PortBindings.80/tcp: expected array, got object"},
        Wrong{"{}", R"({"BlkioWeight":70000})", "BlkioWeight: expected an integer of 0 to 65535, got 70000"},
        Wrong{"{}", R"({"LogConfig":[]})", "LogConfig: expected object, got array"},
        Wrong{"{}", R"({"DeviceRequests":[{"Capabilities":["gpu"]}]})",
              "DeviceRequests[0].Capabilities[0]: expected array, got string"},
        Wrong{"{}", R"({"CapAdd":{}})", "CapAdd: expected array, got object"},
        Wrong{R"({"Tty":"yes"})", "{}",
              "DockerClientConfigError: Unable decode given docker config: Tty: expected bool, got string"},
        Wrong{R"({"Healthcheck":{"Interval":"5s"}})", "{}", "Healthcheck.Interval: expected integer, got string"}));

TEST_F(CreateMembers, MembersThatDependOnTheVersion) {
  raw(R"({"MacAddress":"02:42:ac:11:00:02"})", R"({"AutoRemove":true,"KernelMemory":8388608})");
  version = {1, 24};
  EXPECT_EQ(host().at("AutoRemove"), false);
  EXPECT_FALSE(host().as_object().contains("KernelMemory"));
  EXPECT_TRUE(body().as_object().contains("MacAddress"));
  version = {1, 25};
  EXPECT_EQ(host().at("AutoRemove"), true);
  EXPECT_FALSE(host().as_object().contains("KernelMemory"));
  version = {1, 40};
  EXPECT_EQ(host().at("KernelMemory"), 8388608);
  version = {1, 42};
  EXPECT_FALSE(host().as_object().contains("KernelMemory"));
  version = {1, 44};
  EXPECT_FALSE(body().as_object().contains("MacAddress"));
}

TEST_F(CreateMembers, MembersThatTheVersionDoesNotHave) {
  raw(R"({"StopTimeout":5})", "{}");
  version = {1, 21};
  EXPECT_EQ(error(),
            "CannotCreateContainerError: \"stop timeout\" requires API version 1.25, but the Docker daemon API version "
            "is 1.21");
  raw(R"({"Healthcheck":{"StartInterval":1000000000}})", "{}");
  version = {1, 43};
  EXPECT_THAT(error(), HasSubstr("\"specify health-check start interval\" requires API version 1.44"));
  version = {1, 44};
  EXPECT_EQ(error(), "");
}

TEST_F(CreateMembers, LogsOfRegionsThatEnginesDoNotKnow) {
  raw("{}", R"({"LogConfig":{"Type":"awslogs","Config":{"awslogs-group":"g"}}})");
  EXPECT_FALSE(host().at("LogConfig").at("Config").as_object().contains("awslogs-endpoint"));
  settings.region = "us-iso-east-1";
  EXPECT_EQ(host().at("LogConfig").at("Config").at("awslogs-endpoint"), "https://logs.us-iso-east-1.c2s.ic.gov");
  settings.region = "eusc-de-east-1";
  EXPECT_EQ(host().at("LogConfig").at("Config").at("awslogs-endpoint"), "https://logs.eusc-de-east-1.amazonaws.eu");
  raw("{}", R"({"LogConfig":{"Type":"json-file"}})");
  EXPECT_TRUE(host().at("LogConfig").at("Config").is_null());
}

TEST_F(CreateMembers, LogsOfHostsThatHaveIPv6Only) {
  settings.ipv6_only = true;
  raw("{}", R"({"LogConfig":{"Type":"awslogs","Config":{"awslogs-region":"eu-west-1"}}})");
  EXPECT_EQ(host().at("LogConfig").at("Config").at("awslogs-endpoint"), "https://logs.eu-west-1.api.aws");
  server = "18.06.3-ce";
  EXPECT_FALSE(host().at("LogConfig").at("Config").as_object().contains("awslogs-endpoint"));
  server = "18.09.0";
  EXPECT_TRUE(host().at("LogConfig").at("Config").as_object().contains("awslogs-endpoint"));
  raw("{}", R"({"LogConfig":{"Type":"awslogs","Config":{"awslogs-region":"eu-west-1","awslogs-endpoint":"mine"}}})");
  EXPECT_EQ(host().at("LogConfig").at("Config").at("awslogs-endpoint"), "mine");
  raw("{}", R"({"LogConfig":{"Type":"awslogs","Config":{}}})");
  EXPECT_TRUE(host().at("LogConfig").at("Config").as_object().empty());
}

class Gpus : public CreateMembers {
 protected:
  Gpus() {
    settings.gpu_support = true;
    settings.nvidia_runtime = "nvidia";
    payload.containers.push_back(payload_container("c2"));
    payload.associations = {{.name = "GPU-1", .type = "gpu", .containers = {"c1"}},
                            {.name = "GPU-0", .type = "gpu", .containers = {"c1"}}};
  }
  static std::vector<std::string> env(const bj::value& body) {
    std::vector<std::string> all;
    for (const auto& one : body.at("Env").as_array()) all.emplace_back(one.as_string().c_str());
    return all;
  }
};

TEST_F(Gpus, TheRuntimeAndTheVariable) {
  EXPECT_EQ(host().at("Runtime"), "nvidia");
  EXPECT_THAT(env(body()), Contains("NVIDIA_VISIBLE_DEVICES=GPU-1,GPU-0"));
  std::swap(payload.containers[0], payload.containers[1]);
  EXPECT_FALSE(host().as_object().contains("Runtime"));
  EXPECT_THAT(env(body()), Not(Contains(StartsWith("NVIDIA_VISIBLE_DEVICES="))));
  // A container that names devices itself shares the task's.
  payload.containers[0].environment["NVIDIA_VISIBLE_DEVICES"] = "all";
  EXPECT_EQ(host().at("Runtime"), "nvidia");
}

TEST_F(Gpus, WithoutARuntime) {
  settings.nvidia_runtime.clear();
  EXPECT_EQ(error(), "HostConfigError: Runtime is not set for GPU containers");
}

TEST_F(Gpus, OutsideTheCloudDevicesAreRequested) {
  settings.external = true;
  const auto sent = body();
  EXPECT_FALSE(sent.at("HostConfig").as_object().contains("Runtime"));
  EXPECT_THAT(env(sent), Not(Contains(StartsWith("NVIDIA_VISIBLE_DEVICES="))));
  EXPECT_EQ(sent.at("HostConfig").at("DeviceRequests"),
            json::parse(
                R"([{"Driver":"","Count":0,"DeviceIDs":["GPU-1","GPU-0"],"Capabilities":[["gpu"]],"Options":null}])"));
  std::swap(payload.containers[0], payload.containers[1]);
  EXPECT_TRUE(host().at("DeviceRequests").is_null());
}

TEST_F(CreateMembers, SharedNamespaces) {
  payload.pid_mode = "task";
  payload.ipc_mode = "task";
  base::Random random(1);
  task::Task task = std::get<task::Task>(convert(payload, settings, random, base::WallTime{}));
  settings.pause_labels = {{"team", "x"}, {"com.amazonaws.ecs.cluster", "forged"}};
  const std::vector<PublishedPort> ports;
  const auto body_of = [&](std::size_t i) {
    return json::parse(create_body({task, i, settings, ports, {}, version, server}));
  };
  EXPECT_THROW((void)body_of(0), StepError);
  task.containers[1].docker_id = "0123";
  EXPECT_EQ(body_of(0).at("HostConfig").at("PidMode"), "container:0123");
  EXPECT_EQ(body_of(0).at("HostConfig").at("IpcMode"), "container:0123");
  EXPECT_FALSE(body_of(0).at("Labels").as_object().contains("team"));
  const auto pause = body_of(1);
  EXPECT_EQ(pause.at("HostConfig").at("NetworkMode"), "none");
  EXPECT_EQ(pause.at("HostConfig").at("PidMode"), "");
  EXPECT_EQ(pause.at("HostConfig").at("IpcMode"), "shareable");
  EXPECT_EQ(pause.at("Labels").at("team"), "x");
  EXPECT_EQ(pause.at("Labels").at("com.amazonaws.ecs.cluster"), "harness");
  EXPECT_EQ(pause.at("Env"), bj::array());
}

TEST_F(CreateMembers, TheNeuronRuntime) {
  payload.containers[0].environment["AWS_NEURON_VISIBLE_DEVICES"] = "0";
  EXPECT_FALSE(host().as_object().contains("Runtime"));
  settings.neuron_support = true;
  EXPECT_EQ(host().at("Runtime"), "neuron");
}

}  // namespace
}  // namespace ecs::engine
