#include "base/scope.hpp"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "base/event.hpp"

namespace ecs::base {

namespace asio = boost::asio;

struct Scope::State {
  struct Entry {
    std::string name;
    asio::cancellation_signal signal;
    bool cancellable = false;  // its work has begun, has not ended and was not cancelled yet
    std::exception_ptr error;
  };

  explicit State(Executor e, OnFailure f) : executor(std::move(e)), on_failure(std::move(f)) {}

  static Async<> run(std::shared_ptr<State> state, std::shared_ptr<Entry> entry, Async<> work);
  void cancel(const std::shared_ptr<Entry>& entry) const;

  Executor executor;
  OnFailure on_failure;
  std::list<std::shared_ptr<Entry>> running;
  bool cancelled = false;
  Event changed;
};

namespace {

[[noreturn]] void die(const std::string& what, const std::string& detail) {
  std::fprintf(stderr, "fatal: %s: %s\n", what.c_str(), detail.c_str());
  std::abort();
}

}  // namespace

/// Asio's own entry coroutine must never see the cancellation: while cancelled it throws out of the loop instead of
/// calling the completion handler. So the signal reaches only the work, which starts after a turn of the loop, and the
/// mark that it leaves is taken away afterwards.
Async<> Scope::State::run(std::shared_ptr<State> state, std::shared_ptr<Entry> entry, Async<> work) {
  co_await asio::post(state->executor, asio::use_awaitable);
  if (state->cancelled) co_return;
  entry->cancellable = true;
  try {
    co_await std::move(work);
  } catch (...) {
    entry->error = std::current_exception();
  }
  entry->cancellable = false;
  co_await forget_cancellation();
}

void Scope::State::cancel(const std::shared_ptr<Entry>& entry) const {
  // On the loop, at once when we are there already. Emitted from outside, Asio 1.81 would post a pointer into the
  // coroutine's state, which is gone when the coroutine ends in between.
  asio::dispatch(executor, [entry] {
    if (std::exchange(entry->cancellable, false)) entry->signal.emit(asio::cancellation_type::terminal);
  });
}

namespace {

/// Calls its function once: when told to, or when it is destroyed because the loop is gone.
class AtEnd {
 public:
  explicit AtEnd(std::move_only_function<void()> function) : function_(std::move(function)) {}
  AtEnd(AtEnd&&) = default;
  AtEnd& operator=(AtEnd&&) = delete;
  ~AtEnd() { call(); }
  void call() {
    if (auto function = std::exchange(function_, nullptr)) function();
  }

 private:
  std::move_only_function<void()> function_;
};

}  // namespace

Scope::Scope(Executor executor, OnFailure on_failure)
    : state_(std::make_shared<State>(std::move(executor), std::move(on_failure))) {}

Scope::~Scope() {
  if (!state_->running.empty()) die("scope destroyed while this runs", state_->running.front()->name);
}

void Scope::spawn(std::string name, Async<> work) {
  auto entry = std::make_shared<State::Entry>();
  entry->name = std::move(name);
  state_->running.push_back(entry);
  AtEnd forget([state = state_, entry] { state->running.remove(entry); });
  auto done = [state = state_, entry, forget = std::move(forget)](const std::exception_ptr&) mutable {
    forget.call();
    const std::exception_ptr error = std::exchange(entry->error, nullptr);
    state->changed.pulse();
    if (!error || is_cancellation(error)) return;
    if (!state->on_failure) die(entry->name, describe(error));
    state->on_failure(entry->name, error);
  };
  asio::co_spawn(state_->executor, State::run(state_, entry, std::move(work)),
                 asio::bind_cancellation_slot(entry->signal.slot(), std::move(done)));
}

void Scope::cancel() {
  state_->cancelled = true;
  // A coroutine that ends while it is cancelled changes the list, so walk over a copy.
  const auto entries = state_->running;
  for (const auto& entry : entries) state_->cancel(entry);
}

Async<> Scope::join() {
  while (!state_->running.empty()) co_await state_->changed.wait();
}

bool Scope::cancelled() const noexcept { return state_->cancelled; }
std::size_t Scope::size() const noexcept { return state_->running.size(); }
const Executor& Scope::executor() const noexcept { return state_->executor; }

std::vector<std::string> Scope::names() const {
  std::vector<std::string> names;
  names.reserve(state_->running.size());
  for (const auto& entry : state_->running) names.push_back(entry->name);
  return names;
}

void Scope::abandon() noexcept { state_->running.clear(); }

}  // namespace ecs::base
