// What containers write, line by line.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "base/async.hpp"
#include "docker/client.hpp"

namespace ecs::ctl {

/// Puts pieces together to lines; a carriage return before the end of a line is dropped.
class LineSplitter {
 public:
  using OnLine = std::function<void(std::string line)>;
  explicit LineSplitter(OnLine on_line) : on_line_(std::move(on_line)) {}
  void put(std::string_view bytes);
  /// What is left without an end of line.
  void finish();

 private:
  OnLine on_line_;
  std::string rest_;
};

/// Every line that the container has written, and with `follow` those that it writes until it ends. Throws
/// docker::Error.
base::Async<> read_log(docker::Client& engine, std::string container_id, bool follow, LineSplitter::OnLine on_line);

}  // namespace ecs::ctl
