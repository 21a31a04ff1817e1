#include "aws/retry.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <stdexcept>
#include <system_error>

#include "base/text.hpp"

namespace ecs::aws {

namespace {

constexpr std::array<std::string_view, 17> kRetryableCodes = {"RequestTimeout",
                                                              "RequestTimeoutException",
                                                              "Throttling",
                                                              "ThrottlingException",
                                                              "ThrottledException",
                                                              "RequestThrottledException",
                                                              "TooManyRequestsException",
                                                              "ProvisionedThroughputExceededException",
                                                              "TransactionInProgressException",
                                                              "RequestLimitExceeded",
                                                              "BandwidthLimitExceeded",
                                                              "LimitExceededException",
                                                              "RequestThrottled",
                                                              "SlowDown",
                                                              "PriorRequestNotComplete",
                                                              "EC2ThrottledException",
                                                              "TransientError"};
constexpr std::array<std::string_view, 3> kSkewCodes = {"RequestExpired", "RequestInTheFuture", "RequestTimeTooSkewed"};
constexpr std::array<std::string_view, 3> kPerhapsSkewCodes = {"InvalidSignatureException", "SignatureDoesNotMatch",
                                                               "AuthFailure"};

template <std::size_t N>
bool holds(const std::array<std::string_view, N>& all, std::string_view code) {
  return std::ranges::find(all, code) != all.end();
}

}  // namespace

RetryRule standard_retry(int max_attempts) {
  constexpr int kLongestDoubling = 4;  // 2^5 s would be above the cap.
  auto delay = [](int failed, base::Random& random) -> base::Duration {
    constexpr base::Duration kCap = std::chrono::seconds(20);
    if (failed > kLongestDoubling) return kCap;
    const double seconds = random.fraction() * static_cast<double>(1U << static_cast<unsigned>(failed));
    return std::min(kCap, base::Duration(static_cast<base::Duration::rep>(seconds * 1e9)));
  };
  return {max_attempts, delay};
}

RetryRule retry_from_environment(const std::map<std::string, std::string>& environment) {
  const auto find = [&environment](const char* name) {
    const auto found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
  };
  const std::string mode = find("AWS_RETRY_MODE");
  if (!mode.empty() && !base::equal_ignoring_case(mode, "standard") && !base::equal_ignoring_case(mode, "adaptive")) {
    throw std::invalid_argument("AWS_RETRY_MODE: must be standard or adaptive, got " + base::go_quote(mode));
  }
  const std::string text = find("AWS_MAX_ATTEMPTS");
  if (text.empty()) return standard_retry();
  int attempts = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), attempts);
  if (error != std::errc() || end != text.data() + text.size()) {
    throw std::invalid_argument("AWS_MAX_ATTEMPTS: must be an integer, got " + base::go_quote(text));
  }
  if (attempts == 0) return standard_retry();
  return standard_retry(attempts < 0 ? std::numeric_limits<int>::max() : attempts);
}

RetryRule submit_retry() {
  // Thirteen growing waits and 285 of five minutes make about a day.
  constexpr int kGrowing = 13;
  constexpr int kAttempts = 298;
  auto delay = [](int failed, base::Random& random) -> base::Duration {
    if (failed > kGrowing) return std::chrono::minutes(5);
    const auto unit = std::chrono::milliseconds(30 + random.below(30));
    return unit * (std::int64_t{1} << failed);
  };
  return {kAttempts, delay};
}

bool is_retryable(int status, std::string_view code) {
  return status == 500 || status == 502 || status == 503 || status == 504 || holds(kRetryableCodes, code);
}

bool is_retryable(net::Error::Kind kind) {
  switch (kind) {
    case net::Error::Kind::kConnect:
    case net::Error::Kind::kReset:
    case net::Error::Kind::kEof:
    case net::Error::Kind::kTimeout:
      return true;
    case net::Error::Kind::kResolve:
    case net::Error::Kind::kTls:
    case net::Error::Kind::kProtocol:
      return false;
  }
  return false;
}

bool is_clock_skew(std::string_view code, base::Duration skew) {
  if (holds(kSkewCodes, code)) return true;
  return holds(kPerhapsSkewCodes, code) && (skew > kSkewThreshold || -skew > kSkewThreshold);
}

int RetryQuota::cost(bool after_timeout) noexcept { return after_timeout ? 10 : 5; }

bool RetryQuota::take(bool after_timeout) {
  if (available_ < cost(after_timeout)) return false;
  available_ -= cost(after_timeout);
  return true;
}

void RetryQuota::succeeded(bool retried, bool after_timeout) {
  available_ = std::min(kCapacity, available_ + (retried ? cost(after_timeout) : 1));
}

}  // namespace ecs::aws
