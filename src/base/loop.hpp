// The one thread that owns all state.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
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

  /// Runs the loop until `work` has ended and gives its result, or throws its exception; std::logic_error when stop()
  /// came first. For main() and for tests.
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
  // Shared with the coroutine, which goes on if the loop is stopped under it.
  struct Shared {
    bool unfinished = true;
    std::exception_ptr error;
    std::optional<std::conditional_t<std::is_void_v<T>, bool, T>> result;
  };
  const auto shared = std::make_shared<Shared>();
  auto keep = [](Async<T> inner, std::shared_ptr<Shared> out) -> Async<> {
    if constexpr (std::is_void_v<T>) {
      co_await std::move(inner);
      out->result = true;
    } else {
      out->result.emplace(co_await std::move(inner));
    }
  };
  start(keep(std::move(work), shared), [shared](std::exception_ptr e) {
    shared->error = std::move(e);
    shared->unfinished = false;
  });
  run_while(shared->unfinished);
  if (shared->error) std::rethrow_exception(shared->error);
  if (!shared->result) throw std::logic_error("the loop was stopped before the work ended");
  if constexpr (!std::is_void_v<T>) return std::move(*shared->result);
}

}  // namespace ecs::base
