// Takes lines of text from whoever connects to a unix socket.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/async.hpp"
#include "base/scope.hpp"

namespace ecs::net {

class LineListener {
 public:
  /// Called on the loop with each line, without its end.
  using OnLine = std::function<void(std::string line)>;

  /// Listens now; a socket file that nobody listens on is replaced. The file goes with the listener. Throws
  /// Error::kConnect.
  LineListener(base::Executor executor, const std::string& path, unsigned mode, OnLine on_line,
               std::size_t max_line = std::size_t{1} << 20U);
  ~LineListener();
  LineListener(const LineListener&) = delete;
  LineListener& operator=(const LineListener&) = delete;

  /// Serves until the scope is cancelled: connections run in it, and it must be joined before the listener goes. A peer
  /// that sends a line longer than the limit is cut off.
  base::Async<> serve(base::Scope& scope);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ecs::net
