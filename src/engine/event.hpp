// What the engine tells local tools while it works.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/clock.hpp"

namespace ecs::engine {

struct Event {
  enum class Kind { kTaskStatus, kContainerStatus, kPullProgress, kHealth };
  Kind kind = Kind::kTaskStatus;
  base::WallTime time;
  std::string task;       ///< ARN.
  std::string container;  ///< Empty for kTaskStatus.
  std::string status;     ///< The internal word (engine.md 1.1), or the health.
  std::string reason;
  std::optional<int> exit_code;
  std::string runtime_id;
  std::string image;
  // kPullProgress
  std::string layer;
  std::string detail;
  std::int64_t current = 0;
  std::int64_t total = 0;
};

/// Called on the loop, in order; must neither block nor throw.
class EventSink {
 public:
  EventSink() = default;
  EventSink(const EventSink&) = delete;
  EventSink& operator=(const EventSink&) = delete;
  virtual ~EventSink() = default;
  virtual void emit(const Event& event) = 0;
};

}  // namespace ecs::engine
