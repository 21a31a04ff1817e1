#include "local/lookup.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.hpp"
#include "local/check.hpp"
#include "local/placement.hpp"

namespace ecs::local {
namespace {

constexpr std::int64_t kMaxPage = 100;

std::size_t parse_token(const std::string& token, std::size_t count) {
  std::size_t start = 0;
  const auto [end, error] = std::from_chars(token.data(), token.data() + token.size(), start);
  if (error != std::errc() || end != token.data() + token.size() || start > count) {
    throw invalid_parameter(fmt::format("nextToken: '{}' is not a token of an earlier answer", token));
  }
  return start;
}

}  // namespace

std::string cluster_name(const OptionalText& reference) {
  if (!reference || reference->empty()) return kDefaultCluster;
  return std::string(base::last_arn_part(*reference));
}

Cluster& find_cluster(State& state, const OptionalText& reference) {
  const std::string name = cluster_name(reference);
  const auto found = state.clusters().find(name);
  const bool is_arn = reference && reference->starts_with("arn:");
  if (found == state.clusters().end() || (is_arn && *reference != found->second.cluster_arn)) {
    std::vector<std::string> names;
    for (const auto& [other, cluster] : state.clusters()) names.push_back(other);
    throw ApiError("ClusterNotFoundException", fmt::format("Cluster not found. There is no cluster '{}' here, only: {}",
                                                           reference.value_or(name), base::join(names, ", ")));
  }
  return found->second;
}

DefinitionRecord& find_definition(State& state, const std::string& reference) {
  const std::string name(base::last_arn_part(reference));
  const auto colon = name.find(':');
  std::string arn;
  if (colon == std::string::npos) {
    arn = state.definition_arn(name, state.last_revision(name));
  } else {
    arn = reference.starts_with("arn:") ? reference : state.cluster_arn("");
    if (!reference.starts_with("arn:")) {
      arn = state.definition_arn(name.substr(0, colon), 0);
      arn = arn.substr(0, arn.size() - 1) + name.substr(colon + 1);
    }
  }
  const auto found = state.definitions().find(arn);
  if (found == state.definitions().end()) {
    throw client_error(fmt::format("TaskDefinition not found. No task definition is registered as '{}'", reference));
  }
  return found->second;
}

TaskRecord* find_task(State& state, const std::string& cluster, const std::string& reference) {
  const std::string arn = reference.starts_with("arn:") ? reference : state.task_arn_prefix(cluster) + reference;
  const auto found = state.tasks().find(arn);
  return found == state.tasks().end() || found->second.cluster != cluster ? nullptr : &found->second;
}

InstanceRecord* find_instance(State& state, const std::string& cluster, const std::string& reference) {
  for (auto& [arn, record] : state.instances()) {
    if (record.cluster == cluster && (arn == reference || base::last_arn_part(arn) == reference)) return &record;
  }
  return nullptr;
}

std::pair<Texts, OptionalText> page(const Texts& all, const OptionalInt& max_results, const OptionalText& next_token) {
  check_range(max_results, 1, kMaxPage, "maxResults");
  const std::size_t start = next_token ? parse_token(*next_token, all.size()) : 0;
  const auto count = std::min(static_cast<std::size_t>(max_results.value_or(kMaxPage)), all.size() - start);
  const auto first = all.begin() + static_cast<std::ptrdiff_t>(start);
  Texts part(first, first + static_cast<std::ptrdiff_t>(count));
  OptionalText next;
  if (start + count < all.size()) next = fmt::to_string(start + count);
  return {std::move(part), std::move(next)};
}

ContainerInstance with_counts(State& state, const InstanceRecord& record) {
  ContainerInstance out = record.instance;
  std::vector<const TaskRecord*> tasks;
  for (const auto& [arn, task] : state.tasks()) {
    if (task.task.container_instance_arn != out.container_instance_arn || task.task.last_status == "STOPPED") continue;
    tasks.push_back(&task);
    (task.task.last_status == "RUNNING" ? out.running_tasks_count : out.pending_tasks_count) += 1;
  }
  out.remaining_resources = remaining_resources(state, record, tasks);
  return out;
}

}  // namespace ecs::local
