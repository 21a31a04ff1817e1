#include "engine/host_resources.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ecs::engine {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class HostResourcesTest : public ::testing::Test {
 protected:
  std::function<void()> mark(const std::string& name) {
    return [this, name] { admitted.push_back(name); };
  }
  std::vector<std::string> admitted;
};

TEST_F(HostResourcesTest, WhatFitsIsAdmittedAtOnce) {
  HostResources host({.cpu = 1024, .memory = 100});
  host.enqueue("a", {.cpu = 512, .memory = 60}, mark("a"));
  EXPECT_THAT(admitted, ElementsAre("a"));
  EXPECT_EQ(host.why_waiting("a"), std::nullopt);
}

TEST_F(HostResourcesTest, TheHeadHoldsUpTheOthersUntilSomethingIsGivenBack) {
  HostResources host({.cpu = 1024, .memory = 100});
  host.enqueue("a", {.memory = 60}, mark("a"));
  host.enqueue("b", {.memory = 60}, mark("b"));
  host.enqueue("c", {.memory = 1}, mark("c"));
  EXPECT_THAT(admitted, ElementsAre("a"));
  EXPECT_THAT(*host.why_waiting("b"), HasSubstr("60 MiB of memory, 40 are free"));
  EXPECT_THAT(*host.why_waiting("c"), HasSubstr("behind task b"));
  host.release("a");
  EXPECT_THAT(admitted, ElementsAre("a", "b", "c"));
}

TEST_F(HostResourcesTest, TheHeadMayLeave) {
  HostResources host({.memory = 100});
  host.enqueue("big", {.memory = 600}, mark("big"));
  host.enqueue("small", {.memory = 1}, mark("small"));
  host.release("big");
  EXPECT_THAT(admitted, ElementsAre("small"));
}

TEST(Engine, Engine09_ATaskBiggerThanTheHostWaits) {
  HostResources host({.memory = 100});
  bool admitted = false;
  host.enqueue("big", {.memory = 101}, [&] { admitted = true; });
  EXPECT_FALSE(admitted);
}

TEST(Engine, Engine10_AStaticPortIsHeldByOneTask) {
  HostResources host({});
  std::vector<std::string> admitted;
  host.enqueue("a", {.tcp = {8080}}, [&] { admitted.emplace_back("a"); });
  host.enqueue("b", {.tcp = {8080}}, [&] { admitted.emplace_back("b"); });
  EXPECT_THAT(admitted, ElementsAre("a"));
  EXPECT_THAT(*host.why_waiting("b"), HasSubstr("port 8080/tcp, held by task a"));
  EXPECT_TRUE(host.port_taken(8080, "tcp"));
  EXPECT_FALSE(host.port_taken(8080, "udp"));
  host.release("a");
  EXPECT_THAT(admitted, ElementsAre("a", "b"));
}

TEST(Engine, Engine11_ReservedPortsAreNeverFree) {
  for (const std::uint16_t port : std::vector<std::uint16_t>{22, 2375, 2376, 51678, 51679}) {
    HostResources host({});
    bool admitted = false;
    host.enqueue("a", {.tcp = {port}}, [&] { admitted = true; });
    EXPECT_FALSE(admitted) << port;
    EXPECT_THAT(*host.why_waiting("a"), HasSubstr("reserved"));
  }
}

TEST(Demand, IsTheTasksOwnOrTheSumOfItsContainers) {
  task::Task task;
  task.containers.resize(2);
  task.containers[0].cpu = 10;
  task.containers[0].memory = 64;
  task.containers[1].cpu = 20;
  task.containers[1].memory = 64;
  task.containers[1].docker_config.host_config = R"({"MemoryReservation":33554432})";
  task.containers[1].port_mappings = {{.container_port = 80, .host_port = 80},
                                      {.container_port = 53, .host_port = 53, .protocol = "udp"},
                                      {.container_port = 81}};
  Demand demand = demand_of(task);
  EXPECT_EQ(demand.cpu, 30);
  EXPECT_EQ(demand.memory, 64 + 32);
  EXPECT_THAT(demand.tcp, ElementsAre(80));
  EXPECT_THAT(demand.udp, ElementsAre(53));
  task.cpu = 0.25;
  task.memory = 512;
  demand = demand_of(task);
  EXPECT_EQ(demand.cpu, 256);
  EXPECT_EQ(demand.memory, 512);
}

}  // namespace
}  // namespace ecs::engine
