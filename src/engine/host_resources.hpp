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
  std::vector<std::string> gpus;  ///< Device ids.
};

/// Of the task if it has limits of its own, else the sum of its containers: CPU shares, and memoryReservation of the
/// raw host config or else the memory limit. Ports are the static host ports, but for awsvpc, where they are no ports
/// of the host.
[[nodiscard]] Demand demand_of(const task::Task& task);

/// The same with the ports that its containers have published, whoever chose them.
[[nodiscard]] Demand holdings_of(const task::Task& task);

/// The order of admission:
///
///   A task is admitted as soon as it fits beside all that is held and all that is wanted by those who came before it
///   and still wait. Only resources that the task itself wants are looked at.
///
/// For the one that waits longest this means: as soon as it fits. Another may pass it, but of each resource it takes
/// only what is left once the demands of all those before it are set aside: of one that they lack, nothing. So while a
/// task that has passed holds some of a resource, that resource is not what those it passed wait for, and each task is
/// admitted at the very moment at which it would be if nobody had passed it: passing cannot starve. Tasks that want a
/// resource that the first one lacks keep their order.
///
/// Looked at whenever a task joins, leaves or gives back.
class HostResources {
 public:
  /// A total of 0 is not counted at all. Reserved ports are taken from the start.
  explicit HostResources(const Settings& settings);

  /// What this host can never give, with figures, for the task's reason: `the task needs 9000 MiB of memory, this host
  /// has 7900 MiB for tasks`. Nothing when it may fit one day.
  [[nodiscard]] std::optional<std::string> never_fits(const Demand& demand) const;

  /// Calls `admitted` once what the task demands is counted for it: at once, or later.
  void enqueue(const std::string& arn, Demand demand, std::function<void()> admitted);

  /// For a task whose containers are there already: counted whatever is left.
  void take(const std::string& arn, Demand demand);

  /// Counts a port that was chosen for the task as well.
  void hold_port(const std::string& arn, std::uint16_t port, std::string_view protocol);

  /// Gives back what the task holds and takes it out of the queue; nothing happens when it has and is neither.
  void release(const std::string& arn);

  /// Admits what can be; for a slow tick, in case a moment was missed.
  void look_again() { serve(); }

  /// What the task waits for, for people; nothing when it does not wait.
  [[nodiscard]] std::optional<std::string> why_waiting(std::string_view arn) const;

  /// Whether a task holds or waits for this port, or the host reserves it.
  [[nodiscard]] bool port_taken(std::uint16_t port, std::string_view protocol) const;

 private:
  struct Waiting {
    std::string arn;
    Demand demand;
    std::function<void()> admitted;
  };
  /// By whom a port or a device is held, or wanted earlier; empty for what the host reserves.
  template <class Key>
  using Holders = std::map<Key, std::string>;
  /// What is spoken for.
  struct Account {
    std::int64_t cpu = 0;
    std::int64_t memory = 0;
    Holders<std::uint16_t> tcp;
    Holders<std::uint16_t> udp;
    Holders<std::string> gpus;
    void add(const std::string& arn, const Demand& demand);
    void remove(const std::string& arn, const Demand& demand);
  };

  /// What the demand lacks beside `held` and `before`; empty when it fits.
  [[nodiscard]] std::string lacks(const Demand& demand, const Account& before) const;
  [[nodiscard]] std::string taken_by(const Demand& demand, const Account& by, std::string_view how) const;
  void serve();

  std::int64_t cpu_;
  std::int64_t memory_;
  std::set<std::uint16_t> reserved_tcp_;
  std::set<std::uint16_t> reserved_udp_;
  std::set<std::string> gpus_;
  Account held_;
  std::map<std::string, Demand, std::less<>> holders_;
  std::deque<Waiting> queue_;
};

}  // namespace ecs::engine
