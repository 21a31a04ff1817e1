#include "ctl/ps_table.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "base/text.hpp"
#include "base/time_text.hpp"

namespace ecs::ctl {
namespace {

using Row = std::array<std::string, 5>;

std::string binding_text(const local::NetworkBinding& binding) {
  const auto port = [](const local::OptionalInt& one, const local::OptionalText& range) {
    return one ? fmt::to_string(*one) : range.value_or("?");
  };
  return fmt::format(" {}:{}->{}/{}", binding.bind_ip.value_or(""), port(binding.host_port, binding.host_port_range),
                     port(binding.container_port, binding.container_port_range), binding.protocol.value_or("tcp"));
}

std::string container_text(const local::Container& container, const TaskState* state) {
  std::string text = fmt::format("{} {}", container.name, container.last_status);
  if (container.exit_code) text += fmt::format(" exit {}", *container.exit_code);
  for (const auto& known : state == nullptr ? std::vector<ContainerState>() : state->containers) {
    if (known.name != container.name) continue;
    if (known.health && container.last_status == "RUNNING") text += " " + base::lower(*known.health);
    if (known.restarts.value_or(0) > 0) text += fmt::format(" restarts {}", *known.restarts);
  }
  for (const auto& binding : container.network_bindings) text += binding_text(binding);
  if (!container.reason.value_or("").empty()) text += " (" + *container.reason + ")";
  return text;
}

std::string wait_text(const WaitState& wait, base::WallTime now) {
  std::string text = wait.container ? *wait.container + ": " + wait.why : wait.why;
  if (const auto since = base::parse_rfc3339(wait.since)) {
    const auto age = std::chrono::floor<std::chrono::seconds>(std::max(now - *since, base::Duration(0)));
    text += fmt::format(" ({})", base::go_duration(age));
  }
  return text;
}

Row row_of(const local::Task& task, const TaskState* state, base::WallTime now) {
  Row row{std::string(base::last_arn_part(task.task_arn)), std::string(base::last_arn_part(task.task_definition_arn)),
          task.last_status};
  for (const auto& one : task.containers) row[3] += (row[3].empty() ? "" : ", ") + container_text(one, state);
  if (state == nullptr) return row;
  for (const auto& wait : state->waiting) row[4] += (row[4].empty() ? "" : "; ") + wait_text(wait, now);
  return row;
}

}  // namespace

std::string ps_table(const std::vector<local::Task>& tasks, const AgentState& state, base::WallTime now) {
  std::vector<Row> rows{{"TASK", "DEFINITION", "STATUS", "CONTAINERS", "WAITING FOR"}};
  for (const auto& task : tasks) {
    const auto known = std::ranges::find(state.tasks, task.task_arn, &TaskState::arn);
    rows.push_back(row_of(task, known == state.tasks.end() ? nullptr : &*known, now));
  }
  std::array<std::size_t, 5> widths{};
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  std::string text;
  for (const auto& row : rows) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) line += fmt::format("{:<{}}  ", row[i], widths[i]);
    text += std::string(std::string_view(line).substr(0, line.find_last_not_of(' ') + 1)) + "\n";
  }
  return text;
}

}  // namespace ecs::ctl
