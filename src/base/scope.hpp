// Nothing runs unowned: every coroutine has a name and belongs to a scope that cancels and joins it.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "base/async.hpp"

namespace ecs::base {

class Scope {
 public:
  /// Called with the name and the exception of a coroutine that failed (a cancellation is no failure). The scope goes
  /// on; the default writes both to stderr and aborts.
  using OnFailure = std::function<void(const std::string& name, std::exception_ptr error)>;

  explicit Scope(Executor executor, OnFailure on_failure = {});

  /// Aborts when a coroutine still runs, naming it: join first. Coroutines that ended with their loop do not count.
  ~Scope();
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  /// Starts `work` in the loop's next round, never inside this call. After cancel() it does not start at all.
  void spawn(std::string name, Async<> work);

  /// Asks all to end: their current and later waits throw. Safe to call from one of them, and twice: a coroutine is
  /// cancelled once, so that what it does after forget_cancellation() is not disturbed.
  void cancel();

  /// Waits until all have ended. Not to be called from one of them. Throws when the caller itself is cancelled, with
  /// the coroutines still running: see forget_cancellation().
  Async<> join();

  [[nodiscard]] bool cancelled() const noexcept;
  [[nodiscard]] std::size_t size() const noexcept;
  [[nodiscard]] std::vector<std::string> names() const;
  [[nodiscard]] const Executor& executor() const noexcept;

  /// Forgets what runs: for the end of a process whose loop never runs again.
  void abandon() noexcept;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

/// base::spawn(scope, "acs session", session.run()).
inline void spawn(Scope& scope, std::string name, Async<> work) { scope.spawn(std::move(name), std::move(work)); }

}  // namespace ecs::base
