#include "base/worker_pool.hpp"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include <boost/asio/post.hpp>
#include <boost/asio/prefer.hpp>

namespace ecs::base {

namespace asio = boost::asio;

namespace {

struct Job {
  std::move_only_function<void()> work;
  std::move_only_function<void()> done;
  Executor reply;  // tracks outstanding work, so that the loop does not end under a running job
};

}  // namespace

struct WorkerPool::Impl {
  Executor executor;
  std::size_t limit;
  std::mutex mutex;
  std::condition_variable wake;
  std::deque<Job> jobs;
  std::size_t idle = 0;
  bool stopping = false;
  std::vector<std::thread> threads;

  void work() {
    std::unique_lock lock(mutex);
    while (true) {
      ++idle;
      wake.wait(lock, [this] { return stopping || !jobs.empty(); });
      --idle;
      if (stopping) return;
      Job job = std::move(jobs.front());
      jobs.pop_front();
      lock.unlock();
      job.work();
      asio::post(job.reply, std::move(job.done));
      job.reply = {};
      lock.lock();
    }
  }
};

WorkerPool::WorkerPool(Executor executor, std::size_t threads) : impl_(std::make_shared<Impl>()) {
  impl_->executor = std::move(executor);
  impl_->limit = threads;
}

WorkerPool::~WorkerPool() {
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  for (auto& thread : impl_->threads) thread.join();
  for (Job& job : impl_->jobs) asio::post(job.reply, std::move(job.done));
}

void WorkerPool::submit(std::move_only_function<void()> job, std::move_only_function<void()> done) {
  if (impl_->limit == 0) {
    asio::post(impl_->executor, [job = std::move(job), done = std::move(done)]() mutable {
      job();
      done();
    });
    return;
  }
  Executor reply = asio::prefer(impl_->executor, asio::execution::outstanding_work.tracked);
  const std::lock_guard lock(impl_->mutex);
  if (impl_->idle <= impl_->jobs.size() && impl_->threads.size() < impl_->limit) {
    impl_->threads.emplace_back([impl = impl_.get()] { impl->work(); });
  }
  impl_->jobs.push_back({std::move(job), std::move(done), std::move(reply)});
  impl_->wake.notify_one();
}

}  // namespace ecs::base
