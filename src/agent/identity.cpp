#include "agent/identity.hpp"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "log/log.hpp"

namespace ecs::agent {

namespace {

struct Key {
  std::string_view name;
  std::string Identity::* member;
};
constexpr std::array<Key, 5> kKeys{{{"agent-version", &Identity::agent_version},
                                    {"availability-zone", &Identity::availability_zone},
                                    {"cluster-name", &Identity::cluster},
                                    {"container-instance-arn", &Identity::container_instance_arn},
                                    {"ec2-instance-id", &Identity::ec2_instance_id}}};

}  // namespace

ClusterMismatch::ClusterMismatch(const std::string& saved, const std::string& configured)
    : std::runtime_error(
          fmt::format("ECS_CLUSTER is \"{}\", but the saved state is of cluster \"{}\"; configure that cluster, or "
                      "remove the state to register a new instance",
                      configured, saved)) {}

Identity load_identity(store::Store& store) {
  Identity identity;
  for (auto& row : store.load(store::Table::kMetadata)) {
    for (const Key& key : kKeys) {
      if (row.key == key.name) identity.*key.member = std::move(row.content);
    }
  }
  return identity;
}

std::vector<store::Write> save_identity(const Identity& identity) {
  std::vector<store::Write> batch;
  for (const Key& key : kKeys) {
    const std::string& text = identity.*key.member;
    if (!text.empty()) batch.push_back({store::Table::kMetadata, std::string(key.name), text});
  }
  return batch;
}

Continuation continue_as(const Identity& saved, const std::string& cluster,
                         const std::optional<std::string>& instance_id) {
  if (saved.agent_version.empty()) return {};
  if (instance_id && !saved.ec2_instance_id.empty() && *instance_id != saved.ec2_instance_id) {
    log::warn("The saved state is of another EC2 instance and is set aside",
              {{"saved", saved.ec2_instance_id}, {"now", *instance_id}});
    return {{}, true};
  }
  if (!instance_id && !saved.ec2_instance_id.empty()) {
    log::warn("Instance metadata does not answer; the saved instance id is believed",
              {{"instanceID", saved.ec2_instance_id}});
  }
  const std::string configured = cluster.empty() ? "default" : cluster;
  if (!saved.cluster.empty() && saved.cluster != configured) throw ClusterMismatch(saved.cluster, configured);
  return {saved, false};
}

}  // namespace ecs::agent
