#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <system_error>

#include "base/file.hpp"
#include "config/loader.hpp"
#include "config/settings.hpp"
#include "config/version.hpp"
#include "log/capture.hpp"

namespace ecs::config {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""ms;
using std::chrono_literals::operator""ns;
using std::chrono_literals::operator""s;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// A host with the files that a test gives it.
struct FakeHost {
  std::map<std::string, std::string> files;
  std::optional<std::string> port_range = "49153\t65535\n";
  IpCompatibility routes{.ipv4 = true, .ipv6 = false};
  bool routes_fail = false;
  int reads = 0;

  Host host() {
    return {.read_file = [this](const std::string& path) -> std::optional<std::string> {
              if (path.starts_with("/etc")) ++reads;
              if (path == "/proc/sys/net/ipv4/ip_local_port_range") return port_range;
              if (path == "/etc/is-a-directory") throw std::system_error(EISDIR, std::generic_category(), path);
              const auto found = files.find(path);
              return found == files.end() ? std::nullopt : std::optional(found->second);
            },
            .default_routes =
                [this] {
                  if (routes_fail) throw std::runtime_error("no netlink");
                  return routes;
                }};
  }
};

class LoaderTest : public ::testing::Test {
 protected:
  static constexpr const char* kFile = "/etc/ecs_container_agent/config.json";

  /// Loads with a region unless the test sets its own.
  Config load() {
    Loader loader(environment(), host.host());
    if (user_data) loader.add_user_data(*user_data);
    auto config = loader.finish();
    warnings = loader.warnings();
    return config;
  }

  std::vector<std::string> fatal() {
    try {
      load();
    } catch (const Error& e) {
      return e.problems();
    }
    return {};
  }

  Environment environment() {
    Environment all = {{"AWS_DEFAULT_REGION", "us-west-2"}};
    for (const auto& [name, value] : env) all[name] = value;
    return all;
  }

  log::Capture capture;
  FakeHost host;
  Environment env;
  std::optional<std::string> user_data;
  std::vector<std::string> warnings;
};

TEST_F(LoaderTest, DefaultsAreThoseOfTheStruct) {
  const auto config = load();
  const Config defaults;
  for (const Setting& setting : settings()) {
    if (setting.env == "AWS_DEFAULT_REGION" || setting.env == "ECS_INSTANCE_IP_COMPATIBILITY") continue;
    std::visit([&](auto member) { EXPECT_TRUE(config.*member == defaults.*member) << setting.name(); }, setting.target);
  }
  EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(LoaderTest, TableHasNoDuplicates) {
  std::map<std::string_view, int> names;
  std::set<std::string_view> keys;
  for (const Setting& setting : settings()) {
    EXPECT_FALSE(setting.env.empty() && setting.key.empty());
    if (!setting.key.empty()) {
      EXPECT_TRUE(keys.insert(setting.key).second) << setting.key;
    }
    if (!setting.env.empty()) ++names[setting.env];
  }
  for (const auto& [name, count] : names) EXPECT_EQ(count, name == "ECS_TASK_METADATA_RPS_LIMIT" ? 2 : 1) << name;
}

TEST_F(LoaderTest, Config03_StrongestLayerGivesTheCluster) {
  user_data = R"({"ECSAgentConfiguration":{"Cluster":"c"}})";
  EXPECT_EQ(load().cluster, "c");
  host.files[kFile] = R"({"Cluster":"a"})";
  EXPECT_EQ(load().cluster, "a");
  env["ECS_CLUSTER"] = "b";
  EXPECT_EQ(load().cluster, "b");
}

TEST_F(LoaderTest, Config04_ZeroInTheEnvironmentIsUnset) {
  host.files[kFile] = R"({"ReservedMemory":77,"TaskCleanupWaitDuration":7200000000000})";
  env["ECS_RESERVED_MEMORY"] = "0";
  env["ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION"] = "0s";
  env["ECS_RESERVED_PORTS"] = "[]";
  const auto config = load();
  EXPECT_EQ(config.reserved_memory, 77);
  EXPECT_EQ(config.task_cleanup_wait, 2h);
  EXPECT_EQ(config.reserved_ports, Config{}.reserved_ports);
}

TEST_F(LoaderTest, Config05_WrongElementOfAPortListIsZeroAndAWarning) {
  env["ECS_RESERVED_PORTS"] = R"([22,"x",80])";
  EXPECT_THAT(load().reserved_ports, ElementsAre(22, 0, 80));
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("ECS_RESERVED_PORTS[1]: expected integer, got string")));
  EXPECT_TRUE(capture.contains("ECS_RESERVED_PORTS[1]"));
}

