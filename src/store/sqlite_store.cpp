#include "store/sqlite_store.hpp"

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <utility>

#include "base/event.hpp"
#include "store/database.hpp"

namespace ecs::store {

namespace {

/// Bounds the time that the first batch of a group waits for the last.
constexpr std::size_t kMaxGroup = 1000;

}  // namespace

struct SqliteStore::Ticket {
  std::vector<Write> batch;
  std::exception_ptr error;
  base::Event done;
};

struct SqliteStore::Impl {
  using Tickets = std::vector<std::shared_ptr<Ticket>>;

  Impl(base::Loop& l, const std::filesystem::path& directory, SqliteOptions options)
      : loop(l), database(directory / options.file_name, options.lock_wait) {}

  base::Loop& loop;
  std::mutex file;  // guards database
  Database database;
  mutable std::mutex mutex;  // guards what follows
  std::condition_variable wake;
  std::deque<std::shared_ptr<Ticket>> waiting;
  Counters counters;
  bool stopping = false;
  std::thread thread;

  void work() {
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [this] { return stopping || !waiting.empty(); });
      if (waiting.empty()) return;
      const auto count = static_cast<std::ptrdiff_t>(std::min(waiting.size(), kMaxGroup));
      Tickets group(waiting.begin(), waiting.begin() + count);
      waiting.erase(waiting.begin(), waiting.begin() + count);
      lock.unlock();
      write_group(group);
      report(std::move(group));
      lock.lock();
    }
  }

  void write_group(const Tickets& group) {
    std::vector<const std::vector<Write>*> batches;
    batches.reserve(group.size());
    for (const auto& ticket : group) batches.push_back(&ticket->batch);
    const bool alone = group.size() == 1;
    try {
      write_one_transaction(batches);
      return;
    } catch (const DatabaseError& e) {
      if (alone || !e.concerns_the_batch()) {
        for (const auto& ticket : group) ticket->error = std::current_exception();
      }
    } catch (...) {
      for (const auto& ticket : group) ticket->error = std::current_exception();
    }
    if (group.front()->error) {
      const std::lock_guard lock(mutex);
      counters.failures += group.size();
      return;
    }
    for (const auto& ticket : group) write_group({ticket});
  }

  void write_one_transaction(const std::vector<const std::vector<Write>*>& batches) {
    {
      const std::lock_guard lock(file);
      database.apply(batches);
    }
    const std::lock_guard lock(mutex);
    counters.batches += batches.size();
    ++counters.transactions;
  }

  void report(Tickets group) {
    loop.post([group = std::move(group)] {
      for (const auto& ticket : group) ticket->done.set();
    });
  }
};

SqliteStore::SqliteStore(base::Loop& loop, const std::filesystem::path& directory, SqliteOptions options)
    : impl_(std::make_unique<Impl>(loop, directory, options)) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->work(); });
}

SqliteStore::~SqliteStore() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_one();
  impl_->thread.join();
}

base::Async<Committed> SqliteStore::commit(std::vector<Write> batch) {
  auto ticket = std::make_shared<Ticket>();
  ticket->batch = std::move(batch);
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->waiting.push_back(ticket);
  }
  impl_->wake.notify_one();
  return wait(std::move(ticket));
}

base::Async<Committed> SqliteStore::wait(std::shared_ptr<Ticket> ticket) {
  co_await ticket->done.wait();
  if (ticket->error) std::rethrow_exception(ticket->error);
  co_return committed();
}

std::vector<Row> SqliteStore::load(Table table) {
  const std::lock_guard lock(impl_->file);
  return impl_->database.load(table);
}

SqliteStore::Counters SqliteStore::counters() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->counters;
}

}  // namespace ecs::store
