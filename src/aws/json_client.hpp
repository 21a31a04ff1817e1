// The AWS JSON 1.1 protocol: one signed POST per call, retried by rule.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "aws/credentials.hpp"
#include "aws/error.hpp"
#include "aws/transport.hpp"
#include "base/async.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"

namespace ecs::aws {

/// When a failed attempt is followed by another.
struct RetryRule {
  int max_attempts = 3;
  /// The wait after the n-th failed attempt (n from 1).
  std::function<base::Duration(int failed, base::Random& random)> delay;
};
/// 3 attempts, [0,1) x 2^n s, at most 20 s.
[[nodiscard]] RetryRule standard_retry();
/// 298 attempts: 2^n x (30..59 ms) for n up to 13, then 5 minutes.
[[nodiscard]] RetryRule submit_retry();

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
  JsonClient(Transport& transport, base::Clock& clock, base::Random& random, CredentialProvider& credentials,
             JsonClientOptions options);
  ~JsonClient();
  JsonClient(const JsonClient&) = delete;
  JsonClient& operator=(const JsonClient&) = delete;

  /// The body of the answer with status 2xx. Throws aws::Error for what stays wrong after the last attempt.
  base::Async<std::string> call(std::string operation, std::string body);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Where a service is: `configured` (ECS_BACKEND_HOST; `https://` in front unless it has a scheme), else
/// AWS_ENDPOINT_URL_<SERVICE>, else AWS_ENDPOINT_URL, else the region's public address, dual-stack when asked for.
[[nodiscard]] std::string resolve_endpoint(std::string_view configured, std::string_view service,
                                           std::string_view region,
                                           const std::map<std::string, std::string>& environment,
                                           bool dual_stack = false);

/// `Amazon ECS Agent - v1.105.1 (*a8b3e7d3) (linux; LINUX) (+http://aws.amazon.com/ecs/)`.
[[nodiscard]] std::string user_agent(std::string_view detailed_os_family);

/// The error in an answer outside 2xx.
[[nodiscard]] Error parse_error(const net::Response& response);

}  // namespace ecs::aws
