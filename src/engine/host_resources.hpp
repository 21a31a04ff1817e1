// What the host has to give, who holds it, and who waits for it (engine.md 2.3).
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/settings.hpp"
#include "task/task.hpp"

namespace ecs::engine {

struct Demand {
  std::int64_t cpu = 0;     ///< Shares.
  std::int64_t memory = 0;  ///< MiB.
  std::vector<std::uint16_t> tcp;
  std::vector<std::uint16_t> udp;
};

/// Of the task if it has limits of its own, else the sum of its containers: CPU shares, and memoryReservation of the
/// raw host config or else the memory limit. Ports are the static host ports.
[[nodiscard]] Demand demand_of(const task::Task& task);

/// Strictly first come, first served: behind a task that does not fit yet all others wait. The head is looked at again
/// whenever something is given back, joins or leaves.
class HostResources {
 public:
  /// A total of 0 is not counted at all. Reserved ports are taken from the start.
  explicit HostResources(const Settings& settings);

  /// Calls `admitted` once what the task demands is counted for it: at once, or after others gave back theirs.
  void enqueue(const std::string& arn, Demand demand, std::function<void()> admitted);

  /// For a task whose containers are there already: counted whatever is left.
  void take(const std::string& arn, Demand demand);

  /// Gives back what the task holds and takes it out of the queue; nothing happens when it has and is neither.
  void release(const std::string& arn);

  /// What the task waits for, for people; nothing when it does not wait.
  [[nodiscard]] std::optional<std::string> why_waiting(std::string_view arn) const;

  /// Whether a task holds, or the host reserves, this port.
  [[nodiscard]] bool port_taken(std::uint16_t port, std::string_view protocol) const;

 private:
  struct Waiting {
    std::string arn;
    Demand demand;
    std::function<void()> admitted;
  };

  /// What the demand lacks; empty when it fits.
  [[nodiscard]] std::string lacks(const Demand& demand) const;
  [[nodiscard]] std::string port_holder(std::uint16_t port, bool udp) const;
  void serve();

  std::int64_t cpu_;
  std::int64_t memory_;
  std::int64_t cpu_used_ = 0;
  std::int64_t memory_used_ = 0;
  std::set<std::uint16_t> reserved_tcp_;
  std::set<std::uint16_t> reserved_udp_;
  std::map<std::string, Demand, std::less<>> held_;
  std::deque<Waiting> queue_;
  bool serving_ = false;
};

}  // namespace ecs::engine
