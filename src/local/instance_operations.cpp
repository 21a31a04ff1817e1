#include <fmt/format.h>

#include <algorithm>

#include "base/time_text.hpp"
#include "json/decode.hpp"
#include "local/check.hpp"
#include "local/lookup.hpp"
#include "local/operations.hpp"

namespace ecs::local {
namespace {

constexpr const char* kZoneAttribute = "ecs.availability-zone";
constexpr const char* kInactive = "INACTIVE";

struct IdentityDocument {
  OptionalText instance_id;
};
BOOST_DESCRIBE_STRUCT(IdentityDocument, (), (instance_id))

OptionalText instance_id(const OptionalText& document) {
  if (!document || document->empty()) return std::nullopt;
  try {
    return json::decode<IdentityDocument>(*document).instance_id;
  } catch (const json::Error& error) {
    throw client_error(fmt::format("instanceIdentityDocument: {}", error.what()));
  }
}

void check_words(const std::optional<Texts>& include) {
  const auto words = include.value_or(Texts());
  for (std::size_t i = 0; i < words.size(); ++i) {
    check_word(words[i], {"TAGS", "CONTAINER_INSTANCE_HEALTH"}, at("include", i));
  }
}

void check_resources(const std::vector<Resource>& resources) {
  for (std::size_t i = 0; i < resources.size(); ++i) {
    require(resources[i].name.has_value(), at("totalResources", i) + ".name");
    require(resources[i].type.has_value(), at("totalResources", i) + ".type");
    check_word(resources[i].type, {"INTEGER", "DOUBLE", "LONG", "STRINGSET"}, at("totalResources", i) + ".type");
  }
}

void check_attributes(const std::vector<Attribute>& attributes) {
  for (std::size_t i = 0; i < attributes.size(); ++i) {
    require(!attributes[i].name.empty(), at("attributes", i) + ".name");
  }
}

/// ECS shows the GPUs of an instance as one more resource.
void add_gpus(std::vector<Resource>& resources, const std::vector<PlatformDevice>& devices) {
  Texts ids;
  for (const auto& device : devices) {
    if (device.type == "GPU" && device.id) ids.push_back(*device.id);
  }
  if (ids.empty()) return;
  Resource gpus;
  gpus.name = "GPU";
  gpus.type = "STRINGSET";
  gpus.string_set_value = std::move(ids);
  resources.push_back(std::move(gpus));
}

/// An agent that has lost its state registers its machine anew: the old instance is no more, and nobody will report
/// on its tasks.
base::Async<> retire(ApiContext& context, const std::string& cluster, const OptionalText& ec2_instance_id,
                     const std::string& successor) {
  for (auto& [arn, record] : context.state.instances()) {
    if (record.cluster != cluster || arn == successor || record.instance.status == kInactive) continue;
    if (!ec2_instance_id || record.instance.ec2_instance_id != ec2_instance_id) continue;
    record.instance.status = kInactive;
    std::vector<const TaskRecord*> lost;
    for (auto& [task_arn, task] : context.state.tasks()) {
      if (task.task.container_instance_arn != arn || task.task.last_status == "STOPPED") continue;
      task.task.last_status = task.task.desired_status = "STOPPED";
      task.task.stopped_at = base::epoch_seconds(context.clock.wall());
      task.task.stopped_reason = "The agent of the container instance has lost its state";
      context.sender.forget(task_arn);
      lost.push_back(&task);
    }
    co_await context.state.save(record);
    if (!lost.empty()) co_await context.state.save(lost);
  }
}

/// The instance that registers: the one it says it is, the one that an earlier try of the same call made, or a new one.
InstanceRecord& record_for(ApiContext& context, const std::string& cluster,
                           const RegisterContainerInstanceRequest& request) {
  auto& instances = context.state.instances();
  std::string key = request.container_instance_arn.value_or("");
  for (const auto& [arn, record] : instances) {
    const bool same_call = request.client_token && record.client_token == request.client_token;
    if (key.empty() && record.cluster == cluster && same_call) key = arn;
  }
  if (key.empty()) key = context.state.new_arn("container-instance", cluster);
  const auto [entry, is_new] = instances.try_emplace(key);
  if (is_new) {
    entry->second.cluster = cluster;
    entry->second.client_token = request.client_token;
    entry->second.instance.container_instance_arn = key;
  }
  entry->second.instance.status = "ACTIVE";
  return entry->second;
}

}  // namespace

base::Async<RegisterContainerInstanceResponse> register_container_instance(ApiContext& context,
                                                                           RegisterContainerInstanceRequest request) {
  check_resources(request.total_resources);
  check_attributes(request.attributes);
  const std::string cluster = cluster_name(request.cluster);
  if (!context.state.clusters().contains(cluster)) {
    // The agent looks for these words, and registration answers with this code (ecs-api.md 3).
    throw client_error(fmt::format("Cluster not found. There is no cluster '{}' here", cluster));
  }
  const auto id = instance_id(request.instance_identity_document);
  InstanceRecord& record = record_for(context, cluster, request);
  if (record.cluster != cluster) {
    throw client_error(fmt::format("containerInstanceArn: {} is in cluster '{}', not '{}'",
                                   record.instance.container_instance_arn, record.cluster, cluster));
  }
  ContainerInstance& instance = record.instance;
  instance.ec2_instance_id = id;
  instance.registered_resources = std::move(request.total_resources);
  add_gpus(instance.registered_resources, request.platform_devices);
  instance.attributes = std::move(request.attributes);
  instance.attributes.push_back({.name = kZoneAttribute, .value = context.state.availability_zone()});
  instance.tags = std::move(request.tags);
  instance.registered_at = base::epoch_seconds(context.clock.wall());
  ++instance.version;
  co_await context.state.save(record);
  co_await retire(context, cluster, id, instance.container_instance_arn);
  co_return RegisterContainerInstanceResponse{with_counts(context.state, record)};
}

base::Async<ListContainerInstancesResponse> list_container_instances(ApiContext& context,
                                                                     ListContainerInstancesRequest request) {
  refuse(request.filter, "filter", "it has no cluster query language");
  check_word(request.status, {"ACTIVE", "DRAINING", "REGISTERING", "DEREGISTERING", "REGISTRATION_FAILED"}, "status");
  const Cluster& cluster = find_cluster(context.state, request.cluster);
  Texts all;
  for (const auto& [arn, record] : context.state.instances()) {
    if (record.cluster != cluster.cluster_name || record.instance.status == kInactive) continue;
    if (!request.status || *request.status == record.instance.status) all.push_back(arn);
  }
  ListContainerInstancesResponse response;
  std::tie(response.container_instance_arns, response.next_token) = page(all, request.max_results, request.next_token);
  co_return response;
}

base::Async<ContainerInstancesResponse> describe_container_instances(ApiContext& context,
                                                                     DescribeContainerInstancesRequest request) {
  check_words(request.include);
  const Cluster& cluster = find_cluster(context.state, request.cluster);
  if (request.container_instances.empty())
    throw invalid_parameter("containerInstances: required, but missing or empty");
  const auto include = request.include.value_or(Texts());
  const bool with_tags = std::ranges::find(include, "TAGS") != include.end();
  ContainerInstancesResponse response;
  for (const auto& reference : request.container_instances) {
    const InstanceRecord* record = find_instance(context.state, cluster.cluster_name, reference);
    if (record == nullptr) {
      response.failures.push_back({.arn = reference, .reason = "MISSING"});
      continue;
    }
    response.container_instances.push_back(with_counts(context.state, *record));
    if (!with_tags) response.container_instances.back().tags.clear();
  }
  co_return response;
}

base::Async<ContainerInstancesResponse> update_container_instances_state(ApiContext& context,
                                                                         UpdateContainerInstancesStateRequest request) {
  const Cluster& cluster = find_cluster(context.state, request.cluster);
  require(!request.container_instances.empty(), "containerInstances");
  require(request.status.has_value(), "status");
  check_word(*request.status, {"ACTIVE", "DRAINING"}, "status");
  ContainerInstancesResponse response;
  for (const auto& reference : request.container_instances) {
    InstanceRecord* record = find_instance(context.state, cluster.cluster_name, reference);
    if (record == nullptr) {
      response.failures.push_back({.arn = reference, .reason = "MISSING"});
      continue;
    }
    record->instance.status = *request.status;
    ++record->instance.version;
    co_await context.state.save(*record);
    response.container_instances.push_back(with_counts(context.state, *record));
  }
  co_return response;
}

base::Async<DiscoverPollEndpointResponse> discover_poll_endpoint(ApiContext& context,
                                                                 DiscoverPollEndpointRequest request) {
  const Cluster& cluster = find_cluster(context.state, request.cluster);
  if (request.container_instance &&
      find_instance(context.state, cluster.cluster_name, *request.container_instance) == nullptr) {
    throw client_error(fmt::format("containerInstance: cluster '{}' has no instance '{}'", cluster.cluster_name,
                                   *request.container_instance));
  }
  co_return DiscoverPollEndpointResponse{.endpoint = context.endpoint + "/acs/",
                                         .telemetry_endpoint = context.endpoint + "/tcs/"};
}

}  // namespace ecs::local
