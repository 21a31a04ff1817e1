#include "agent/capabilities.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ecs::agent {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::Not;

std::vector<std::string> versions(int first, int last) {
  std::vector<std::string> all;
  for (int minor = first; minor <= last; ++minor) all.push_back("1." + std::to_string(minor));
  return all;
}

std::vector<std::string> names(const config::Config& config, const CapabilityFacts& facts) {
  std::vector<std::string> all;
  for (const auto& attribute : capabilities(config, facts)) all.push_back(attribute.name);
  return all;
}

TEST(Capabilities, EcsApi06_NoCapabilityHasAValue) {
  for (const auto& attribute : capabilities({}, {versions(17, 41), {}, true})) EXPECT_FALSE(attribute.value);
}

TEST(Capabilities, EcsApi10_SomeApiVersionsAreNeverListed) {
  const auto all = names({}, {versions(17, 44), {}, false});
  const std::string prefix = "com.amazonaws.ecs.capability.docker-remote-api.";
  EXPECT_THAT(all, Contains(prefix + "1.32"));
  for (const auto* hidden : {"1.26", "1.27", "1.31", "1.33", "1.44"}) EXPECT_THAT(all, Not(Contains(prefix + hidden)));
}

TEST(Capabilities, AnEngineThatRefusesOldVersionsStillListsThem) {
  const auto all = names({}, {versions(40, 44), {}, false});
  EXPECT_THAT(all, Contains("com.amazonaws.ecs.capability.docker-remote-api.1.17"));
  EXPECT_THAT(all, Contains("com.amazonaws.ecs.capability.docker-remote-api.1.32"));
}

TEST(Capabilities, EcsApi11_Ipv6OnlyIsListedOnEveryInstance) {
  EXPECT_THAT(names({}, {}), Contains("ecs.capability.ipv6-only"));
  EXPECT_THAT(names({}, {}), Contains("ecs.capability.pid-ipc-namespace-sharing"));
}

TEST(Capabilities, HealthChecksNeedTheirApiVersionAndCanBeSwitchedOff) {
  config::Config config;
  EXPECT_THAT(names(config, {versions(17, 24), {}, false}), Contains("ecs.capability.container-health-check"));
  EXPECT_THAT(names(config, {versions(17, 23), {}, false}), Not(Contains("ecs.capability.container-health-check")));
  config.docker_health_check_disabled.set(true);
  EXPECT_THAT(names(config, {versions(17, 24), {}, false}), Not(Contains("ecs.capability.container-health-check")));
}

TEST(Capabilities, TheGpuDriverIsNamed) {
  config::Config config;
  CapabilityFacts facts{versions(17, 41), "470.57", false};
  EXPECT_THAT(names(config, facts), Not(Contains("ecs.capability.gpu-driver-version")));
  config.gpu_support = true;
  EXPECT_THAT(capabilities(config, facts), Contains(aws::Attribute{"ecs.capability.gpu-driver-version", "470.57"}));
  EXPECT_THAT(names(config, facts), Contains("ecs.capability.nvidia-driver-version.470.57"));
  facts.gpu_driver_version.clear();
  EXPECT_THAT(names(config, facts), Not(Contains("ecs.capability.gpu-driver-version")));
}

TEST(Capabilities, LogDriversNeedTheirApiVersionAndKeepTheirOrder) {
  config::Config config;
  config.logging_drivers = {"none", "splunk", "json-file", "awsfirelens"};
  const CapabilityFacts facts{versions(17, 21), {}, false};
  EXPECT_THAT(names(config, facts), Contains("com.amazonaws.ecs.capability.logging-driver.none"));
  EXPECT_THAT(names(config, facts), Contains("com.amazonaws.ecs.capability.logging-driver.json-file"));
  EXPECT_THAT(names(config, facts), Not(Contains("com.amazonaws.ecs.capability.logging-driver.splunk")));
}

