#include "engine/create_body.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "base/file.hpp"
#include "engine/docker_errors.hpp"
#include "engine/intake.hpp"
#include "engine/raw_docker.hpp"
#include "engine/testing/rig.hpp"
#include "json/value.hpp"

namespace ecs::engine {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::payload_container;
using testing::payload_task;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;

namespace bj = boost::json;

struct Built {
  task::Task task;
  Settings settings;
  std::vector<PublishedPort> ports;
  std::vector<std::string> image_env;
  docker::ApiVersion version{1, 41};
  std::string server = "20.10.24+dfsg1";

  [[nodiscard]] bj::value body(std::size_t container = 0) const {
    return json::parse(create_body({task, container, settings, ports, image_env, version, server}));
  }
  [[nodiscard]] bj::value host(std::size_t container = 0) const { return body(container).at("HostConfig"); }
  [[nodiscard]] std::string error() const {
    try {
      (void)body();
    } catch (const StepError& e) {
      return e.what();
    }
    return "";
  }
};

Built build(std::vector<acs::Container> containers) {
  base::Random random(1);
  Built built;
  built.settings.cluster = "harness";
  built.settings.region = "us-west-2";
  built.task =
      std::get<task::Task>(convert(payload_task(std::move(containers)), built.settings, random, base::WallTime{}));
  return built;
}

std::vector<std::string> texts(const bj::value& list) {
  std::vector<std::string> all;
  for (const auto& one : list.as_array()) all.emplace_back(one.as_string().c_str());
  return all;
}

/// What the recorded traces leave out: zero values, whatever their type.
bj::value strip(const bj::value& value) {
  if (value.is_object()) {
    bj::object kept;
    for (const auto& [key, inner] : value.get_object()) {
      const bj::value stripped = strip(inner);
      const bool zero = stripped.is_null() || stripped == "" || stripped == bj::array() || stripped == bj::object() ||
                        stripped == 0 || stripped == false;
      if (!zero && std::string_view(key) != "ConsoleSize") kept[key] = stripped;
    }
    return kept;
  }
  if (!value.is_array()) return value;
  bj::array kept;
  for (const auto& inner : value.get_array()) kept.push_back(strip(inner));
  return kept;
}

/// The volatile parts of a body under the names that the traces give them.
bj::value normalized(const Built& built, std::size_t container) {
  bj::value body = strip(built.body(container));
  auto env = texts(body.at("Env"));
  std::ranges::sort(env);
  std::string text = json::write(bj::array(env.begin(), env.end()));
  const std::string& uuid = built.task.containers[container].endpoint_id;
  for (auto at = text.find(uuid); at != std::string::npos; at = text.find(uuid))
    text.replace(at, uuid.size(), "<uuid>");
  body.as_object()["Env"] = json::parse(text);
  body.at("Labels").as_object()["com.amazonaws.ecs.task-arn"] =
      "arn:aws:ecs:us-west-2:123456789012:task/harness/<task>";
  return body;
}

/// A recorded body; nothing when the traces are not there.
std::optional<bj::value> recorded(const std::string& scenario, std::size_t create) {
  const auto text = base::read_file(std::string(ECS_SOURCE_DIR) + "/../shared/conformance/reference.json");
  if (!text) return std::nullopt;
  return json::parse(*text).at(scenario).at("creates").at(create).at("body");
}

TEST(CreateBody, IsTheRecordedOneOfAPlainContainer) {
  const auto expected = recorded("run_and_stop", 0);
  if (!expected) GTEST_SKIP() << "no recorded traces";
  EXPECT_EQ(normalized(build({payload_container("c1")}), 0), *expected);
}

TEST(CreateBody, IsTheRecordedOneOfLinksEnvironmentAndOverrides) {
  const auto expected = recorded("links_env_overrides", 1);
  if (!expected) GTEST_SKIP() << "no recorded traces";
  auto web = payload_container("web");
  web.links = {"db:database"};
  web.environment = {{"A", "1"}, {"B", "two words"}};
  web.entry_point = {"/bin/sh", "-c"};
  web.overrides = R"({"command": ["echo over; sleep 1000"]})";
  Built built = build({payload_container("db"), web});
  built.task.containers[0].docker_name = "ecs-fam-3-db-<hex>";
  EXPECT_EQ(normalized(built, 1), *expected);
}

TEST(CreateBody, IsTheRecordedOneOfRawDockerSettings) {
  const auto expected = recorded("host_config", 0);
  if (!expected) GTEST_SKIP() << "no recorded traces";
  auto c = payload_container("c1");
  c.cpu = 512;
  c.memory = 128;
  c.docker_config->config = R"({"User":"0","WorkingDir":"/tmp","Labels":{"app":"x"},"Hostname":"hh"})";
  c.docker_config->host_config =
      R"({"Ulimits":[{"Name":"nofile","Soft":1024,"Hard":2048}],"CapAdd":["SYS_PTRACE"],"CapDrop":["MKNOD"],)"
      R"("ReadonlyRootfs":true,"Dns":["10.0.0.2"],"ExtraHosts":["h:10.0.0.9"],"ShmSize":67108864,"Init":true,)"
      R"("MemoryReservation":33554432,"LogConfig":{"Type":"json-file","Config":{"max-size":"1m"}},)"
      R"("Tmpfs":{"/run":"size=1048576,rw"},"Sysctls":{"net.core.somaxconn":"512"}})";
  EXPECT_EQ(normalized(build({c}), 0), *expected);
}

TEST(CreateBody, PublishesPorts) {
  auto c = payload_container("a");
  c.port_mappings = {{.container_port = 80, .host_port = 0}};
  Built built = build({c});
  built.ports = {{80, 40001, "tcp"}, {53, 18053, "udp"}};
  const auto body = built.body();
  EXPECT_EQ(json::write(body.at("HostConfig").at("PortBindings")),
            R"({"53/udp":[{"HostIp":"","HostPort":"18053"}],"80/tcp":[{"HostIp":"","HostPort":"40001"}]})");
  EXPECT_EQ(json::write(body.at("ExposedPorts")), R"({"53/udp":{},"80/tcp":{}})");
}

TEST(Engine, Engine39_TheAgentsLabelsWin) {
  auto c = payload_container("c1");
  c.docker_config->config = R"({"Labels":{"com.amazonaws.ecs.task-arn":"mine","app":"x"}})";
  const auto labels = build({c}).body().at("Labels");
  EXPECT_EQ(labels.at("com.amazonaws.ecs.task-arn"), testing::kArn.c_str());
  EXPECT_EQ(labels.at("app"), "x");
}

TEST(Engine, Engine40_CpuShares) {
  for (const auto& [cpu, shares] : std::vector<std::pair<int, int>>{{0, 2}, {1, 2}, {2, 2}, {300000, 262144}}) {
    auto c = payload_container("c1");
    c.cpu = cpu;
    EXPECT_EQ(build({c}).body().at("HostConfig").at("CpuShares"), shares);
  }
}

TEST(Engine, Engine41_AndEngine42_Memory) {
  for (const auto& [mib, bytes] : std::vector<std::pair<int, int>>{{0, 0}, {2, 4194304}, {64, 67108864}}) {
    auto c = payload_container("c1");
    c.memory = mib;
    EXPECT_EQ(build({c}).body().at("HostConfig").at("Memory"), bytes);
  }
}

TEST(Engine, Engine44_ANonBlockingLogGetsABuffer) {
  auto c = payload_container("c1");
  c.docker_config->host_config = R"({"LogConfig":{"Type":"json-file","Config":{"mode":"non-blocking"}}})";
  EXPECT_EQ(build({c}).body().at("HostConfig").at("LogConfig").at("Config").at("max-buffer-size"), "10m");
  c.docker_config->host_config =
      R"({"LogConfig":{"Type":"json-file","Config":{"mode":"non-blocking","max-buffer-size":"1m"}}})";
  EXPECT_EQ(build({c}).body().at("HostConfig").at("LogConfig").at("Config").at("max-buffer-size"), "1m");
}

TEST(Engine, Engine45_ARegionThatIsSetIsLeftAlone) {
  auto c = payload_container("c1");
  EXPECT_THAT(texts(build({c}).body().at("Env")), Contains("AWS_REGION=us-west-2"));
  Built from_image = build({c});
  from_image.image_env = {"PATH=/bin", "AWS_DEFAULT_REGION=eu-west-1"};
  EXPECT_THAT(texts(from_image.body().at("Env")), Not(Contains(StartsWith("AWS_REGION="))));
  c.environment = {{"AWS_REGION", "mine"}};
  const auto env = texts(build({c}).body().at("Env"));
  EXPECT_THAT(env, Contains("AWS_REGION=mine"));
  EXPECT_THAT(env, Not(Contains(StartsWith("AWS_DEFAULT_REGION="))));
}

TEST(Engine, Engine52_NetworkingConfig) {
  EXPECT_EQ(json::write(build({payload_container("c1")}).body().at("NetworkingConfig")), R"({"EndpointsConfig":null})");
}

TEST(CreateBody, ZeroValuesAreSentAsTheOriginalDoes) {
  const auto body = build({payload_container("c1")}).body();
  EXPECT_EQ(body.at("Tty"), false);
  EXPECT_TRUE(body.at("Volumes").is_null());
  EXPECT_TRUE(body.at("Entrypoint").is_null());
  EXPECT_EQ(body.at("HostConfig").at("Binds"), bj::array());
  EXPECT_EQ(body.at("HostConfig").at("PortBindings"), bj::object());
  EXPECT_EQ(body.at("HostConfig").at("ConsoleSize"), bj::array({0, 0}));
  EXPECT_FALSE(body.as_object().contains("Healthcheck"));
  EXPECT_FALSE(body.as_object().contains("ExposedPorts"));
}

TEST(CreateBody, RawEnvReplacesTheList) {
  auto c = payload_container("c1");
  c.docker_config->config = R"({"env":["X=1"]})";
  EXPECT_THAT(texts(build({c}).body().at("Env")), ElementsAre("X=1"));
}

TEST(CreateBody, UnknownMembersAreDropped) {
  auto c = payload_container("c1");
  c.docker_config->config = R"({"NoSuchThing":1})";
  EXPECT_FALSE(build({c}).body().as_object().contains("NoSuchThing"));
}

TEST(CreateBody, NetworkPidAndIpcModes) {
  auto c = payload_container("c1");
  c.docker_config->host_config = R"({"NetworkMode":"host"})";
  Built built = build({c});
  built.task.pid_mode = "host";
  built.task.ipc_mode = "none";
  const auto host = built.body().at("HostConfig");
  EXPECT_EQ(host.at("NetworkMode"), "host");
  EXPECT_EQ(host.at("PidMode"), "host");
  EXPECT_EQ(host.at("IpcMode"), "none");
}

TEST(CreateBody, MountPointsAreBinds) {
  Built built = build({payload_container("a")});
  built.task.containers[0].mount_points = {{"host", "/data", false}, {"dock", "/dock", true}};
  built.task.volumes = {{"host", "/srv"}, {"dock", "ecs-fam-3-dock-00"}};
  EXPECT_THAT(texts(built.body().at("HostConfig").at("Binds")),
              ElementsAre("/srv:/data", "ecs-fam-3-dock-00:/dock:ro"));
  built.task.volumes.pop_back();
  EXPECT_EQ(built.error(), "HostConfigError: Invalid volume referenced: dock");
}

TEST(CreateBody, TheTasksCgroupIsTheParentWhateverTheRawSettingsSay) {
  acs::Container c = payload_container("a");
  c.docker_config->host_config = R"({"CgroupParent":"/mine"})";
  Built built = build({c});
  EXPECT_EQ(built.body().at("HostConfig").at("CgroupParent").as_string(), "/mine");
  task::Resource cgroup;
  cgroup.cgroup = task::CgroupSpec{.root = "/ecs/1"};
  built.task.resources = {cgroup};
  EXPECT_EQ(built.body().at("HostConfig").at("CgroupParent").as_string(), "/ecs/1");
}

TEST(CreateBody, TheTasksMemoryIsPassedOnOnlyWhereThatIsAskedFor) {
  acs::Container c = payload_container("a");
  c.memory = 0;
  Built built = build({c});
  built.task.memory = 64;
  EXPECT_EQ(built.body().at("HostConfig").at("Memory").as_int64(), 0);
  built.settings.propagate_task_memory = true;
  EXPECT_EQ(built.body().at("HostConfig").at("Memory").as_int64(), 67108864);
  built.task.containers[0].memory = 8;
  EXPECT_EQ(built.body().at("HostConfig").at("Memory").as_int64(), 8388608);
}

TEST(CreateBody, VolumesFromAndLinkWithoutAlias) {
  auto b = payload_container("b");
  b.volumes_from = {{"a", true}};
  b.links = {"a"};
  Built built = build({payload_container("a"), b});
  const std::string& a = built.task.containers[0].docker_name;
  const auto host = built.body(1).at("HostConfig");
  EXPECT_THAT(texts(host.at("VolumesFrom")), ElementsAre(a + ":ro"));
  EXPECT_THAT(texts(host.at("Links")), ElementsAre(a + ":a"));
}

TEST(CreateBody, ErrorsNameTheMemberAndTheRule) {
  auto c = payload_container("c1");
  c.docker_config->host_config = R"({"Memory":"much"})";
  EXPECT_EQ(build({c}).error(),
            "HostConfigError: Unable to decode given host config: Memory: expected integer, got string");
  c.docker_config->host_config = "{";
  EXPECT_THAT(build({c}).error(), StartsWith("HostConfigError: Unable to decode given host config: "));
  c.docker_config->host_config = "{}";
  c.docker_config->config = "[]";
  EXPECT_THAT(build({c}).error(), StartsWith("DockerClientConfigError: Unable decode given docker config: "));
  c.docker_config->config = "{}";
  c.health_check_type = "docker";
  EXPECT_EQ(build({c}).error(),
            "DockerClientConfigError: docker health check is nil while container health check type is DOCKER");
}

TEST(RawDocker, NullsEmptyWhatCanBeEmpty) {
  bj::object config = zero_config();
  config["Cmd"] = bj::array{"x"};
  config["User"] = "me";
  overlay_config(config, R"({"Cmd":null,"User":null,"Shell":null})");
  EXPECT_TRUE(config["Cmd"].is_null());
  EXPECT_EQ(config["User"], "me");
}

TEST(RawDocker, TheMemoryReservationIsFoundAmongOtherMembers) {
  EXPECT_EQ(raw_memory_reservation(
                R"({"LogConfig":{"Type":"json-file","Config":{"max-size":"1m"}},"MemoryReservation":33554432})"),
            33554432);
  for (const char* text : {"", "{", "[]", "null", R"({"MemoryReservation":"x"})", R"({"LogConfig":3})"}) {
    EXPECT_EQ(raw_memory_reservation(text), 0) << text;
  }
}

TEST(RawDocker, AStructIsMergedIntoANull) {
  bj::object document;
  overlay_host_config(document, R"({"LogConfig":{"type":"none"},"RestartPolicy":null})");
  EXPECT_EQ(document.at("LogConfig").at("Type"), "none");
}

TEST(RawDocker, OneWordIsAListOfOne) {
  bj::object config = zero_config();
  overlay_config(config, R"({"Cmd":"true"})");
  EXPECT_EQ(config["Cmd"], bj::array({"true"}));
}

}  // namespace
}  // namespace ecs::engine
