// For tests: a transport that answers by script, and a way to run coroutines on the virtual clock.
#pragma once

#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "aws/credentials.hpp"
#include "aws/imds.hpp"
#include "aws/transport.hpp"
#include "base/clock.hpp"
#include "base/loop.hpp"
#include "base/scope.hpp"
#include "net/stream.hpp"

namespace ecs::aws::testing {

/// No answer until the deadline.
struct Hang {};
using Answer = std::variant<net::Response, net::Error::Kind, Hang>;

[[nodiscard]] inline net::Response answer(int status, std::string body = {}, net::Headers headers = {}) {
  return {.status = status, .headers = std::move(headers), .body = std::move(body)};
}

class ScriptedTransport final : public Transport {
 public:
  struct Call {
    base::Instant at;
    net::Endpoint endpoint;
    net::Request request;
    base::Duration limit;
  };
  using Script = std::function<Answer(const net::Request& request)>;

  explicit ScriptedTransport(base::Clock& clock) : clock_(clock) {}

  /// Called for every request, in order.
  Script script = [](const net::Request&) -> Answer { return answer(404); };
  std::vector<Call> calls;

  base::Async<net::Response> exchange(net::Endpoint endpoint, net::Request request, base::Duration limit) override {
    calls.push_back({clock_.now(), endpoint, request, limit});
    const Answer given = script(request);
    if (const auto* response = std::get_if<net::Response>(&given)) co_return *response;
    auto kind = net::Error::Kind::kTimeout;
    if (const auto* error = std::get_if<net::Error::Kind>(&given)) {
      kind = *error;
    } else {
      co_await clock_.sleep_for(limit);
    }
    throw net::Error(kind, "scripted failure");
  }

  /// Time from the n-th call to the next.
  [[nodiscard]] base::Duration gap(std::size_t n) const { return calls.at(n + 1).at - calls.at(n).at; }

 private:
  base::Clock& clock_;
};

/// A loop, its virtual clock, and a transport between them.
struct World {
  base::Loop loop;
  base::VirtualClock clock{loop};
  base::Random random{42};
  ScriptedTransport transport{clock};

  /// Runs `work` to its end, moving the clock as far as it needs. Throws what it throws.
  template <class T>
  T run(base::Async<T> work, base::Duration limit = std::chrono::hours(48)) {
    std::exception_ptr failure;
    base::Scope scope(loop.executor(), [&](const std::string&, std::exception_ptr e) { failure = std::move(e); });
    auto finish = [&] {
      if (clock.advance_until([&] { return scope.size() == 0; }, limit)) return;
      scope.cancel();
      while (loop.poll() > 0) {
      }
      throw std::runtime_error("the coroutine did not end");
    };
    if constexpr (std::is_void_v<T>) {
      scope.spawn("test", std::move(work));
      finish();
      if (failure) std::rethrow_exception(failure);
    } else {
      std::optional<T> result;
      auto keep = [](base::Async<T> inner, std::optional<T>& out) -> base::Async<> {
        out.emplace(co_await std::move(inner));
      };
      scope.spawn("test", keep(std::move(work), result));
      finish();
      if (failure) std::rethrow_exception(failure);
      return std::move(*result);
    }
  }
};

[[nodiscard]] inline Credentials test_keys() {
  return {.access_key_id = "AKIDEXAMPLE",
          .secret_access_key = base::Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
          .session_token = {},
          .expires = std::nullopt,
          .provider = "test"};
}

}  // namespace ecs::aws::testing
