#include "net/line_listener.hpp"

#include <utility>

#include "net/detail/io.hpp"
#include "net/detail/listener.hpp"

namespace ecs::net {
namespace {

constexpr std::size_t kReadChunk = 16U << 10U;

}  // namespace

struct LineListener::Impl {
  base::Async<> read_lines(std::unique_ptr<Stream> stream);

  std::unique_ptr<detail::Listener> listener;
  OnLine on_line;
  std::size_t max_line;
};

LineListener::LineListener(base::Executor executor, const std::string& path, unsigned mode, OnLine on_line,
                           std::size_t max_line)
    : impl_(std::make_unique<Impl>()) {
  impl_->listener = detail::listen_unix(std::move(executor), path, mode);
  impl_->on_line = std::move(on_line);
  impl_->max_line = max_line;
}

LineListener::~LineListener() = default;

base::Async<> LineListener::Impl::read_lines(std::unique_ptr<Stream> stream) {
  std::string buffer;
  while (buffer.size() <= max_line) {
    if (co_await detail::read_more(*stream, buffer, kReadChunk)) break;
    std::size_t start = 0;
    for (std::size_t end = buffer.find('\n'); end != std::string::npos; end = buffer.find('\n', start)) {
      if (end > start) on_line(buffer.substr(start, end - start));
      start = end + 1;
    }
    buffer.erase(0, start);
  }
}

base::Async<> LineListener::serve(base::Scope& scope) {
  while (true) {
    detail::Listener::Accepted accepted = co_await impl_->listener->accept();
    scope.spawn("line reader", impl_->read_lines(std::move(accepted.stream)));
  }
}

}  // namespace ecs::net
