// The calls of the ECS API that the agent makes.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "aws/ecs_types.hpp"
#include "aws/error.hpp"
#include "aws/json_client.hpp"
#include "base/async.hpp"
#include "base/clock.hpp"

namespace ecs::aws {

/// Every call throws aws::Error once its own retries are used up.
class EcsApi {
 public:
  EcsApi() = default;
  EcsApi(const EcsApi&) = delete;
  EcsApi& operator=(const EcsApi&) = delete;
  virtual ~EcsApi() = default;

  virtual base::Async<CreateClusterResponse> create_cluster(CreateClusterRequest request) = 0;
  virtual base::Async<RegisterContainerInstanceResponse> register_container_instance(
      RegisterContainerInstanceRequest request) = 0;

  /// Where ACS and telemetry are. An answer serves every caller for 12 h; after that it serves on while a fresh one
  /// cannot be got. Concurrent callers share one call, which is limited to 126 s.
  virtual base::Async<DiscoverPollEndpointResponse> discover_poll_endpoint(std::string cluster,
                                                                           std::string container_instance_arn) = 0;

  /// Up to 298 attempts (more than a day), fewer when the retry quota runs out. Long texts are cut first: reasons at
  /// 1024 bytes, runtime ids and digests at 255. Throws std::invalid_argument for a container with more than 100
  /// bindings of which one is a range.
  virtual base::Async<> submit_task_state_change(SubmitTaskStateChangeRequest request) = 0;

  virtual base::Async<> update_container_instances_state(UpdateContainerInstancesStateRequest request) = 0;
};

/// Over two JSON clients that share credentials and endpoint but not their retry quota.
class EcsClient final : public EcsApi {
 public:
  /// `options` (see ecs_options) is for both; service and target prefix are set here. A retry rule in it is for the
  /// standard client only.
  EcsClient(Transport& transport, base::Clock& clock, base::Random& random, CredentialProvider& credentials,
            JsonClientOptions options);
  ~EcsClient() override;

  base::Async<CreateClusterResponse> create_cluster(CreateClusterRequest request) override;
  base::Async<RegisterContainerInstanceResponse> register_container_instance(
      RegisterContainerInstanceRequest request) override;
  base::Async<DiscoverPollEndpointResponse> discover_poll_endpoint(std::string cluster,
                                                                   std::string container_instance_arn) override;
  base::Async<> submit_task_state_change(SubmitTaskStateChangeRequest request) override;
  base::Async<> update_container_instances_state(UpdateContainerInstancesStateRequest request) override;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The settings of both clients, without a retry rule.
[[nodiscard]] JsonClientOptions ecs_options(std::string endpoint, std::string region,
                                            std::string_view detailed_os_family);

/// Cuts what is too long for the service, in bytes.
void truncate(SubmitTaskStateChangeRequest& request);

}  // namespace ecs::aws
