#include "local/ecs_api.hpp"

#include <fmt/format.h>

#include <functional>
#include <map>

#include "json/decode.hpp"
#include "json/encode.hpp"
#include "local/error.hpp"
#include "log/log.hpp"

namespace ecs::local {
namespace {

constexpr std::string_view kTargetPrefix = "AmazonEC2ContainerServiceV20141113.";

using Operation = std::function<base::Async<std::string>(ApiContext&, std::string)>;

template <class Request, class Response>
base::Async<std::string> call(base::Async<Response> (*operation)(ApiContext&, Request), ApiContext& context,
                              std::string body) {
  auto request = json::decode<Request>(body.empty() ? "{}" : body, {.fold_case = false, .reject_unknown = true});
  const Response response = co_await operation(context, std::move(request));
  co_return json::encode(response);
}

template <class Request, class Response>
Operation make(base::Async<Response> (*operation)(ApiContext&, Request)) {
  return [operation](ApiContext& context, std::string body) { return call(operation, context, std::move(body)); };
}

const std::map<std::string, Operation, std::less<>>& operations() {
  static const std::map<std::string, Operation, std::less<>> all = {
      {"CreateCluster", make(create_cluster)},
      {"DescribeClusters", make(describe_clusters)},
      {"ListClusters", make(list_clusters)},
      {"RegisterTaskDefinition", make(register_task_definition)},
      {"DescribeTaskDefinition", make(describe_task_definition)},
      {"ListTaskDefinitions", make(list_task_definitions)},
      {"RunTask", make(run_task)},
      {"StopTask", make(stop_task)},
      {"DescribeTasks", make(describe_tasks)},
      {"ListTasks", make(list_tasks)},
      {"ListContainerInstances", make(list_container_instances)},
      {"DescribeContainerInstances", make(describe_container_instances)},
      {"RegisterContainerInstance", make(register_container_instance)},
      {"DiscoverPollEndpoint", make(discover_poll_endpoint)},
      {"UpdateContainerInstancesState", make(update_container_instances_state)},
      {"SubmitTaskStateChange", make(submit_task_state_change)},
      {"SubmitContainerStateChange", make(submit_container_state_change)},
      {"SubmitAttachmentStateChanges", make(submit_attachment_state_changes)},
  };
  return all;
}

struct ErrorBody {
  static constexpr json::Rename kJsonNames[] = {{"type", "__type"}};
  std::string type;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(ErrorBody, (), (type, message))

net::Response reply(int status, std::string body) {
  net::Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/x-amz-json-1.1");
  response.body = std::move(body);
  return response;
}

net::Response reply_error(int status, const std::string& code, const std::string& message) {
  net::Response response = reply(status, json::encode(ErrorBody{.type = code, .message = message}));
  response.headers.add("X-Amzn-ErrorType", code);
  return response;
}

const Operation& find_operation(std::string_view target) {
  const auto& all = operations();
  const auto name = target.starts_with(kTargetPrefix) ? target.substr(kTargetPrefix.size()) : std::string_view();
  const auto found = all.find(name);
  if (found != all.end()) return found->second;
  std::string known;
  for (const auto& [other, operation] : all) known += (known.empty() ? "" : ", ") + other;
  throw ApiError(
      "UnknownOperationException",
      fmt::format("X-Amz-Target: '{}' is no operation of this control plane, whose operations are {}", target, known));
}

}  // namespace

base::Async<net::Response> answer_api_call(ApiContext& context, std::string target, std::string body) {
  try {
    co_return reply(200, co_await find_operation(target)(context, std::move(body)));
  } catch (const ApiError& error) {
    co_return reply_error(400, error.code(), error.what());
  } catch (const json::Error& error) {
    co_return reply_error(400, "ClientException", error.what());
  } catch (const store::Error& error) {
    log::error("State could not be saved", {{"operation", target}, {"error", error}});
    co_return reply_error(500, "ServerException", error.what());
  }
}

}  // namespace ecs::local
