// One turn of an actor: an observation, its conclusions and the next plan.
#include <benchmark/benchmark.h>

#include "task/planner.hpp"
#include "task/testing.hpp"

namespace ecs::task {
namespace {

Task chain(std::size_t count) {
  std::vector<Container> containers;
  for (std::size_t i = 0; i < count; ++i) {
    std::vector<Dependency> on;
    if (i > 0) on.push_back({"container-" + std::to_string(i - 1), Condition::kStart});
    containers.push_back(testing::container("container-" + std::to_string(i), true, std::move(on)));
  }
  return testing::make_task(std::move(containers));
}

void plan_ten_containers(benchmark::State& state) {
  const Task task = chain(10);
  for ([[maybe_unused]] auto _ : state) benchmark::DoNotOptimize(plan(task, testing::kStart));
}
BENCHMARK(plan_ten_containers);

void observe_and_plan_ten_containers(benchmark::State& state) {
  Task task = chain(10);
  for ([[maybe_unused]] auto _ : state) {
    observe(task, Tick{}, testing::kStart);
    benchmark::DoNotOptimize(plan(task, testing::kStart));
  }
}
BENCHMARK(observe_and_plan_ten_containers);

/// The worst one: everything that a container tells when it starts, in a task with policies, checks and conditions.
void see_one_of_ten_containers_start(benchmark::State& state) {
  Task task = chain(10);
  for (Container& c : task.containers) {
    c.known = ContainerStatus::kRunning;
    c.health_check_type = "docker";
    c.start_timeout = 60;
    c.restart_policy.enabled = true;
    for (Dependency& d : c.depends_on) d.condition = Condition::kHealthy;
  }
  task.containers.back().known = ContainerStatus::kCreated;
  for ([[maybe_unused]] auto _ : state) {
    Task copy = task;
    observe(copy, Seen{9, testing::facts(ContainerStatus::kRunning), StepKind::kStart}, testing::kStart);
    benchmark::DoNotOptimize(plan(copy, testing::kStart));
    benchmark::DoNotOptimize(next_wake(copy));
  }
}
BENCHMARK(see_one_of_ten_containers_start);

}  // namespace
}  // namespace ecs::task
