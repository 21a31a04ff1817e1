#include "net/testing/fake_stream.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>

namespace ecs::net::testing {

namespace asio = boost::asio;

struct FakeStream::State {
  base::Executor executor;
  std::string input;
  std::size_t piece;
  boost::system::error_code end;
  std::shared_ptr<std::string> written = std::make_shared<std::string>();
  bool closed = false;
};

FakeStream::FakeStream(base::Executor executor, std::string input, std::size_t piece,
                       std::optional<boost::system::error_code> end)
    : state_(std::make_shared<State>(State{.executor = std::move(executor),
                                           .input = std::move(input),
                                           .piece = std::max<std::size_t>(piece, 1),
                                           .end = end.value_or(asio::error::eof)})) {}

FakeStream::~FakeStream() { FakeStream::close(); }

void FakeStream::start_read(std::span<std::byte> into, Handler handler) {
  asio::post(state_->executor, [state = state_, into, handler = std::move(handler)]() mutable {
    if (state->closed) return handler(asio::error::operation_aborted, 0);
    const std::size_t size = std::min({into.size(), state->input.size(), state->piece});
    if (size == 0) return handler(state->end, 0);
    std::memcpy(into.data(), state->input.data(), size);
    state->input.erase(0, size);
    handler({}, size);
  });
}

void FakeStream::start_write(std::span<const std::byte> from, Handler handler) {
  asio::post(state_->executor, [state = state_, from, handler = std::move(handler)]() mutable {
    if (state->closed) return handler(asio::error::operation_aborted, 0);
    const std::size_t size = std::min(from.size(), state->piece);
    state->written->append(reinterpret_cast<const char*>(from.data()), size);
    handler({}, size);
  });
}

void FakeStream::close() noexcept { state_->closed = true; }
bool FakeStream::readable() const noexcept { return true; }
base::Executor FakeStream::executor() const { return state_->executor; }
std::shared_ptr<const std::string> FakeStream::written() const { return state_->written; }

}  // namespace ecs::net::testing
