#include "engine/rows.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <tuple>
#include <utility>

#include <boost/describe/class.hpp>

#include "json/decode.hpp"
#include "json/encode.hpp"

namespace ecs::engine {

namespace {

struct TaskRow : task::Task {
  std::vector<std::string> container_names;  ///< In their order: tells a lost row from a task that never had it.
};
BOOST_DESCRIBE_STRUCT(TaskRow, (task::Task), (container_names))

struct ContainerRow : task::Container {
  std::string task_arn;
};
BOOST_DESCRIBE_STRUCT(ContainerRow, (task::Container), (task_arn))

std::string container_key(const task::Task& task, const std::string& name) {
  return std::string(task.id()) + "-" + name;
}

/// Adds the containers of the task from their rows; the name of the first one that is missing.
std::optional<std::string> add_containers(TaskRow& row, std::map<std::string, ContainerRow>& containers) {
  for (const std::string& name : row.container_names) {
    const auto found = containers.find(container_key(row, name));
    if (found == containers.end()) return name;
    row.containers.push_back(std::move(found->second));
  }
  return std::nullopt;
}

}  // namespace

store::Write task_row(const task::Task& task) {
  TaskRow row;
  static_cast<task::Task&>(row) = task;
  for (const task::Container& c : task.containers) row.container_names.push_back(c.name);
  return {store::Table::kTasks, std::string(task.id()), json::encode(row)};
}

store::Write container_row(const task::Task& task, std::size_t container) {
  ContainerRow row;
  static_cast<task::Container&>(row) = task.containers.at(container);
  row.task_arn = task.arn;
  return {store::Table::kContainers, container_key(task, row.name), json::encode(row)};
}

std::vector<store::Write> rows_of(const task::Task& task) {
  std::vector<store::Write> rows{task_row(task)};
  for (std::size_t i = 0; i < task.containers.size(); ++i) rows.push_back(container_row(task, i));
  return rows;
}

std::vector<store::Write> deletions_of(const task::Task& task) {
  std::vector<store::Write> rows{{store::Table::kTasks, std::string(task.id()), std::nullopt}};
  for (const task::Container& c : task.containers) {
    rows.push_back({store::Table::kContainers, container_key(task, c.name), std::nullopt});
  }
  return rows;
}

LoadedTasks load_tasks(store::Store& store) {
  LoadedTasks loaded;
  std::map<std::string, ContainerRow> containers;
  for (const store::Row& row : store.load(store::Table::kContainers)) {
    try {
      containers.emplace(row.key, json::decode<ContainerRow>(row.content));
    } catch (const json::Error& e) {
      loaded.lost.push_back({row.key, "", "container row " + row.key + ": " + e.what()});
    }
  }
  for (const store::Row& row : store.load(store::Table::kTasks)) {
    TaskRow task;
    try {
      task = json::decode<TaskRow>(row.content);
    } catch (const json::Error& e) {
      loaded.lost.push_back({row.key, "", "task row " + row.key + ": " + e.what()});
      continue;
    }
    if (task.arn.empty()) {
      loaded.lost.push_back({row.key, "", "task row " + row.key + ": no ARN"});
    } else if (const auto missing = add_containers(task, containers)) {
      loaded.lost.push_back({row.key, task.arn, "task row " + row.key + ": no readable row of container " + *missing});
    } else {
      loaded.tasks.push_back(std::move(task));
    }
  }
  std::ranges::sort(loaded.tasks, [](const task::Task& a, const task::Task& b) {
    return std::tie(a.accepted_at, a.arn) < std::tie(b.accepted_at, b.arn);
  });
  return loaded;
}

std::string task_without_cgroup(store::Store& store) {
  const auto has_cgroup = [](const task::Task& task) {
    return std::ranges::any_of(task.resources, [](const task::Resource& r) { return r.cgroup.has_value(); });
  };
  for (const task::Task& task : load_tasks(store).tasks) {
    if (!task.ended() && !has_cgroup(task)) return task.arn;
  }
  return {};
}

}  // namespace ecs::engine