TEST_F(LoaderTest, PortListsIgnoreWhatFollowsAndRefuseWhatDoesNotFit) {
  const std::pair<std::string, std::vector<std::uint16_t>> cases[] = {
      {"[1,2]garbage", {1, 2}},
      {"[70000,5]", {0, 5}},
      {"[-1]", {0}},
      {"[1.5,3]", {0, 3}},
      {"[", Config{}.reserved_ports},
      {"22", Config{}.reserved_ports},
      {"  ", Config{}.reserved_ports},
      {"null", Config{}.reserved_ports},
  };
  for (const auto& [text, expected] : cases) {
    env["ECS_RESERVED_PORTS"] = text;
    EXPECT_EQ(load().reserved_ports, expected) << text;
  }
}

TEST_F(LoaderTest, Config06_BadListsThatMattersAreFatal) {
  const std::pair<std::string, std::string> cases[] = {
      {"ECS_INSTANCE_ATTRIBUTES", R"({"a":1})"},
      {"ECS_INSTANCE_ATTRIBUTES", "{"},
      {"ECS_INSTANCE_ATTRIBUTES", " "},
      {"ECS_CONTAINER_INSTANCE_TAGS", R"(["a"])"},
      {"ECS_CONTAINER_INSTANCE_TAGS", R"({"a":"b"}x)"},
      {"ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES", R"(["10.0.0.0"])"},
      {"ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES", R"(["10.0.0.0/33"])"},
  };
  for (const auto& [name, value] : cases) {
    env = {{name, value}};
    EXPECT_THAT(fatal(), ElementsAre(HasSubstr(name + ": "))) << value;
  }
}

TEST_F(LoaderTest, ObjectsAndListsAreRead) {
  env = {{"ECS_INSTANCE_ATTRIBUTES", R"({"stack":"prod","none":null})"},
         {"ECS_CONTAINER_INSTANCE_TAGS", R"({"a":"1","a":"2"})"},
         {"ECS_AWSVPC_ADDITIONAL_LOCAL_ROUTES", R"(["10.0.0.0/8","fd00::/8"])"},
         {"ECS_AVAILABLE_LOGGING_DRIVERS", R"(["awslogs","awsfirelens"])"},
         {"ECS_EXCLUDE_UNTRACKED_IMAGE", "a, b"}};
  const auto config = load();
  EXPECT_EQ(config.instance_attributes, (std::map<std::string, std::string>{{"stack", "prod"}, {"none", ""}}));
  EXPECT_EQ(config.instance_tags, (std::map<std::string, std::string>{{"a", "2"}}));
  EXPECT_THAT(config.awsvpc_local_routes, ElementsAre("10.0.0.0/8", "fd00::/8"));
  EXPECT_THAT(config.logging_drivers, ElementsAre("awslogs", "awsfirelens"));
  EXPECT_THAT(config.image_cleanup_exclusions, ElementsAre("a", " b"));
}

TEST_F(LoaderTest, Config07_BadBooleanIsAWarningAndUnset) {
  env["ECS_POLL_METRICS"] = "yes";
  const auto config = load();
  EXPECT_FALSE(config.poll_metrics.on());
  EXPECT_FALSE(config.poll_metrics.is_explicit());
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("ECS_POLL_METRICS: expected true or false")));
}

TEST_F(LoaderTest, BooleansTakeGoWordsOnly) {
  for (const auto* word : {"1", "t", "T", "TRUE", "true", "True", " true "}) {
    env["ECS_UPDATES_ENABLED"] = word;
    EXPECT_TRUE(load().updates_enabled.on()) << word;
  }
  for (const auto* word : {"0", "f", "F", "FALSE", "false", "False", "tRUE", "on", "2", ""}) {
    env["ECS_UPDATES_ENABLED"] = word;
    EXPECT_FALSE(load().updates_enabled.on()) << word;
  }
}

