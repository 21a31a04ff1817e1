#include "aws/ecs.hpp"

#include <fmt/format.h>

#include <map>
#include <optional>
#include <stdexcept>
#include <utility>

#include "base/event.hpp"
#include "json/decode.hpp"
#include "json/encode.hpp"
#include "log/log.hpp"

namespace ecs::aws {

namespace {

constexpr std::size_t kLongestReason = 1024;
constexpr std::size_t kLongestId = 255;
constexpr std::size_t kMostBindings = 100;
constexpr base::Duration kPollEndpointUse = std::chrono::hours(12);
constexpr base::Duration kPollEndpointLimit = std::chrono::seconds(126);  // Three attempts of 42 s.

template <class T>
T read_answer(std::string_view operation, std::string_view body) {
  try {
    // Some answers have no members at all.
    return body.empty() ? T{} : json::decode<T>(body);
  } catch (const json::Error& e) {
    throw Error(Error::Kind::kAnswer, "", fmt::format("the answer to {} cannot be read: {}", operation, e.what()), 200,
                false);
  }
}

/// The service is always the same; an own retry rule is for the standard client only.
JsonClientOptions complete(JsonClientOptions options, std::optional<RetryRule> rule) {
  options.service = "ecs";
  options.target_prefix = "AmazonEC2ContainerServiceV20141113";
  if (rule) options.retry = std::move(*rule);
  return options;
}

void cut(std::string& text, std::size_t limit) {
  if (text.size() > limit) text.resize(limit);
}
void cut(std::optional<std::string>& text, std::size_t limit) {
  if (text) cut(*text, limit);
}

void check_bindings(const SubmitTaskStateChangeRequest& request) {
  if (!request.containers) return;
  for (const auto& container : *request.containers) {
    if (!container.network_bindings || container.network_bindings->size() <= kMostBindings) continue;
    for (const auto& binding : *container.network_bindings) {
      if (!binding.container_port_range) continue;
      throw std::invalid_argument(
          fmt::format("container {} has {} network bindings, a container with a port range may have {}",
                      container.container_name, container.network_bindings->size(), kMostBindings));
    }
  }
}

}  // namespace

Resource Resource::integer(std::string name, std::int64_t value) {
  Resource resource{.name = std::move(name), .type = "INTEGER", .integer_value = {}, .string_set_value = {}};
  if (value != 0) resource.integer_value = value;
  return resource;
}

Resource Resource::string_set(std::string name, std::vector<std::string> values) {
  return {.name = std::move(name), .type = "STRINGSET", .integer_value = {}, .string_set_value = std::move(values)};
}

void truncate(SubmitTaskStateChangeRequest& request) {
  cut(request.reason, kLongestReason);
  if (request.containers) {
    for (auto& container : *request.containers) {
      cut(container.reason, kLongestReason);
      cut(container.runtime_id, kLongestId);
      cut(container.image_digest, kLongestId);
    }
  }
  if (request.managed_agents) {
    for (auto& agent : *request.managed_agents) cut(agent.reason, kLongestReason);
  }
}

struct EcsClient::Impl {
  struct PollEndpoint {
    DiscoverPollEndpointResponse answer;
    base::Instant expires;
  };

  Impl(Transport& transport, base::Clock& c, base::Random& random, CredentialProvider& credentials,
       const JsonClientOptions& options)
      : clock(c),
        standard(transport, c, random, credentials,
                 complete(options, options.retry.delay ? std::nullopt : std::optional(standard_retry()))),
        submit(transport, c, random, credentials, complete(options, submit_retry())) {}

  base::Clock& clock;
  JsonClient standard;
  JsonClient submit;
  std::map<std::string, PollEndpoint> poll_endpoints;  ///< By container instance.
  bool discovering = false;
  base::Event discovered;

  [[nodiscard]] PollEndpoint* fresh(const std::string& instance) {
    const auto found = poll_endpoints.find(instance);
    return found != poll_endpoints.end() && clock.now() < found->second.expires ? &found->second : nullptr;
  }
  base::Async<DiscoverPollEndpointResponse> discover(std::string cluster, std::string instance);
};

/// Asks, and falls back to what was known.
base::Async<DiscoverPollEndpointResponse> EcsClient::Impl::discover(std::string cluster, std::string instance) {
  discovering = true;
  const struct Done {
    Impl& self;
    ~Done() {
      self.discovering = false;
      self.discovered.pulse();
    }
  } done{*this};
  constexpr std::string_view kOperation = "DiscoverPollEndpoint";
  const DiscoverPollEndpointRequest request{
      .cluster = std::move(cluster), .container_instance = instance, .zone_id = {}};
  try {
    const auto body = co_await standard.call(std::string(kOperation), json::encode(request), kPollEndpointLimit);
    auto answer = read_answer<DiscoverPollEndpointResponse>(kOperation, body);
    poll_endpoints[instance] = {answer, clock.now() + kPollEndpointUse};
    co_return answer;
  } catch (const Error& e) {
    const auto known = poll_endpoints.find(instance);
    if (known == poll_endpoints.end()) throw;
    log::warn("Could not find the poll endpoint anew, the known one is used on",
              {{"error", std::string_view(e.what())}});
    co_return known->second.answer;
  }
}

EcsClient::EcsClient(Transport& transport, base::Clock& clock, base::Random& random, CredentialProvider& credentials,
                     JsonClientOptions options)
    : impl_(std::make_unique<Impl>(transport, clock, random, credentials, options)) {}

EcsClient::~EcsClient() = default;

base::Async<CreateClusterResponse> EcsClient::create_cluster(CreateClusterRequest request) {
  const auto body = co_await impl_->standard.call("CreateCluster", json::encode(request));
  co_return read_answer<CreateClusterResponse>("CreateCluster", body);
}

base::Async<RegisterContainerInstanceResponse> EcsClient::register_container_instance(
    RegisterContainerInstanceRequest request) {
  const auto body = co_await impl_->standard.call("RegisterContainerInstance", json::encode(request));
  co_return read_answer<RegisterContainerInstanceResponse>("RegisterContainerInstance", body);
}

base::Async<DiscoverPollEndpointResponse> EcsClient::discover_poll_endpoint(std::string cluster,
                                                                            std::string container_instance_arn) {
  while (impl_->discovering && impl_->fresh(container_instance_arn) == nullptr) co_await impl_->discovered.wait();
  if (const auto* known = impl_->fresh(container_instance_arn)) co_return known->answer;
  co_return co_await impl_->discover(std::move(cluster), std::move(container_instance_arn));
}

base::Async<> EcsClient::submit_task_state_change(SubmitTaskStateChangeRequest request) {
  check_bindings(request);
  truncate(request);
  co_await impl_->submit.call("SubmitTaskStateChange", json::encode(request));
}

base::Async<> EcsClient::update_container_instances_state(UpdateContainerInstancesStateRequest request) {
  co_await impl_->standard.call("UpdateContainerInstancesState", json::encode(request));
}

JsonClientOptions ecs_options(std::string endpoint, std::string region, std::string_view detailed_os_family) {
  return {.endpoint = std::move(endpoint),
          .region = std::move(region),
          .service = {},
          .target_prefix = {},
          .user_agent = user_agent(detailed_os_family),
          .retry = {}};
}

}  // namespace ecs::aws
