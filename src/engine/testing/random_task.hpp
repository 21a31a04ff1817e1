// Payloads of all shapes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "engine/testing/rig.hpp"

namespace ecs::engine::testing {

/// One to `most` containers with random conditions on one another, policies and time-outs; the first is essential.
inline acs::Task random_task(base::Random& random, const std::string& id, std::size_t most) {
  static constexpr const char* kConditions[] = {"CREATE", "START", "COMPLETE", "SUCCESS", "HEALTHY"};
  const auto chance = [&random](std::uint64_t percent) { return random.below(100) < percent; };
  std::vector<acs::Container> containers;
  const std::size_t count = 1 + random.below(most);
  for (std::size_t i = 0; i < count; ++i) {
    acs::Container c = payload_container("c" + std::to_string(i));
    c.essential = i == 0 || chance(50);
    c.health_check_type = "docker";
    c.docker_config = acs::DockerConfig{"1.24", R"({"Healthcheck":{"Test":["CMD","true"]}})", "{}"};
    if (chance(30)) c.start_timeout = 1 + static_cast<std::int64_t>(random.below(20));
    // Not 0: what ends at once would be started again for ever while no virtual time goes by.
    if (chance(40)) c.restart_policy = acs::RestartPolicy{true, {2}, static_cast<std::int64_t>(1 + random.below(10))};
    for (std::size_t d = 0; d < i; ++d) {
      if (chance(30)) c.depends_on.push_back({"c" + std::to_string(d), kConditions[random.below(5)]});
    }
    containers.push_back(std::move(c));
  }
  return payload_task(std::move(containers), id);
}

}  // namespace ecs::engine::testing
