#include "engine/ports.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "engine/docker_errors.hpp"

namespace ecs::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

HostPorts ports_without(std::set<std::uint16_t> taken, PortInterval range = {40000, 40009}) {
  return {range, [taken](std::uint16_t port, std::string_view) { return !taken.contains(port); }};
}

std::string error_of(HostPorts& ports, const std::vector<task::PortMapping>& mappings) {
  try {
    (void)ports.publish(mappings);
  } catch (const StepError& e) {
    return e.what();
  }
  return "";
}

TEST(HostPorts, GoesOnBehindTheLastOneGivenAndAround) {
  HostPorts ports = ports_without({40001});
  EXPECT_EQ(ports.choose(1, "tcp"), 40000);
  EXPECT_EQ(ports.choose(1, "udp"), 40002);
  EXPECT_EQ(ports.choose(3, "tcp"), 40003);
  EXPECT_EQ(ports.choose(4, "tcp"), 40006);
  EXPECT_EQ(ports.choose(1, "tcp"), 40000);
}

TEST(HostPorts, ARangeIsInARow) {
  HostPorts ports = ports_without({40002, 40005});
  EXPECT_EQ(ports.choose(3, "tcp"), 40006);
  EXPECT_EQ(ports.choose(5, "tcp"), std::nullopt);
}

TEST(HostPorts, ExhaustionNamesWhatWasAskedFor) {
  HostPorts none = ports_without({40000}, {40000, 40000});
  EXPECT_EQ(error_of(none, {{.container_port = 80}}),
            "HostConfigError: error retrieving docker port map: a host port is unavailable");
  EXPECT_EQ(error_of(none, {{.container_port_range = "90-92"}}),
            "HostConfigError: error retrieving docker port map: 3 contiguous host ports are unavailable");
}

TEST(HostPorts, ARangeThatCannotBeReadIsAnError) {
  HostPorts ports = ports_without({});
  for (const char* bad : {"90-", "92-90", "x", "0-3", "1-70000"}) {
    EXPECT_NE(error_of(ports, {{.container_port_range = bad}}), "") << bad;
  }
}

TEST(Engine, Engine43_TheAgentChoosesDynamicPorts) {
  HostPorts ports = ports_without({});
  EXPECT_THAT(ports.publish({{.container_port = 80}, {.container_port = 53, .host_port = 18053, .protocol = "udp"}}),
              ElementsAre(PublishedPort{80, 40000, "tcp"}, PublishedPort{53, 18053, "udp"}));
  EXPECT_THAT(ports.publish({{.container_port_range = "9000-9001"}}),
              ElementsAre(PublishedPort{9000, 40001, "tcp"}, PublishedPort{9001, 40002, "tcp"}));
}

TEST(HostPorts, AListenerTakesItsPort) {
  const PortInterval range = kernel_port_range();
  EXPECT_GT(range.first, 1023);
  EXPECT_LT(range.first, range.second);
  std::size_t free = 0;
  for (unsigned port = range.first; port < range.first + 100U; ++port) {
    free += can_bind(static_cast<std::uint16_t>(port), "tcp") ? 1U : 0U;
  }
  EXPECT_GT(free, 0U);
}

const std::vector<task::PortMapping> kMappings{{.container_port = 80}, {.container_port_range = "9000-9002"}};

std::vector<task::PortBinding> both_families() {
  std::vector<task::PortBinding> all{{80, 40000, "0.0.0.0", "tcp"}, {80, 40000, "::", "tcp"}};
  for (const char* ip : {"0.0.0.0", "::"}) {
    for (std::uint16_t i = 0; i < 3; ++i) {
      all.push_back({static_cast<std::uint16_t>(9000 + i), static_cast<std::uint16_t>(40010 + i), ip, "tcp"});
    }
  }
  return all;
}

TEST(EcsApi, EcsApi31_ARangeIsOneBinding) {
  const auto bindings = network_bindings(both_families(), kMappings, {});
  ASSERT_TRUE(bindings);
  ASSERT_THAT(*bindings, SizeIs(2));
  EXPECT_EQ((*bindings)[0].container_port, 80);
  EXPECT_EQ((*bindings)[0].host_port, 40000);
  EXPECT_EQ((*bindings)[1].container_port_range, "9000-9002");
  EXPECT_EQ((*bindings)[1].host_port_range, "40010-40012");
  EXPECT_EQ((*bindings)[1].container_port, std::nullopt);
  EXPECT_EQ((*bindings)[1].host_port, std::nullopt);
}

TEST(EcsApi, EcsApi32_IPv6BindingsOnlyOnDemand) {
  const auto bindings = network_bindings(both_families(), kMappings, {.exclude_ipv6_port_binding = false});
  EXPECT_THAT(*bindings, SizeIs(4));
}

TEST(EcsApi, AnEmptyListIsAbsentOnlyWhileAFamilyIsLeftOut) {
  EXPECT_EQ(network_bindings({}, {}, {}), std::nullopt);
  EXPECT_THAT(*network_bindings({}, {}, {.exclude_ipv6_port_binding = false}), IsEmpty());
  const std::vector<task::PortBinding> v6{{80, 40000, "::", "tcp"}};
  EXPECT_EQ(network_bindings(v6, kMappings, {}), std::nullopt);
}

}  // namespace
}  // namespace ecs::engine