TEST_F(LoaderTest, TriStateFalseIsFinalButPlainFalseIsNot) {
  host.files[kFile] = R"({"SpotInstanceDrainingEnabled":true,"GPUSupportEnabled":true,"FirelensAsyncEnabled":false,
                          "EBSTASupportEnabled":false,"UpdatesEnabled":1})";
  env = {{"ECS_ENABLE_SPOT_INSTANCE_DRAINING", "false"}, {"ECS_ENABLE_GPU_SUPPORT", "false"}};
  const auto config = load();
  EXPECT_FALSE(config.spot_draining.on());
  EXPECT_TRUE(config.spot_draining.is_explicit());
  EXPECT_TRUE(config.gpu_support);
  EXPECT_FALSE(config.firelens_async.on());
  EXPECT_TRUE(config.ebs_support) << "the default of a plain boolean comes before the file";
  EXPECT_TRUE(config.updates_enabled.on());
  env["ECS_EBSTA_SUPPORTED"] = "false";
  EXPECT_FALSE(load().ebs_support);
}

TEST_F(LoaderTest, Config08_StopTimeoutIsClampedInTheEnvironmentAndFatalInTheFile) {
  env["ECS_CONTAINER_STOP_TIMEOUT"] = "500ms";
  EXPECT_EQ(load().stop_timeout, 1s);
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("ECS_CONTAINER_STOP_TIMEOUT: 500ms is not allowed")));
  env.clear();
  host.files[kFile] = R"({"DockerStopTimeout":5})";
  EXPECT_THAT(fatal(), ElementsAre(HasSubstr("DockerStopTimeout: 5ns is not allowed")));
}

struct DurationCase {
  const char* name;
  const char* text;
  Duration Config::* member;
  Duration expected;
  bool warns;
};

class DurationTest : public LoaderTest, public ::testing::WithParamInterface<DurationCase> {};

TEST_P(DurationTest, IsBounded) {
  const auto& param = GetParam();
  env[param.name] = param.text;
  EXPECT_EQ(load().*param.member, param.expected);
  EXPECT_EQ(!warnings.empty(), param.warns);
  for (const auto& warning : warnings) EXPECT_THAT(warning, HasSubstr(param.name));
}

INSTANTIATE_TEST_SUITE_P(
    Table, DurationTest,
    ::testing::Values(
        DurationCase{"ECS_CONTAINER_STOP_TIMEOUT", "-4s", &Config::stop_timeout, 1s, true},
        DurationCase{"ECS_CONTAINER_STOP_TIMEOUT", "1m30s", &Config::stop_timeout, 90s, false},
        DurationCase{"ECS_CONTAINER_STOP_TIMEOUT", "10", &Config::stop_timeout, 30s, true},
        DurationCase{"ECS_CONTAINER_STOP_TIMEOUT", "1d", &Config::stop_timeout, 30s, true},
        DurationCase{"ECS_CONTAINER_STOP_TIMEOUT", " 5s", &Config::stop_timeout, 30s, true},
        DurationCase{"ECS_CONTAINER_STOP_TIMEOUT", "0", &Config::stop_timeout, 30s, false},
        DurationCase{"ECS_CONTAINER_START_TIMEOUT", "44s", &Config::start_timeout, 45s, true},
        DurationCase{"ECS_CONTAINER_CREATE_TIMEOUT", "59s", &Config::create_timeout, 1min, true},
        DurationCase{"ECS_MANIFEST_PULL_TIMEOUT", "1s", &Config::manifest_pull_timeout, 30s, true},
        DurationCase{"ECS_IMAGE_PULL_INACTIVITY_TIMEOUT", "1s", &Config::pull_inactivity_timeout, 1min, true},
        DurationCase{"ECS_IMAGE_PULL_TIMEOUT", "-1s", &Config::pull_timeout, -1s, false},
        DurationCase{"ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION", "10ms", &Config::task_cleanup_wait, 3h, true},
        DurationCase{"ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION", "-10s", &Config::task_cleanup_wait, 3h, true},
        DurationCase{"ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION_JITTER", "-1s", &Config::task_cleanup_wait_jitter, 0s,
                     true},
        DurationCase{"ECS_IMAGE_CLEANUP_INTERVAL", "9m", &Config::image_cleanup_interval, 30min, true},
        DurationCase{"ECS_CGROUP_CPU_PERIOD", "7ms", &Config::cgroup_cpu_period, 100ms, true},
        DurationCase{"ECS_CGROUP_CPU_PERIOD", "8ms", &Config::cgroup_cpu_period, 8ms, false},
        DurationCase{"ECS_CGROUP_CPU_PERIOD", "101ms", &Config::cgroup_cpu_period, 100ms, true},
        DurationCase{"ECS_POLLING_METRICS_WAIT_DURATION", "1s", &Config::polling_metrics_wait, 1s, false}));

