#include "engine/host_resources.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <stdexcept>

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

TEST_F(HostResourcesTest, ThoseWhoWantWhatTheFirstLacksKeepTheirOrder) {
  HostResources host({.cpu = 1024, .memory = 100});
  host.enqueue("a", {.memory = 60}, mark("a"));
  host.enqueue("b", {.memory = 60}, mark("b"));
  host.enqueue("c", {.memory = 1}, mark("c"));
  EXPECT_THAT(admitted, ElementsAre("a"));
  EXPECT_EQ(*host.why_waiting("b"), "waits for 60 MiB of memory, 40 are free");
  EXPECT_EQ(*host.why_waiting("c"), "waits behind task b, which came first: 1 MiB of memory, 0 are free");
  host.release("a");
  EXPECT_THAT(admitted, ElementsAre("a", "b", "c"));
}

TEST_F(HostResourcesTest, WhoTakesNothingFromTheFirstPassesIt) {
  HostResources host({.cpu = 1024, .memory = 100});
  host.enqueue("old", {.cpu = 100, .memory = 40, .tcp = {8080}}, mark("old"));
  host.enqueue("new", {.cpu = 100, .memory = 40, .tcp = {8080}}, mark("new"));
  host.enqueue("other", {.cpu = 100, .memory = 20, .tcp = {9090}}, mark("other"));
  EXPECT_THAT(admitted, ElementsAre("old", "other"));
  // 40 of the 40 MiB that are left belong to the one that waits for its port.
  host.enqueue("one more", {.cpu = 1, .memory = 1}, mark("one more"));
  host.enqueue("cpu only", {.cpu = 1}, mark("cpu only"));
  EXPECT_THAT(admitted, ElementsAre("old", "other", "cpu only"));
  host.release("old");
  EXPECT_THAT(admitted, ElementsAre("old", "other", "cpu only", "new", "one more"));
}

TEST_F(HostResourcesTest, APortThatAnEarlierOneWaitsForIsNotTaken) {
  HostResources host({.memory = 100});
  host.enqueue("a", {.memory = 60}, mark("a"));
  host.enqueue("b", {.memory = 60, .udp = {53}}, mark("b"));
  host.enqueue("c", {.udp = {53}}, mark("c"));
  host.enqueue("d", {.tcp = {53}}, mark("d"));
  EXPECT_THAT(admitted, ElementsAre("a", "d"));
  EXPECT_EQ(*host.why_waiting("c"), "waits behind task b, which came first: port 53/udp, wanted earlier by task b");
}

TEST_F(HostResourcesTest, GpusAreCountedByTheirIds) {
  HostResources host({.gpus = {"g0", "g1"}});
  host.enqueue("a", {.gpus = {"g0"}}, mark("a"));
  host.enqueue("b", {.gpus = {"g0", "g1"}}, mark("b"));
  EXPECT_THAT(admitted, ElementsAre("a"));
  EXPECT_EQ(*host.why_waiting("b"), "waits for GPU g0, held by task a");
  host.release("a");
  EXPECT_THAT(admitted, ElementsAre("a", "b"));
}

TEST_F(HostResourcesTest, AChosenPortIsHeldUntilTheTaskEnds) {
  HostResources host({.memory = 100});
  host.enqueue("a", {.memory = 90}, mark("a"));
  host.hold_port("a", 40000, "tcp");
  host.hold_port("nobody", 40001, "tcp");
  EXPECT_TRUE(host.port_taken(40000, "tcp"));
  EXPECT_FALSE(host.port_taken(40000, "udp"));
  EXPECT_FALSE(host.port_taken(40001, "tcp"));
  host.enqueue("b", {.memory = 90, .tcp = {40002}}, mark("b"));
  EXPECT_TRUE(host.port_taken(40002, "tcp"));
  host.release("a");
  EXPECT_FALSE(host.port_taken(40000, "tcp"));
}

TEST_F(HostResourcesTest, TheFirstMayLeave) {
  HostResources host({.memory = 100});
  host.take("there", {.memory = 90});
  host.enqueue("big", {.memory = 60}, mark("big"));
  host.enqueue("small", {.memory = 1}, mark("small"));
  host.release("big");
  EXPECT_THAT(admitted, ElementsAre("small"));
}

/// Tasks that come, run and go: when each is admitted.
struct Job {
  int arrives;
  int runs;
  Demand demand;
};

std::vector<int> admissions(const std::vector<Job>& jobs, std::size_t count) {
  HostResources host({.cpu = 10, .memory = 10, .gpus = {"g"}});
  std::vector<int> at(count, -1);
  const auto all_in = [&] { return std::ranges::none_of(at, [](int t) { return t < 0; }); };
  int now = 0;
  for (; !all_in(); ++now) {
    for (std::size_t i = 0; i < count; ++i) {
      if (at[i] >= 0 && at[i] + jobs[i].runs == now) host.release(std::to_string(i));
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (jobs[i].arrives == now) host.enqueue(std::to_string(i), jobs[i].demand, [&at, &now, i] { at[i] = now; });
    }
    if (now > 100000) throw std::runtime_error("a task starves");
  }
  return at;
}