TEST(Capabilities, Config30_LimitsOfTasksAreListedWhereTheyArePossible) {
  config::Config config;
  EXPECT_THAT(names(config, {}), Contains("ecs.capability.task-cpu-mem-limit"));
  EXPECT_THAT(names(config, {}), Contains("ecs.capability.increased-task-cpu-limit"));
  config.task_cpu_mem_limit.set(false);
  EXPECT_THAT(names(config, {}), Not(Contains("ecs.capability.task-cpu-mem-limit")));
  EXPECT_THAT(names(config, {}), Not(Contains("ecs.capability.increased-task-cpu-limit")));
}

TEST(Capabilities, VolumeDriversAreListed) {
  CapabilityFacts facts;
  facts.volume_drivers = {"local", "rexray"};
  EXPECT_THAT(names({}, facts), Contains("ecs.capability.docker-plugin.local"));
  EXPECT_THAT(names({}, facts), Contains("ecs.capability.docker-plugin.rexray"));
}

TEST(Capabilities, EcsApi12_AnExternalInstanceSaysSoAndDropsWhatItCannotDo) {
  config::Config config;
  config.external.set(true);
  const auto all = registration_attributes(config, {versions(17, 41), {}, true}, true, "");
  const auto has = [&all](std::string_view name) {
    return std::ranges::any_of(all, [name](const auto& attribute) { return attribute.name == name; });
  };
  EXPECT_TRUE(has("ecs.capability.external"));
  EXPECT_TRUE(has("ecs.cpu-architecture"));
  EXPECT_FALSE(has("ecs.capability.aws-appmesh"));
  EXPECT_FALSE(has("ecs.capability.task-eia"));
}

TEST(RegistrationAttributes, EcsApi17_CustomOnesGoWithTheFirstRegistrationOnly) {
  config::Config config;
  config.instance_attributes = {{"stack", "prod"}};
  const aws::Attribute custom{"stack", "prod"};
  EXPECT_EQ(registration_attributes(config, {}, true, "").front(), custom);
  EXPECT_THAT(registration_attributes(config, {}, false, ""), Not(Contains(custom)));
}

TEST(RegistrationAttributes, Config12_AnEmptyDetailedFamilyDropsTheAttribute) {
  config::Config config;
  EXPECT_THAT(registration_attributes(config, {}, true, ""), Contains(aws::Attribute{"ecs.os-type-detailed", "LINUX"}));
  config.detailed_os_family = "";
  for (const auto& attribute : registration_attributes(config, {}, true, "")) {
    EXPECT_NE(attribute.name, "ecs.os-type-detailed");
  }
}

TEST(RegistrationAttributes, AnOutpostIsNamed) {
  EXPECT_THAT(registration_attributes({}, {}, true, "arn:o"), Contains(aws::Attribute{"ecs.outpost-arn", "arn:o"}));
}

TEST(RegistrationResources, EcsApi07_EcsApi08_FourInOrder) {
  config::Config config;
  config.reserved_memory = 100;
  EXPECT_THAT(registration_resources(config, 2, 1000),
              ElementsAre(aws::Resource::integer("CPU", 2048), aws::Resource::integer("MEMORY", 900),
                          aws::Resource::string_set("PORTS", {"22", "2375", "2376", "51678", "51679"}),
                          aws::Resource::string_set("PORTS_UDP", {})));
}

TEST(RegistrationResources, EcsApi09_AConfiguredListReplacesTheDefault) {
  config::Config config;
  config.reserved_ports = {22, 80};
  EXPECT_EQ(registration_resources(config, 1, 1)[2], aws::Resource::string_set("PORTS", {"22", "80"}));
}

TEST(RegistrationResources, MoreReservedThanThereIsIsRefused) {
  config::Config config;
  config.reserved_memory = 2000;
  EXPECT_THROW((void)registration_resources(config, 1, 1000), std::invalid_argument);
}

}  // namespace
}  // namespace ecs::agent
