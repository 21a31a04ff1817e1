#include "base/loop.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace ecs::base {

namespace asio = boost::asio;

struct Loop::Impl {
  asio::io_context io{1};
  asio::executor_work_guard<asio::io_context::executor_type> guard{io.get_executor()};
};

Loop::Loop() : impl_(std::make_unique<Impl>()) {}
Loop::~Loop() = default;

Executor Loop::executor() const { return impl_->io.get_executor(); }

void Loop::run() {
  impl_->io.restart();
  impl_->io.run();
}

void Loop::stop() { impl_->io.stop(); }

std::size_t Loop::poll() {
  impl_->io.restart();
  return impl_->io.poll();
}

void Loop::post(std::move_only_function<void()> work) { asio::post(impl_->io, std::move(work)); }

void Loop::start(Async<> work, std::move_only_function<void(std::exception_ptr)> done) {
  asio::co_spawn(impl_->io, std::move(work), std::move(done));
}

void Loop::run_while(const bool& unfinished) {
  impl_->io.restart();
  while (unfinished && impl_->io.run_one() > 0) {
  }
}

}  // namespace ecs::base