TEST_F(LoaderTest, PollingWaitIsBoundedOnlyWhenPolling) {
  env = {{"ECS_POLL_METRICS", "true"}, {"ECS_POLLING_METRICS_WAIT_DURATION", "1s"}};
  EXPECT_EQ(load().polling_metrics_wait, 5s);
  env["ECS_POLLING_METRICS_WAIT_DURATION"] = "1m";
  EXPECT_EQ(load().polling_metrics_wait, 20s);
  EXPECT_EQ(warnings.size(), 1U);
}

TEST_F(LoaderTest, FileTimeoutsHaveTheirOwnBounds) {
  host.files[kFile] = R"({"ContainerStartTimeout":44000000000})";
  EXPECT_THAT(fatal(), ElementsAre(HasSubstr("ContainerStartTimeout")));
  host.files[kFile] = R"({"ContainerCreateTimeout":1,"ManifestPullTimeout":1,"ImagePullInactivityTimeout":1})";
  const auto config = load();
  EXPECT_EQ(config.create_timeout, 1ns);
  EXPECT_EQ(config.manifest_pull_timeout, 1ns);
  EXPECT_EQ(config.pull_inactivity_timeout, 1min);
}

TEST_F(LoaderTest, NumbersAreBounded) {
  env = {{"ECS_NUM_IMAGES_DELETE_PER_CYCLE", "-1"}, {"ECS_TASK_PIDS_LIMIT", " 100 "}, {"ECS_RESERVED_MEMORY", "65536"}};
  auto config = load();
  EXPECT_EQ(config.images_per_cleanup, 5);
  EXPECT_EQ(config.task_pids_limit, 100);
  EXPECT_EQ(config.reserved_memory, 0);
  EXPECT_EQ(warnings.size(), 2U);
  env = {{"ECS_TASK_PIDS_LIMIT", "4194305"}, {"ECS_NUM_IMAGES_DELETE_PER_CYCLE", "x"}, {"ECS_RESERVED_MEMORY", " 5"}};
  config = load();
  EXPECT_EQ(config.task_pids_limit, 0);
  EXPECT_EQ(config.images_per_cleanup, 5);
  EXPECT_EQ(config.reserved_memory, 0);
  EXPECT_EQ(warnings.size(), 3U);
}

TEST_F(LoaderTest, MetadataRatesComeAsAPair) {
  struct Case {
    const char* text;
    std::int64_t steady;
    std::int64_t burst;
    bool warns;
  };
  const Case cases[] = {{"10, 20", 10, 20, false},
                        {"10", 40, 60, true},
                        {"10,x", 40, 60, true},
                        {"10,-1", 40, 60, true},
                        {"0,20", 40, 20, false}};  // 0 is unset, as everywhere.
  for (const auto& [text, steady, burst, warns] : cases) {
    env["ECS_TASK_METADATA_RPS_LIMIT"] = text;
    const auto config = load();
    EXPECT_EQ(config.metadata_steady_rate, steady) << text;
    EXPECT_EQ(config.metadata_burst_rate, burst) << text;
    EXPECT_EQ(warnings.size(), warns ? 1U : 0U) << text;
  }
}

