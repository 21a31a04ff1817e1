// Which failures are worth another attempt, how long to wait, and how many retries one client may spend.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "aws/error.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "net/stream.hpp"

namespace ecs::aws {

/// When a failed attempt is followed by another.
struct RetryRule {
  int max_attempts = 3;
  /// The wait after the n-th failed attempt (n from 1).
  std::function<base::Duration(int failed, base::Random& random)> delay;
};

/// [0,1) x 2^n s, at most 20 s.
[[nodiscard]] RetryRule standard_retry(int max_attempts = 3);

/// standard_retry() with the AWS_MAX_ATTEMPTS of the environment; below 0 is without end, 0 is the default.
/// AWS_RETRY_MODE may be `standard` or `adaptive`, which are the same here. Throws std::invalid_argument naming the
/// variable.
[[nodiscard]] RetryRule retry_from_environment(const std::map<std::string, std::string>& environment);

/// 298 attempts: 2^n x (30..59 ms) for n up to 13, then 5 minutes.
[[nodiscard]] RetryRule submit_retry();

/// Whether the service's answer is worth another attempt, whatever the clocks say.
[[nodiscard]] bool is_retryable(int status, std::string_view code);
[[nodiscard]] bool is_retryable(net::Error::Kind kind);

/// How far the clocks must be apart before a bad signature is blamed on them.
inline constexpr base::Duration kSkewThreshold = std::chrono::minutes(4);

/// Whether an error is a matter of clocks: always for the codes that say so, and for a signature that did not match
/// when the clocks are far apart.
[[nodiscard]] bool is_clock_skew(std::string_view code, base::Duration skew);

/// A bucket of 500 tokens per client: each retry costs 5, 10 after a time-out, given back when that retry succeeds;
/// a success at the first attempt gives 1.
class RetryQuota {
 public:
  /// False when too few are left: the call then ends.
  [[nodiscard]] bool take(bool after_timeout);
  /// The call succeeded; `retried` says whether its last attempt was a retry.
  void succeeded(bool retried, bool after_timeout);
  [[nodiscard]] int available() const noexcept { return available_; }
  [[nodiscard]] static int cost(bool after_timeout) noexcept;

 private:
  static constexpr int kCapacity = 500;
  int available_ = kCapacity;
};

}  // namespace ecs::aws
