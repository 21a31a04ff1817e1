// The one thread that owns all state.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/async.hpp"

namespace ecs::base {

class Loop {
 public:
  Loop();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  [[nodiscard]] Executor executor() const;

  /// Runs until stop(). Exceptions of posted functions pass through.
  void run();
  void stop();

  /// Runs what is ready now without waiting; the number of handlers run. For tests and for the virtual clock.
  std::size_t poll();

  /// Runs `work` on the loop, soon. Safe from any thread.
  void post(std::move_only_function<void()> work);

  /// Runs the loop until `work` has ended and gives its result, or throws its exception. For main() and for tests.
  template <class T>
  T run_until_done(Async<T> work);

 private:
  void start(Async<> work, std::move_only_function<void(std::exception_ptr)> done);
  void run_while(const bool& unfinished);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

template <class T>
T Loop::run_until_done(Async<T> work) {
  bool unfinished = true;
  std::exception_ptr error;
  auto done = [&](std::exception_ptr e) {
    error = std::move(e);
    unfinished = false;
  };
  if constexpr (std::is_void_v<T>) {
    start(std::move(work), done);
    run_while(unfinished);
    if (error) std::rethrow_exception(error);
  } else {
    std::optional<T> result;
    auto keep = [](Async<T> inner, std::optional<T>& out) -> Async<> { out.emplace(co_await std::move(inner)); };
    start(keep(std::move(work), result), done);
    run_while(unfinished);
    if (error) std::rethrow_exception(error);
    return std::move(*result);
  }
}

}  // namespace ecs::base