TEST_F(LoaderTest, WordsAreExact) {
  const std::pair<const char*, PullBehavior> cases[] = {{"always", PullBehavior::kAlways},
                                                        {"once", PullBehavior::kOnce},
                                                        {"prefer-cached", PullBehavior::kPreferCached},
                                                        {"default", PullBehavior::kDefault},
                                                        {"Always", PullBehavior::kDefault}};
  for (const auto& [text, expected] : cases) {
    env["ECS_IMAGE_PULL_BEHAVIOR"] = text;
    EXPECT_EQ(load().pull_behavior, expected) << text;
  }
  host.files[kFile] = R"({"ImagePullBehavior":2,"ContainerInstancePropagateTagsFrom":1})";
  EXPECT_EQ(load().pull_behavior, PullBehavior::kOnce) << "a default in the environment is zero";
  EXPECT_EQ(load().propagate_tags_from, PropagateTags::kEc2Instance);
  env["ECS_IMAGE_PULL_BEHAVIOR"] = "prefer-cached";
  EXPECT_EQ(load().pull_behavior, PullBehavior::kPreferCached);
}

TEST_F(LoaderTest, UnknownLoggingDriverIsFatalAndBrokenListIsNot) {
  env["ECS_AVAILABLE_LOGGING_DRIVERS"] = R"(["json-file","carrier-pigeon"])";
  EXPECT_THAT(fatal(), ElementsAre(HasSubstr("carrier-pigeon")));
  env["ECS_AVAILABLE_LOGGING_DRIVERS"] = "[";
  EXPECT_THAT(load().logging_drivers, ElementsAre("json-file", "none"));
  EXPECT_EQ(warnings.size(), 1U);
}

TEST_F(LoaderTest, DynamicPortRange) {
  host.port_range = "32768\t60999\n";
  EXPECT_EQ(load().dynamic_host_ports, (PortRange{32768, 60999}));
  env["ECS_DYNAMIC_HOST_PORT_RANGE"] = "100-200";
  EXPECT_EQ(load().dynamic_host_ports, (PortRange{100, 200}));
  env["ECS_DYNAMIC_HOST_PORT_RANGE"] = "100";
  EXPECT_EQ(load().dynamic_host_ports, (PortRange{100, 100}));
  for (const auto* bad : {"200-100", "a-b", "1-70000", "-5"}) {
    env["ECS_DYNAMIC_HOST_PORT_RANGE"] = bad;
    EXPECT_EQ(load().dynamic_host_ports, (PortRange{32768, 60999})) << bad;
    EXPECT_EQ(warnings.size(), 1U) << bad;
  }
  host.port_range.reset();
  env.clear();
  EXPECT_EQ(load().dynamic_host_ports, (PortRange{49153, 65535}));
}

TEST_F(LoaderTest, Config09_SyntaxErrorIsFatalInTheFileAndNotInUserData) {
  const std::string broken = R"({"Cluster":"a",)";
  host.files[kFile] = broken;
  EXPECT_THAT(fatal(), ElementsAre(HasSubstr(kFile)));
  host.files.clear();
  user_data = broken;
  EXPECT_EQ(load().cluster, "");
  EXPECT_THAT(warnings, IsEmpty());
}

TEST_F(LoaderTest, WrongTypeIsFatalInTheFileAndDropsUserData) {
  host.files[kFile] = R"({"Cluster":"a","Checkpoint":"true"})";
  EXPECT_THAT(fatal(), ElementsAre(HasSubstr("Checkpoint: expected boolean, got string")));
  host.files.clear();
  user_data = R"({"ECSAgentConfiguration":{"Cluster":"a","ReservedMemory":"x"}})";
  const auto config = load();
  EXPECT_EQ(config.cluster, "") << "the block is dropped as a whole";
  EXPECT_TRUE(capture.contains("ReservedMemory"));
}

