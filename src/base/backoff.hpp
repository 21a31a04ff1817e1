// Exponential back-off as the original does it: jitter is only ever added.
#pragma once

#include <algorithm>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace ecs::base {

struct BackoffRule {
  Duration min;
  Duration max;
  double multiple;
  double jitter;  ///< A fraction of the delay: the wait is delay + [0, jitter * delay).
};

class Backoff {
 public:
  Backoff(const BackoffRule& rule, Random& random) : rule_(rule), random_(random), next_(rule.min) {}

  /// The wait before the next try; each call makes the following one longer.
  [[nodiscard]] Duration next() {
    const auto base = static_cast<double>(next_.count());
    next_ = std::min(rule_.max, Duration(static_cast<Duration::rep>(base * rule_.multiple)));
    return Duration(static_cast<Duration::rep>(base * (1.0 + rule_.jitter * random_.fraction())));
  }

  void reset() noexcept { next_ = rule_.min; }

 private:
  BackoffRule rule_;
  Random& random_;
  Duration next_;
};

}  // namespace ecs::base
