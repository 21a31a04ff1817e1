// Unix signals, delivered on the loop.
#pragma once

#include <initializer_list>
#include <memory>

#include "base/async.hpp"

namespace ecs::base {

/// From construction to destruction the given signals no longer end the process; next() hands them out in turn.
class Signals {
 public:
  Signals(const Executor& executor, std::initializer_list<int> numbers);
  ~Signals();
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// The number of the next signal. One waiter at a time. Throws Cancelled.
  Async<int> next();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ecs::base