TEST_F(LoaderTest, FileKeysMatchInAnyCaseAndUnknownOnesAreIgnored) {
  host.files["/etc/own.json"] = R"({"cLuStEr":"x","Nonsense":[1],"NoIID":true,"EngineAuthData":{"r":{"auth":"a"}}})";
  env["ECS_AGENT_CONFIG_FILE_PATH"] = "/etc/own.json";
  const auto config = load();
  EXPECT_EQ(config.cluster, "x");
  EXPECT_TRUE(config.no_instance_identity);
  EXPECT_EQ(config.engine_auth_data.reveal(), R"({"r":{"auth":"a"}})");
}

TEST_F(LoaderTest, MissingAndEmptyFilesAreIgnoredAndUnreadableOnesFatal) {
  host.files[kFile] = " \n";
  EXPECT_THAT(fatal(), IsEmpty());
  env["ECS_AGENT_CONFIG_FILE_PATH"] = "/etc/is-a-directory";
  EXPECT_THAT(fatal(), ElementsAre(HasSubstr("/etc/is-a-directory")));
}

TEST_F(LoaderTest, DeprecatedClusterArnStandsInForCluster) {
  host.files[kFile] = R"({"ClusterArn":"old"})";
  EXPECT_EQ(load().cluster, "old");
  EXPECT_THAT(warnings, ElementsAre(HasSubstr("ClusterArn is deprecated")));
  host.files[kFile] = R"({"ClusterArn":"old","Cluster":"new"})";
  EXPECT_EQ(load().cluster, "new");
}

TEST_F(LoaderTest, TextsAreTrimmedAfterTheMerge) {
  host.files[kFile] = R"({"Cluster":"file"})";
  env = {{"ECS_CLUSTER", "  "}, {"ECS_BACKEND_HOST", " http://x "}};
  const auto config = load();
  EXPECT_EQ(config.cluster, "") << "blank blocks the lower layers";
  EXPECT_EQ(config.backend_endpoint, "http://x");
  env["AWS_DEFAULT_REGION"] = "  ";
  EXPECT_THAT(fatal(), ElementsAre(HasSubstr("AWSRegion: missing")));
}

TEST_F(LoaderTest, RegionComesFromMetadataOnlyWhenMissing) {
  Loader known(environment(), host.host());
  EXPECT_EQ(known.region_source(), RegionSource::kKnown);
  Loader missing({}, host.host());
  EXPECT_EQ(missing.region_source(), RegionSource::kIdentityDocument);
  missing.set_region("eu-west-1");
  EXPECT_EQ(missing.finish().region, "eu-west-1");
  host.files[kFile] = R"({"NoIID":true})";
  EXPECT_EQ(Loader({}, host.host()).region_source(), RegionSource::kPlacement);
}

TEST_F(LoaderTest, Config11_ExternalWithoutRegionFailsBeforeTheFileIsRead) {
  env = {{"ECS_EXTERNAL", "true"}, {"AWS_DEFAULT_REGION", ""}};
  EXPECT_THAT(fatal(), ElementsAre(HasSubstr("AWS_DEFAULT_REGION")));
  EXPECT_EQ(host.reads, 0);
  env["AWS_DEFAULT_REGION"] = "us-east-1";
  EXPECT_FALSE(Loader(environment(), host.host()).wants_instance_metadata());
  env.erase("ECS_EXTERNAL");
  host.files[kFile] = R"({"External":true})";
  EXPECT_TRUE(Loader(environment(), host.host()).wants_instance_metadata());
  EXPECT_TRUE(load().external.on());
}

TEST_F(LoaderTest, Config12_DetailedOsFamilySetButEmpty) {
  EXPECT_EQ(load().detailed_os_family, "LINUX");
  env["ECS_DETAILED_OS_FAMILY"] = "debian_12";
  EXPECT_EQ(load().detailed_os_family, "debian_12");
  env["ECS_DETAILED_OS_FAMILY"] = "";
  EXPECT_EQ(load().detailed_os_family, "");
}

TEST_F(LoaderTest, CheckpointFollowsTheDataDirectoryOfTheEnvironmentOnly) {
  EXPECT_FALSE(load().checkpoint.on());
  host.files[kFile] = R"({"DataDir":"/file"})";
  EXPECT_FALSE(load().checkpoint.on());
  EXPECT_EQ(load().data_dir, "/file");
  env["ECS_DATADIR"] = "/env";
  EXPECT_TRUE(load().checkpoint.on());
  env["ECS_CHECKPOINT"] = "false";
  EXPECT_FALSE(load().checkpoint.on());
}