TEST(HostResources, NobodyWaitsLongerForThoseWhoCameLater) {
  std::mt19937 random(7);
  const auto below = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  std::size_t passed = 0;
  for (int round = 0; round < 200; ++round) {
    std::vector<Job> jobs;
    for (int i = 0; i < 25; ++i) {
      Job job{below(30), 1 + below(12), {}};
      if (below(3) > 0) job.demand.cpu = 1 + below(10);
      if (below(3) > 0) job.demand.memory = 1 + below(10);
      if (below(3) == 0) job.demand.tcp = {static_cast<std::uint16_t>(8000 + below(2))};
      if (below(6) == 0) job.demand.gpus = {"g"};
      jobs.push_back(job);
    }
    std::ranges::sort(jobs, {}, &Job::arrives);
    const auto with_all = admissions(jobs, jobs.size());
    for (std::size_t i = 0; i < jobs.size(); ++i) {
      const auto alone = admissions(jobs, i + 1);
      ASSERT_EQ(alone[i], with_all[i]) << "task " << i << " of round " << round;
      if (i > 0 && with_all[i] < with_all[i - 1]) ++passed;
    }
  }
  EXPECT_GT(passed, 100U);
}

TEST_F(HostResourcesTest, AStreamOfSmallTasksDoesNotStarveALargeOne) {
  HostResources host({.cpu = 1000, .memory = 100});
  host.enqueue("small 0", {.cpu = 10, .memory = 20}, mark("small 0"));
  host.enqueue("large", {.cpu = 10, .memory = 90}, mark("large"));
  for (int i = 1; i < 100; ++i) {
    const std::string name = "small " + std::to_string(i);
    host.enqueue(name, {.cpu = 10, .memory = 20}, mark(name));
  }
  EXPECT_THAT(admitted, ElementsAre("small 0"));
  host.release("small 0");
  EXPECT_THAT(admitted, ElementsAre("small 0", "large"));
}

TEST(Engine, Engine09_WhatIsBiggerThanTheHostNeverFits) {
  const HostResources host({.cpu = 2048, .memory = 100, .gpus = {"g0"}});
  EXPECT_EQ(host.never_fits({.cpu = 2048, .memory = 100, .tcp = {80}, .gpus = {"g0"}}), std::nullopt);
  EXPECT_EQ(host.never_fits({.memory = 101}), "the task needs 101 MiB of memory, this host has 100 MiB for tasks");
  EXPECT_EQ(host.never_fits({.cpu = 4096}), "the task needs 4096 CPU shares, this host has 2048 CPU shares for tasks");
  EXPECT_EQ(host.never_fits({.gpus = {"g7"}}), "the task needs GPU g7, which this host does not have");
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
    const HostResources host({});
    EXPECT_EQ(host.never_fits({.tcp = {port}}),
              "the task needs port " + std::to_string(port) + "/tcp, which is reserved on this host");
    EXPECT_TRUE(host.port_taken(port, "tcp"));
    EXPECT_EQ(host.never_fits({.udp = {port}}), std::nullopt);
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

TEST(Demand, PortsOfANetworkInterfaceAreNoneOfTheHost) {
  task::Task task;
  task.containers.resize(1);
  task.containers[0].port_mappings = {{.container_port = 80, .host_port = 80}};
  task.containers[0].gpus = {"g0"};
  task.network_mode = "awsvpc";
  EXPECT_THAT(demand_of(task).tcp, IsEmpty());
  EXPECT_THAT(demand_of(task).gpus, ElementsAre("g0"));
}

TEST(Demand, WhatIsPublishedIsHeld) {
  task::Task task;
  task.containers.resize(2);
  task.containers[0].port_mappings = {{.container_port = 80, .host_port = 80}, {.container_port = 81}};
  task.containers[0].bindings = {{80, 80, "0.0.0.0", "tcp"}, {81, 40000, "0.0.0.0", "tcp"}, {81, 40000, "::", "tcp"}};
  task.containers[1].bindings = {{53, 40001, "0.0.0.0", "udp"}};
  EXPECT_THAT(holdings_of(task).tcp, ElementsAre(80, 40000));
  EXPECT_THAT(holdings_of(task).udp, ElementsAre(40001));
  task.containers[1].known = task::ContainerStatus::kStopped;
  EXPECT_THAT(holdings_of(task).udp, IsEmpty());
}

}  // namespace
}  // namespace ecs::engine
