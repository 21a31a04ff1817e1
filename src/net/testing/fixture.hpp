// What tests of connections share: a loop, a clock that stands still, a connector, and ways to run both ends.
#pragma once

#include <exception>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/event.hpp"
#include "base/loop.hpp"
#include "base/scope.hpp"
#include "net/endpoint.hpp"
#include "net/stream.hpp"

namespace ecs::net::testing {

/// The result of a coroutine that runs in the background.
template <class T>
struct Outcome {
  std::optional<T> value;
  std::exception_ptr error;
  base::Event done;

  /// The exception, which must be of this type.
  template <class E>
  [[nodiscard]] E failure() const {
    if (!error) throw std::logic_error("it did not fail");
    try {
      std::rethrow_exception(error);
    } catch (const E& e) {
      return e;
    }
  }
};

struct Nothing {};

template <class T>
base::Async<> keep(base::Async<T> work, std::shared_ptr<Outcome<T>> out) {
  try {
    out->value.emplace(co_await std::move(work));
  } catch (...) {
    out->error = std::current_exception();
  }
  out->done.set();
}

inline base::Async<Nothing> as_value(base::Async<> work) {
  co_await std::move(work);
  co_return Nothing();
}

class Rig {
 public:
  Rig() : Rig(TlsContext::Options()) {}
  explicit Rig(TlsContext::Options tls)
      : connector(clock, std::make_shared<TlsContext>(std::move(tls)),
                  [this](const std::string& name) { return environment[name]; }) {}
  Rig(const Rig&) = delete;
  Rig& operator=(const Rig&) = delete;
  ~Rig() {
    scope.cancel();
    loop.run_until_done(scope.join());
  }

  /// Starts the other end.
  void start(base::Async<> script) { scope.spawn("script", std::move(script)); }

  template <class T>
  std::shared_ptr<Outcome<T>> start_keeping(base::Async<T> work) {
    auto outcome = std::make_shared<Outcome<T>>();
    scope.spawn("kept", keep<T>(std::move(work), outcome));
    return outcome;
  }
  std::shared_ptr<Outcome<Nothing>> start_keeping(base::Async<> work) {
    return start_keeping<Nothing>(as_value(std::move(work)));
  }

  template <class T>
  T run(base::Async<T> work) {
    return loop.run_until_done(std::move(work));
  }

  /// Runs `work`, which must throw an E.
  template <class E, class T>
  E failure(base::Async<T> work) {
    try {
      static_cast<void>(run(as_kept(std::move(work))));
    } catch (const E& e) {
      return e;
    }
    throw std::logic_error("it did not fail");
  }

  template <class T>
  void wait(const std::shared_ptr<Outcome<T>>& outcome) {
    run(outcome->done.wait());
  }

  /// Ends with the scripts: joins them.
  void join() { run(scope.join()); }

  base::Loop loop;
  base::VirtualClock clock{loop};
  std::map<std::string, std::string> environment;
  Connector connector;
  base::Scope scope{loop.executor()};

 private:
  template <class T>
  static base::Async<T> as_kept(base::Async<T> work) {
    return std::move(work);
  }
  static base::Async<Nothing> as_kept(base::Async<> work) { return as_value(std::move(work)); }
};

}  // namespace ecs::net::testing
