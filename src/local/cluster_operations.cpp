#include <fmt/format.h>

#include "local/check.hpp"
#include "local/lookup.hpp"
#include "local/operations.hpp"

namespace ecs::local {
namespace {

Cluster with_task_counts(State& state, Cluster cluster) {
  for (const auto& [arn, record] : state.instances()) {
    if (record.cluster == cluster.cluster_name && record.instance.status != "INACTIVE")
      ++cluster.registered_container_instances_count;
  }
  for (const auto& [arn, record] : state.tasks()) {
    if (record.cluster != cluster.cluster_name) continue;
    if (record.task.last_status == "RUNNING") ++cluster.running_tasks_count;
    if (record.task.last_status == "PENDING") ++cluster.pending_tasks_count;
  }
  return cluster;
}

}  // namespace

base::Async<CreateClusterResponse> create_cluster(ApiContext& context, CreateClusterRequest request) {
  refuse(request.settings, "settings", "it has no Container Insights");
  refuse(request.configuration, "configuration", "it has no ECS Exec and no managed storage");
  refuse(request.capacity_providers, "capacityProviders", "every task runs on the one instance of this machine");
  refuse(request.default_capacity_provider_strategy, "defaultCapacityProviderStrategy",
         "every task runs on the one instance of this machine");
  refuse(request.service_connect_defaults, "serviceConnectDefaults", "it has no services");
  const std::string name = request.cluster_name.value_or(kDefaultCluster);
  check_name(name, "clusterName");
  const auto [entry, is_new] = context.state.clusters().try_emplace(name);
  Cluster& cluster = entry->second;
  if (is_new) {
    cluster.cluster_arn = context.state.cluster_arn(name);
    cluster.cluster_name = name;
    cluster.status = "ACTIVE";
    cluster.tags = request.tags.value_or(std::vector<Tag>());
    co_await context.state.save(cluster);
  }
  co_return CreateClusterResponse{with_task_counts(context.state, cluster)};
}

base::Async<DescribeClustersResponse> describe_clusters(ApiContext& context, DescribeClustersRequest request) {
  bool with_tags = false;
  const auto include = request.include.value_or(Texts());
  for (std::size_t i = 0; i < include.size(); ++i) {
    check_word(include[i], {"ATTACHMENTS", "CONFIGURATIONS", "SETTINGS", "STATISTICS", "TAGS"}, at("include", i));
    with_tags = with_tags || include[i] == "TAGS";
  }
  Texts wanted = request.clusters.value_or(Texts());
  if (wanted.empty()) wanted.emplace_back(kDefaultCluster);
  DescribeClustersResponse response;
  for (const auto& reference : wanted) {
    const std::string name = cluster_name(reference);
    const auto found = context.state.clusters().find(name);
    if (found == context.state.clusters().end()) {
      const bool is_arn = reference.starts_with("arn:");
      response.failures.push_back({.arn = is_arn ? reference : context.state.cluster_arn(name), .reason = "MISSING"});
      continue;
    }
    Cluster cluster = with_task_counts(context.state, found->second);
    if (!with_tags) cluster.tags.clear();
    response.clusters.push_back(std::move(cluster));
  }
  co_return response;
}

base::Async<ListClustersResponse> list_clusters(ApiContext& context, ListClustersRequest request) {
  Texts all;
  for (const auto& [name, cluster] : context.state.clusters()) all.push_back(cluster.cluster_arn);
  ListClustersResponse response;
  std::tie(response.cluster_arns, response.next_token) = page(all, request.max_results, request.next_token);
  co_return response;
}

}  // namespace ecs::local
