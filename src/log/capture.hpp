// For tests: keeps log lines in memory instead of writing them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "log/log.hpp"

namespace ecs::log {

/// While it lives, lines of every level come here and nowhere else. The latest one alive counts.
class Capture {
 public:
  struct Line {
    Level level;
    std::string message;
    std::string text;  ///< The line in logfmt without its time: `level=info msg="Task changed" task="0af3"`.
  };

  Capture();
  ~Capture();
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  [[nodiscard]] std::vector<Line> lines() const;
  /// Whether a line holds this text.
  [[nodiscard]] bool contains(std::string_view text) const;
  void clear();

  struct Store;

 private:
  std::shared_ptr<Store> store_;
};

}  // namespace ecs::log
