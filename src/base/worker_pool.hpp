// Threads for what blocks: database commits, file writes, name look-ups, child processes.
#pragma once

#include <cstddef>
#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/async.hpp"
#include "base/event.hpp"

namespace ecs::base {

class WorkerPool {
 public:
  /// Threads start with the first job. `executor` is the loop to which results come back; it outlives the pool.
  /// Without threads the jobs run on the loop itself: for tests with a virtual clock, which does not wait for threads.
  explicit WorkerPool(Executor executor, std::size_t threads = 2);

  /// Finishes the jobs that have begun and drops the rest: their callers see Cancelled.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  /// Runs `work` on a thread and gives its result or exception on the loop. When the caller is cancelled the work
  /// still ends, and its result is dropped: it must own all it touches. `work` is destroyed on the loop.
  template <class F>
  Async<std::invoke_result_t<F>> run(F work) {
    using T = std::invoke_result_t<F>;
    struct Shared {
      explicit Shared(F f) : work(std::move(f)) {}
      F work;
      Event done;
      std::exception_ptr error;
      std::optional<std::conditional_t<std::is_void_v<T>, bool, T>> value;
    };
    auto shared = std::make_shared<Shared>(std::move(work));
    // `done` keeps the shared state alive through the job, and is destroyed on the loop.
    auto job = [&s = *shared] {
      try {
        if constexpr (std::is_void_v<T>) {
          s.work();
          s.value = true;
        } else {
          s.value.emplace(s.work());
        }
      } catch (...) {
        s.error = std::current_exception();
      }
    };
    submit(std::move(job), [shared] { shared->done.set(); });
    co_await shared->done.wait();
    if (shared->error) std::rethrow_exception(shared->error);
    if (!shared->value) throw Cancelled();
    if constexpr (!std::is_void_v<T>) co_return std::move(*shared->value);
  }

 private:
  void submit(std::move_only_function<void()> job, std::move_only_function<void()> done);

  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace ecs::base
