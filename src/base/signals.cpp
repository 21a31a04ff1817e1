#include "base/signals.hpp"

#include <boost/asio/signal_set.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace ecs::base {

struct Signals::Impl {
  explicit Impl(const Executor& executor) : set(executor) {}
  boost::asio::signal_set set;
};

Signals::Signals(const Executor& executor, std::initializer_list<int> numbers)
    : impl_(std::make_unique<Impl>(executor)) {
  for (const int number : numbers) impl_->set.add(number);
}

Signals::~Signals() = default;

Async<int> Signals::next() { co_return co_await impl_->set.async_wait(boost::asio::use_awaitable); }

}  // namespace ecs::base
