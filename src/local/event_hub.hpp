// The agent's events: lines come in on a unix socket and go out to everybody who listens.
#pragma once

#include <cstddef>
#include <list>
#include <memory>
#include <string>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "base/mailbox.hpp"
#include "base/scope.hpp"
#include "net/http_server.hpp"

namespace ecs::local {

class EventHub {
 public:
  explicit EventHub(base::Clock& clock) : clock_(clock) {}

  /// To all listeners. One that does not keep up loses its stream.
  void publish(const std::string& line);

  /// Answers with a chunked stream of lines until the listener goes; an empty line every two seconds shows that it is
  /// still there. The first line is `{"kind":"listening"}`.
  base::Async<> stream(net::ServerExchange& exchange);

  [[nodiscard]] std::size_t listeners() const noexcept { return listeners_.size(); }

 private:
  using Lines = base::Mailbox<std::string>;
  base::Clock& clock_;
  std::list<std::shared_ptr<Lines>> listeners_;
};

}  // namespace ecs::local
