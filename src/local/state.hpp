// What the control plane knows, in memory and in its database. All on the loop.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "base/random.hpp"
#include "local/resource_types.hpp"
#include "store/store.hpp"

namespace ecs::local {

/// Made at the first start of a data directory and kept, so that the agent under it recognises its instance. The
/// account is a random number: it makes the ARNs, and with them the labels of the containers, this control plane's own.
struct Identity {
  std::string region;
  std::string account;
  std::string instance_id;
  std::string client_key_id;  ///< The agent signs with this pair. Nothing checks it, and nothing else is open to it.
  base::Secret client_key;
};
BOOST_DESCRIBE_STRUCT(Identity, (), (region, account, instance_id, client_key_id, client_key))

struct DefinitionRecord {
  TaskDefinition definition;
  std::vector<Tag> tags;
};
BOOST_DESCRIBE_STRUCT(DefinitionRecord, (), (definition, tags))

struct InstanceRecord {
  ContainerInstance instance;
  std::string cluster;        ///< Name.
  OptionalText client_token;  ///< Of the registration that made it.
};
BOOST_DESCRIBE_STRUCT(InstanceRecord, (), (instance, cluster, client_token))

struct TaskRecord {
  Task task;
  std::string cluster;  ///< Name.
  OptionalText client_token;
  bool run_acked = false;   ///< The agent has acknowledged the payload with desired status RUNNING.
  bool stop_acked = false;  ///< Likewise STOPPED.
};
BOOST_DESCRIBE_STRUCT(TaskRecord, (), (task, cluster, client_token, run_acked, stop_acked))

/// Changes are made to the records, then saved; saves take effect on disk in the order of the calls.
class State {
 public:
  /// Reads everything; makes the identity when there is none. Throws store::Error, or json::Error naming the row.
  /// Blocks; for start-up.
  State(store::Store& store, base::Random& random, const std::string& region);

  [[nodiscard]] const Identity& identity() const { return identity_; }
  /// The identity is new: save it before it is used.
  base::Async<> save_identity();

  std::map<std::string, Cluster>& clusters() { return clusters_; }                 ///< By name.
  std::map<std::string, DefinitionRecord>& definitions() { return definitions_; }  ///< By ARN.
  std::map<std::string, InstanceRecord>& instances() { return instances_; }        ///< By ARN.
  std::map<std::string, TaskRecord>& tasks() { return tasks_; }                    ///< By ARN.

  /// Each throws store::Error when the database cannot be written.
  base::Async<> save(const Cluster& cluster);
  base::Async<> save(const DefinitionRecord& definition);
  base::Async<> save(const InstanceRecord& instance);
  base::Async<> save(const TaskRecord& task);
  base::Async<> save(const std::vector<const TaskRecord*>& tasks);
  /// Forgets tasks that stopped before `moment` (seconds since 1970).
  base::Async<> forget_stopped_before(double moment);

  // ARNs, long form.
  [[nodiscard]] std::string cluster_arn(const std::string& name) const;
  [[nodiscard]] std::string definition_arn(const std::string& family, int revision) const;
  [[nodiscard]] std::string new_arn(const std::string& type, const std::string& cluster);
  [[nodiscard]] std::string new_container_arn(const std::string& task_arn);
  /// The start of every task ARN of `cluster`.
  [[nodiscard]] std::string task_arn_prefix(const std::string& cluster) const;
  /// The newest revision of a family; 0 when there is none.
  [[nodiscard]] int last_revision(const std::string& family) const;
  [[nodiscard]] std::string availability_zone() const { return identity_.region + "a"; }

 private:
  base::Async<> put(std::vector<store::Write> batch);
  [[nodiscard]] std::string arn(const std::string& resource) const;

  store::Store& store_;
  base::Random& random_;
  Identity identity_;
  std::map<std::string, Cluster> clusters_;
  std::map<std::string, DefinitionRecord> definitions_;
  std::map<std::string, InstanceRecord> instances_;
  std::map<std::string, TaskRecord> tasks_;
};

}  // namespace ecs::local
