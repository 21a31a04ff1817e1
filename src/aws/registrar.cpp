#include "aws/registrar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/backoff.hpp"
#include "base/text.hpp"
#include "log/log.hpp"

namespace ecs::aws {

namespace {

constexpr std::string_view kDefaultCluster = "default";
constexpr std::string_view kZoneAttribute = "ecs.availability-zone";
constexpr std::string_view kClusterNotFound = "Cluster not found.";
constexpr std::string_view kTypeChanged = "Container instance type changes are not supported.";
constexpr base::Duration kRegistrationLimit = std::chrono::hours(1);
constexpr base::Duration kIdentityLimit = std::chrono::seconds(30);
constexpr base::BackoffRule kRegistrationBackoff = {std::chrono::seconds(3), std::chrono::seconds(192), 2.0, 0.2};
constexpr base::BackoffRule kIdentityBackoff = {std::chrono::milliseconds(100), std::chrono::seconds(5), 2.0, 0.2};

bool is_transient(const Error& error) {
  return error.kind() == Error::Kind::kQuota || error.code() == "ThrottlingException" ||
         error.code() == "ServerException" || error.code() == "LimitExceededException";
}

bool is_cluster_missing(const Error& error) {
  return error.code() == "ClusterNotFoundException" || error.message().find(kClusterNotFound) != std::string::npos;
}

Registration failure(const Error& error, bool again) {
  const bool type_changed = again && error.message().find(kTypeChanged) != std::string::npos;
  const bool terminal =
      type_changed || error.code() == "InvalidParameterException" || error.code() == "ClientException";
  Registration result;
  result.outcome = terminal ? Registration::Outcome::kTerminal : Registration::Outcome::kTransient;
  result.error = error.what();
  return result;
}

std::string value_of(const std::vector<Attribute>& attributes, std::string_view name) {
  std::string value;
  for (const auto& attribute : attributes) {
    if (attribute.name == name) value = attribute.value.value_or(std::string());  // Of equal names the last counts.
  }
  return value;
}

/// Names of the attributes that did not come back with the value sent. One without a value may be missing.
std::vector<std::string> rejected(const std::vector<Attribute>& sent, const std::vector<Attribute>& answered) {
  std::vector<std::string> names;
  for (const auto& attribute : sent) {
    if (value_of(answered, attribute.name) != value_of(sent, attribute.name)) names.push_back(attribute.name);
  }
  return names;
}

RegisterContainerInstanceRequest make_request(const RegistrationInput& input, std::string cluster) {
  RegisterContainerInstanceRequest request{.cluster = std::move(cluster),
                                           .container_instance_arn = input.container_instance_arn,
                                           .client_token = input.client_token,
                                           .instance_identity_document = {},
                                           .instance_identity_document_signature = {},
                                           .total_resources = input.resources,
                                           .attributes = input.attributes,
                                           .tags = {},
                                           .platform_devices = {}};
  if (!input.tags.empty()) request.tags = input.tags;
  if (!input.platform_devices.empty()) request.platform_devices = input.platform_devices;
  return request;
}

Registration judge(const RegistrationInput& input, const std::string& cluster,
                   const RegisterContainerInstanceResponse& response) {
  const auto& instance = response.container_instance;
  Registration result;
  const auto names = rejected(input.attributes, instance.attributes);
  if (!names.empty()) {
    result.outcome = Registration::Outcome::kTerminal;
    result.attributes_rejected = true;
    result.error = fmt::format("Attribute validation failed: {}", base::join(names, ", "));
    return result;
  }
  result.outcome = Registration::Outcome::kRegistered;
  result.container_instance_arn = input.container_instance_arn.value_or(instance.container_instance_arn);
  result.availability_zone = value_of(instance.attributes, kZoneAttribute);
  result.cluster = cluster;
  if (result.container_instance_arn.empty()) {
    result.outcome = Registration::Outcome::kTransient;
    result.error = "the answer to RegisterContainerInstance has no containerInstanceArn";
  }
  return result;
}

}  // namespace

int Registration::exit_code() const noexcept {
  switch (outcome) {
    case Outcome::kRegistered:
      return 0;
    case Outcome::kTerminal:
      return 5;
    case Outcome::kTransient:
      return 1;
  }
  return 1;
}

/// One of the two identity texts; empty when it cannot be got within its time, which does not stop a registration.
base::Async<std::string> Registrar::identity_text(bool signature) {
  const auto deadline = clock_.now() + kIdentityLimit;
  base::Backoff backoff(kIdentityBackoff, random_);
  while (true) {
    std::optional<ImdsError> failure;
    try {
      co_return co_await (signature ? imds_.identity_signature() : imds_.identity_document());
    } catch (const ImdsError& e) {
      failure = e;
    }
    log::error("Cannot read the instance identity",
               {{"part", signature ? "signature" : "document"}, {"error", std::string_view(failure->what())}});
    // The role's credentials may be stale although they have not expired.
    if (!signature) credentials_.invalidate();
    const auto left = deadline - clock_.now();
    const auto delay = backoff.next();
    if (failure->kind() == ImdsError::Kind::kBlackholed || left <= base::Duration::zero()) co_return std::string();
    co_await clock_.sleep_for(std::min<base::Duration>(delay, left));
    if (delay >= left) co_return std::string();
  }
}

/// Registers into one cluster, through throttling and server errors, for at most an hour.
base::Async<Registrar::Attempt> Registrar::attempt(const RegistrationInput& input, std::string cluster) {
  const auto deadline = clock_.now() + kRegistrationLimit;
  base::Backoff backoff(kRegistrationBackoff, random_);
  while (true) {
    auto request = make_request(input, cluster);
    if (input.with_identity) {
      request.instance_identity_document = co_await identity_text(false);
      request.instance_identity_document_signature = co_await identity_text(true);
    }
    std::optional<Error> error;
    try {
      const auto response = co_await ecs_.register_container_instance(std::move(request));
      co_return Attempt{judge(input, cluster, response), false};
    } catch (const Error& e) {
      error = e;
    }
    log::error("Cannot register as a container instance", {{"error", std::string_view(error->what())}});
    if (!is_transient(*error)) {
      co_return Attempt{failure(*error, input.container_instance_arn.has_value()), is_cluster_missing(*error)};
    }
    const auto left = deadline - clock_.now();
    const auto delay = backoff.next();
    co_await clock_.sleep_for(std::min<base::Duration>(delay, left));
    if (delay >= left) {
      Registration gave_up;
      gave_up.error = fmt::format("registration did not succeed within an hour: {}", error->what());
      co_return Attempt{gave_up, false};
    }
  }
}

base::Async<Registration> Registrar::run(RegistrationInput input) {
  if (!input.cluster.empty()) {
    auto only = co_await attempt(input, input.cluster);
    co_return std::move(only.result);
  }
  std::string cluster(kDefaultCluster);
  auto first = co_await attempt(input, cluster);
  if (first.result.outcome == Registration::Outcome::kRegistered) co_return std::move(first.result);
  if (first.cluster_missing) {
    std::optional<Error> error;
    try {
      const auto created = co_await ecs_.create_cluster({.cluster_name = cluster});
      if (!created.cluster.cluster_name.empty()) cluster = created.cluster.cluster_name;
      log::info("Created a cluster", {{"cluster", std::string_view(cluster)}});
    } catch (const Error& e) {
      error = e;
    }
    if (error) {
      log::critical("Cannot create the default cluster", {{"error", std::string_view(error->what())}});
      co_return failure(*error, false);
    }
  }
  auto second = co_await attempt(input, cluster);
  co_return std::move(second.result);
}

}  // namespace ecs::aws
