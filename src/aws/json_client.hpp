// The AWS JSON 1.1 protocol: one signed POST per call, retried by rule.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "aws/credentials.hpp"
#include "aws/error.hpp"
#include "aws/retry.hpp"
#include "aws/transport.hpp"
#include "base/async.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"

namespace ecs::aws {

struct JsonClientOptions {
  std::string endpoint;  ///< Base URL, see resolve_endpoint.
  std::string region;
  std::string service;        ///< For the signature: `ecs`.
  std::string target_prefix;  ///< `AmazonEC2ContainerServiceV20141113`.
  std::string user_agent;
  RetryRule retry;
  base::Duration attempt_limit = std::chrono::seconds(42);
};

/// Keeps the retry quota and the measured clock skew of one client.
class JsonClient {
 public:
  /// Throws std::invalid_argument for an endpoint that is no address.
  JsonClient(Transport& transport, base::Clock& clock, base::Random& random, CredentialProvider& credentials,
             JsonClientOptions options);
  ~JsonClient();
  JsonClient(const JsonClient&) = delete;
  JsonClient& operator=(const JsonClient&) = delete;

  /// The body of the answer with status 2xx. Throws aws::Error for what stays wrong after the last attempt, or after
  /// `total` for all attempts and waits together.
  base::Async<std::string> call(std::string operation, std::string body, std::optional<base::Duration> total = {});

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// `Amazon ECS Agent - v1.105.1 (*a8b3e7d3) (linux; LINUX) (+http://aws.amazon.com/ecs/)`.
[[nodiscard]] std::string user_agent(std::string_view detailed_os_family);

/// The error in an answer outside 2xx.
[[nodiscard]] Error parse_error(const net::Response& response);

}  // namespace ecs::aws
