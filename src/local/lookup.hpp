// Finding what a request names. Each throws the error that ECS answers when it is not there, naming it.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "local/definition_types.hpp"
#include "local/state.hpp"

namespace ecs::local {

inline constexpr const char* kDefaultCluster = "default";

/// The cluster that a name or ARN stands for; the default cluster when it is absent or empty. Throws
/// ClusterNotFoundException.
[[nodiscard]] Cluster& find_cluster(State& state, const OptionalText& reference);

/// The name in a cluster reference, whether the cluster exists or not.
[[nodiscard]] std::string cluster_name(const OptionalText& reference);

/// `family`, `family:revision` or an ARN. Throws ClientException.
[[nodiscard]] DefinitionRecord& find_definition(State& state, const std::string& reference);

/// A task of the cluster by id or ARN; nothing when there is none.
[[nodiscard]] TaskRecord* find_task(State& state, const std::string& cluster, const std::string& reference);
[[nodiscard]] InstanceRecord* find_instance(State& state, const std::string& cluster, const std::string& reference);

/// The part of `all` that maxResults and nextToken ask for, and the token for what follows.
[[nodiscard]] std::pair<Texts, OptionalText> page(const Texts& all, const OptionalInt& max_results,
                                                  const OptionalText& next_token);

/// What is left of an instance, with the counts of its tasks.
[[nodiscard]] ContainerInstance with_counts(State& state, const InstanceRecord& record);

}  // namespace ecs::local
