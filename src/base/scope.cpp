#include "base/scope.hpp"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/dispatch.hpp>

#include "base/event.hpp"

namespace ecs::base {

namespace asio = boost::asio;

struct Scope::State {
  struct Entry {
    std::string name;
    asio::cancellation_signal signal;
  };

  explicit State(Executor e, OnFailure f) : executor(std::move(e)), on_failure(std::move(f)) {}

  Executor executor;
  OnFailure on_failure;
  std::list<std::shared_ptr<Entry>> running;
  bool cancelled = false;
  Event changed;
};

namespace {

/// On the loop, at once when we are there already. Emitted from outside, Asio 1.81 would post a pointer into the
/// coroutine's state, which is gone when the coroutine ends in between.
template <class Entry>
void emit(const Executor& executor, const std::shared_ptr<Entry>& entry) {
  asio::dispatch(executor, [entry] { entry->signal.emit(asio::cancellation_type::terminal); });
}

[[noreturn]] void die(const std::string& what, const std::string& detail) {
  std::fprintf(stderr, "fatal: %s: %s\n", what.c_str(), detail.c_str());
  std::abort();
}

}  // namespace

Scope::Scope(Executor executor, OnFailure on_failure)
    : state_(std::make_shared<State>(std::move(executor), std::move(on_failure))) {}

Scope::~Scope() {
  if (state_ && !state_->running.empty()) die("scope destroyed while this runs", state_->running.front()->name);
}

void Scope::spawn(std::string name, Async<> work) {
  auto entry = std::make_shared<State::Entry>();
  entry->name = std::move(name);
  state_->running.push_back(entry);
  auto done = [state = state_, entry](const std::exception_ptr& error) {
    state->running.remove(entry);
    if (error && !is_cancellation(error)) {
      if (!state->on_failure) die(entry->name, describe(error));
      state->on_failure(entry->name, error);
    }
    state->changed.pulse();
  };
  asio::co_spawn(state_->executor, std::move(work),
                 asio::bind_cancellation_slot(entry->signal.slot(), std::move(done)));
  if (state_->cancelled) emit(state_->executor, entry);
}

void Scope::cancel() {
  state_->cancelled = true;
  // A coroutine that ends while it is cancelled changes the list, so walk over a copy.
  for (const auto& entry : std::list(state_->running)) emit(state_->executor, entry);
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
