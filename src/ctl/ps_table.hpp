// The table of `ecsctl local ps`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <boost/describe/class.hpp>

#include "base/clock.hpp"
#include "local/resource_types.hpp"

namespace ecs::ctl {

/// What the agent itself says of a container (its state document): the rest is in the API.
struct ContainerState {
  std::string name;
  std::optional<std::string> health;
  std::optional<std::int64_t> restarts;
};
BOOST_DESCRIBE_STRUCT(ContainerState, (), (name, health, restarts))

struct WaitState {
  std::optional<std::string> container;  ///< Absent: the task as a whole.
  std::string why;
  std::string since;  ///< RFC 3339.
};
BOOST_DESCRIBE_STRUCT(WaitState, (), (container, why, since))

struct TaskState {
  std::string arn;
  std::vector<WaitState> waiting;
  std::vector<ContainerState> containers;
};
BOOST_DESCRIBE_STRUCT(TaskState, (), (arn, waiting, containers))

struct AgentState {
  std::vector<TaskState> tasks;
};
BOOST_DESCRIBE_STRUCT(AgentState, (), (tasks))

/// One line per task, with a heading. A wait is shown with its age at `now`. The agent's state may lack any of the
/// tasks.
[[nodiscard]] std::string ps_table(const std::vector<local::Task>& tasks, const AgentState& state, base::WallTime now);

}  // namespace ecs::ctl