TEST_F(LoaderTest, AddressFamiliesDecideAboutIpv6Bindings) {
  EXPECT_TRUE(load().exclude_ipv6_port_bindings.on());
  host.routes = {.ipv4 = false, .ipv6 = true};
  EXPECT_FALSE(load().exclude_ipv6_port_bindings.on());
  env["ECS_EXCLUDE_IPV6_PORTBINDING"] = "true";
  EXPECT_TRUE(load().exclude_ipv6_port_bindings.on());
  env = {{"ECS_INSTANCE_IP_COMPATIBILITY", " IPv4 "}};
  EXPECT_TRUE(load().exclude_ipv6_port_bindings.on());
  env["ECS_INSTANCE_IP_COMPATIBILITY"] = "both";
  EXPECT_TRUE(load().ip_compatibility.ipv6_only());
  EXPECT_EQ(warnings.size(), 1U);
  host.routes_fail = true;
  EXPECT_EQ(load().ip_compatibility, (IpCompatibility{.ipv4 = true, .ipv6 = false}));
}

TEST_F(LoaderTest, SettingsAppliedAfterTheMerge) {
  host.files[kFile] = R"({"TaskENIEnabled":true,"PrometheusMetricsEnabled":true,"ENITrunkingEnabled":false})";
  auto config = load();
  EXPECT_TRUE(config.eni_trunking.on());
  EXPECT_EQ(config.reserved_ports, Config{}.reserved_ports);
  env = {{"ECS_ENABLE_HIGH_DENSITY_ENI", "false"}, {"ECS_ENABLE_PROMETHEUS_METRICS", "true"}};
  config = load();
  EXPECT_FALSE(config.eni_trunking.on());
  EXPECT_EQ(config.reserved_ports.back(), 51680);
  host.files.clear();
  env = {{"ECS_ENABLE_HIGH_DENSITY_ENI", "true"}};
  EXPECT_FALSE(load().eni_trunking.on()) << "only with task ENI";
}

TEST_F(LoaderTest, FatalProblemsAreNumbered) {
  env = {{"ECS_INSTANCE_ATTRIBUTES", "{"}, {"ECS_CONTAINER_INSTANCE_TAGS", "["}};
  try {
    load();
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.what(), ::testing::StartsWith("Multiple error:\n\t0: ECS_INSTANCE_ATTRIBUTES"));
    EXPECT_THAT(e.what(), HasSubstr("\n\t1: ECS_CONTAINER_INSTANCE_TAGS"));
  }
}

TEST_F(LoaderTest, AuthDataNeverReachesTheLog) {
  env["ECS_ENGINE_AUTH_DATA"] = R"({"r":{"password":"hush"}})";
  EXPECT_EQ(load().engine_auth_data.reveal(), env["ECS_ENGINE_AUTH_DATA"]);
  EXPECT_FALSE(capture.contains("hush"));
}

TEST(Documentation, NamesEverySetting) {
  const auto page = base::read_file(std::string(ECS_SOURCE_DIR) + "/docs/configuration.md");
  ASSERT_TRUE(page);
  for (const Setting& setting : settings()) EXPECT_THAT(*page, HasSubstr(std::string(setting.name()))) << setting.key;
  for (const Setting& setting : settings()) EXPECT_THAT(*page, HasSubstr(std::string(setting.key)));
}

TEST(Version, IsThatOfTheBuild) {
  EXPECT_EQ(kCompatibleVersion, "1.105.1");
  EXPECT_FALSE(kOwnVersion.empty());
  EXPECT_EQ(kBuildHash.size(), 8U);
}

TEST(RealHost, ReadsTheRoutesOfThisMachine) {
  EXPECT_NO_THROW(static_cast<void>(real_host().default_routes()));
  EXPECT_EQ(real_host().read_file("/nonexistent/file"), std::nullopt);
  EXPECT_THROW(static_cast<void>(real_host().read_file("/etc")), std::system_error);
}

}  // namespace
}  // namespace ecs::config
