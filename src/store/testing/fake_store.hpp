// A store for tests that fails, delays and crashes where it is told to.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/event.hpp"
#include "store/memory_store.hpp"
#include "store/store.hpp"

namespace ecs::store::testing {

/// The process is gone as far as the store can tell: nothing after this point may have an effect.
class Crashed : public std::runtime_error {
 public:
  Crashed() : std::runtime_error("the store has crashed") {}
};

/// Commits are numbered from 1 in the order of the calls; a number that is already past never comes.
class FakeStore final : public Store {
 public:
  FakeStore();
  ~FakeStore() override;

  base::Async<Committed> commit(std::vector<Write> batch) override;
  std::vector<Row> load(Table table) override;

  /// How callers learn of a crash: by the exception Crashed, or not at all: they wait until they are cancelled, as
  /// the code of a dead process does not run on.
  enum class AfterCrash { kThrow, kHang };

  /// Commit number `n` throws Error and is not applied; those after it go on.
  void fail_at(std::size_t n, std::string message = "disk full");
  /// Every commit throws Error from now on, until nothing is given.
  void fail_all(std::optional<std::string> message);
  /// The process dies just before commit `n`: it and all later ones are lost.
  void crash_before(std::size_t n, AfterCrash after = AfterCrash::kThrow);
  /// The process dies just after commit `n`: it is durable, but nobody learns of it, and all later ones are lost.
  void crash_after(std::size_t n, AfterCrash after = AfterCrash::kThrow);
  /// Dies now.
  void crash(AfterCrash after = AfterCrash::kThrow);
  /// Called once, when the crash happens.
  void on_crash(std::function<void()> call) { on_crash_ = std::move(call); }

  /// Commits wait, not applied, until release(); their order stays.
  void hold() { held_ = true; }
  void release();
  /// Each commit takes this long on the clock before it is applied. One after the other.
  void delay_each(base::Clock& clock, base::Duration delay);

  /// The next process on the same disk: no faults, numbers start anew, rows as they were durable. Nobody may be
  /// waiting in commit() when it is called.
  void restart();

  [[nodiscard]] bool crashed() const noexcept { return crashed_; }
  /// Calls of commit() so far.
  [[nodiscard]] std::size_t commits() const noexcept { return calls_; }
  /// Those that were applied.
  [[nodiscard]] std::size_t applied() const noexcept { return applied_; }
  [[nodiscard]] std::size_t waiting() const noexcept { return queue_.size(); }
  [[nodiscard]] const std::map<std::string, std::string>& rows(Table table) const { return rows_.of(table); }
  [[nodiscard]] std::optional<std::string> find(Table table, const std::string& key) const;
  /// Puts rows in place as an earlier process left them; counts as no commit.
  void put(std::vector<Write> batch) { rows_.apply(std::move(batch)); }
  /// Every batch applied, in order.
  [[nodiscard]] const std::vector<std::vector<Write>>& history() const noexcept { return history_; }
  void forget_history() { history_ = {}; }

 private:
  struct Pending;
  base::Async<Committed> wait(std::shared_ptr<Pending> pending);
  void drain();
  void decide(Pending& pending);
  void die(AfterCrash after);

  Rows rows_;
  std::vector<std::vector<Write>> history_;
  std::deque<std::shared_ptr<Pending>> queue_;
  std::map<std::size_t, std::string> failures_;
  std::optional<std::string> failure_;
  std::optional<std::size_t> crash_before_;
  std::optional<std::size_t> crash_after_;
  AfterCrash after_crash_ = AfterCrash::kThrow;
  std::function<void()> on_crash_;
  base::Clock* clock_ = nullptr;
  base::Duration delay_{};
  std::unique_ptr<base::Timer> timer_;
  std::size_t calls_ = 0;
  std::size_t applied_ = 0;
  bool held_ = false;
  bool crashed_ = false;
};

}  // namespace ecs::store::testing
