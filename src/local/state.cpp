#include "local/state.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "base/text.hpp"
#include "json/decode.hpp"
#include "json/encode.hpp"

namespace ecs::local {
namespace {

constexpr std::string_view kIdentityKey = "identity";
constexpr std::string_view kClusterPrefix = "cluster/";
constexpr std::string_view kDefinitionPrefix = "definition/";
constexpr std::string_view kInstancePrefix = "instance/";

template <class T>
T read(const store::Row& row) {
  return json::from_value<T>(json::decode<boost::json::value>(row.content), {.fold_case = false}, row.key);
}

template <class T>
store::Write write(store::Table table, std::string key, const T& record) {
  return {.table = table, .key = std::move(key), .content = json::encode(record)};
}

std::string random_digits(base::Random& random, int count) {
  std::string out;
  for (int i = 0; i < count; ++i) out += static_cast<char>('0' + static_cast<char>(random.below(10)));
  return out;
}

Identity make_identity(base::Random& random, const std::string& region) {
  return {.region = region,
          .account = random_digits(random, 12),
          .instance_id = "i-" + random.hex(17),
          .client_key_id = "LOCAL" + random_digits(random, 15),
          .client_key = base::Secret(random.hex(40))};
}

}  // namespace

State::State(store::Store& store, base::Random& random, const std::string& region) : store_(store), random_(random) {
  for (const auto& row : store_.load(store::Table::kMetadata)) {
    const std::string_view key = row.key;
    if (key == kIdentityKey) {
      identity_ = read<Identity>(row);
    } else if (key.starts_with(kClusterPrefix)) {
      clusters_.emplace(key.substr(kClusterPrefix.size()), read<Cluster>(row));
    } else if (key.starts_with(kDefinitionPrefix)) {
      definitions_.emplace(key.substr(kDefinitionPrefix.size()), read<DefinitionRecord>(row));
    } else if (key.starts_with(kInstancePrefix)) {
      // The counts and the connection are facts of the moment; they start anew.
      auto record = read<InstanceRecord>(row);
      record.instance.agent_connected = false;
      instances_.emplace(key.substr(kInstancePrefix.size()), std::move(record));
    }
  }
  for (const auto& row : store_.load(store::Table::kTasks)) tasks_.emplace(row.key, read<TaskRecord>(row));
  if (identity_.instance_id.empty()) identity_ = make_identity(random_, region);
}

base::Async<> State::put(std::vector<store::Write> batch) { co_await store_.commit(std::move(batch)); }

base::Async<> State::save_identity() {
  return put({write(store::Table::kMetadata, std::string(kIdentityKey), identity_)});
}

base::Async<> State::save(const Cluster& cluster) {
  return put({write(store::Table::kMetadata, std::string(kClusterPrefix) + cluster.cluster_name, cluster)});
}

base::Async<> State::save(const DefinitionRecord& definition) {
  return put({write(store::Table::kMetadata, std::string(kDefinitionPrefix) + definition.definition.task_definition_arn,
                    definition)});
}

base::Async<> State::save(const InstanceRecord& instance) {
  return put({write(store::Table::kMetadata, std::string(kInstancePrefix) + instance.instance.container_instance_arn,
                    instance)});
}

base::Async<> State::save(const TaskRecord& task) {
  return put({write(store::Table::kTasks, task.task.task_arn, task)});
}

base::Async<> State::save(const std::vector<const TaskRecord*>& tasks) {
  std::vector<store::Write> batch;
  for (const auto* task : tasks) batch.push_back(write(store::Table::kTasks, task->task.task_arn, *task));
  return put(std::move(batch));
}

base::Async<> State::forget_stopped_before(double moment) {
  std::vector<store::Write> batch;
  std::erase_if(tasks_, [&](const auto& entry) {
    const Task& task = entry.second.task;
    if (task.last_status != "STOPPED" || task.stopped_at.value_or(moment) >= moment) return false;
    batch.push_back({.table = store::Table::kTasks, .key = entry.first, .content = std::nullopt});
    return true;
  });
  if (!batch.empty()) co_await put(std::move(batch));
}

std::string State::arn(const std::string& resource) const {
  return fmt::format("arn:aws:ecs:{}:{}:{}", identity_.region, identity_.account, resource);
}

std::string State::cluster_arn(const std::string& name) const { return arn("cluster/" + name); }

std::string State::definition_arn(const std::string& family, int revision) const {
  return arn(fmt::format("task-definition/{}:{}", family, revision));
}

std::string State::new_arn(const std::string& type, const std::string& cluster) {
  return arn(fmt::format("{}/{}/{}", type, cluster, random_.hex(32)));
}

std::string State::new_container_arn(const std::string& task_arn) {
  const std::string prefix = arn("task/");
  return arn(fmt::format("container/{}/{}", task_arn.substr(std::min(prefix.size(), task_arn.size())), random_.uuid()));
}

std::string State::task_arn_prefix(const std::string& cluster) const { return arn("task/" + cluster + "/"); }

int State::last_revision(const std::string& family) const {
  int last = 0;
  for (const auto& [arn, record] : definitions_) {
    if (record.definition.family == family) last = std::max(last, int{record.definition.revision});
  }
  return last;
}

}  // namespace ecs::local
