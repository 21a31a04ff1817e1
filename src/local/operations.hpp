// The operations of the ECS API, one function each. A function throws ApiError for what the caller did wrong, and
// store::Error when the state cannot be saved; what it answers is saved by then.
#pragma once

#include <functional>
#include <string>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "local/api_types.hpp"
#include "local/state.hpp"

namespace ecs::local {

/// Brings a task's desired status to the agent of its instance.
class TaskSender {
 public:
  TaskSender() = default;
  TaskSender(const TaskSender&) = delete;
  TaskSender& operator=(const TaskSender&) = delete;
  virtual ~TaskSender() = default;

  /// Sends the task with its present desired status, again and again until the agent acknowledges it.
  virtual void send(const TaskRecord& task) = 0;
  /// The task has stopped: nothing about it needs to be sent any more.
  virtual void forget(const std::string& task_arn) = 0;
};

struct ApiContext {
  State& state;
  TaskSender& sender;
  base::Clock& clock;
  std::string endpoint;  ///< `http://127.0.0.1:51670`, without a slash at the end.
  std::string machine;   ///< As `uname -m`.
  bool closing = false;  ///< The control plane is going down: no new tasks.
};

base::Async<CreateClusterResponse> create_cluster(ApiContext& context, CreateClusterRequest request);
base::Async<DescribeClustersResponse> describe_clusters(ApiContext& context, DescribeClustersRequest request);
base::Async<ListClustersResponse> list_clusters(ApiContext& context, ListClustersRequest request);

base::Async<TaskDefinitionResponse> register_task_definition(ApiContext& context,
                                                             RegisterTaskDefinitionRequest request);
base::Async<TaskDefinitionResponse> describe_task_definition(ApiContext& context,
                                                             DescribeTaskDefinitionRequest request);
base::Async<ListTaskDefinitionsResponse> list_task_definitions(ApiContext& context, ListTaskDefinitionsRequest request);

base::Async<TasksResponse> run_task(ApiContext& context, RunTaskRequest request);
base::Async<StopTaskResponse> stop_task(ApiContext& context, StopTaskRequest request);
base::Async<TasksResponse> describe_tasks(ApiContext& context, DescribeTasksRequest request);
base::Async<ListTasksResponse> list_tasks(ApiContext& context, ListTasksRequest request);

base::Async<ListContainerInstancesResponse> list_container_instances(ApiContext& context,
                                                                     ListContainerInstancesRequest request);
base::Async<ContainerInstancesResponse> describe_container_instances(ApiContext& context,
                                                                     DescribeContainerInstancesRequest request);

base::Async<RegisterContainerInstanceResponse> register_container_instance(ApiContext& context,
                                                                           RegisterContainerInstanceRequest request);
base::Async<DiscoverPollEndpointResponse> discover_poll_endpoint(ApiContext& context,
                                                                 DiscoverPollEndpointRequest request);
base::Async<ContainerInstancesResponse> update_container_instances_state(ApiContext& context,
                                                                         UpdateContainerInstancesStateRequest request);
base::Async<SubmitResponse> submit_task_state_change(ApiContext& context, SubmitTaskStateChangeRequest request);
base::Async<SubmitResponse> submit_container_state_change(ApiContext& context,
                                                          SubmitContainerStateChangeRequest request);
base::Async<SubmitResponse> submit_attachment_state_changes(ApiContext& context,
                                                            SubmitAttachmentStateChangesRequest request);

}  // namespace ecs::local
