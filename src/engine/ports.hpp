// Host ports: choosing free ones for containers that leave the choice to us, and showing what was published
// (engine.md 4.6, ecs-api.md 7.2).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "aws/ecs_types.hpp"
#include "engine/settings.hpp"
#include "task/task.hpp"

namespace ecs::engine {

/// `lo-hi`, or one number; nothing when it is neither or lo > hi.
[[nodiscard]] std::optional<PortInterval> parse_port_range(std::string_view text);

/// One published port of a create request.
struct PublishedPort {
  std::uint16_t container_port = 0;
  std::uint16_t host_port = 0;
  std::string protocol;
  /// As Docker names it: `80/tcp`.
  [[nodiscard]] std::string key() const { return std::to_string(container_port) + "/" + protocol; }
  friend bool operator==(const PublishedPort&, const PublishedPort&) = default;
};

/// Whether nobody on this host listens on the port, found by binding it for a moment.
[[nodiscard]] bool can_bind(std::uint16_t port, std::string_view protocol);

/// The kernel's range for outgoing connections, else 49153 to 65535.
[[nodiscard]] PortInterval kernel_port_range();

/// Chooses host ports: the next free one after the last one given, around the range. One tracker for both protocols.
class HostPorts {
 public:
  using IsFree = std::function<bool(std::uint16_t port, std::string_view protocol)>;
  HostPorts(PortInterval range, IsFree is_free) : range_(range), is_free_(std::move(is_free)) {}

  /// `count` ports in a row; the first of them, nothing when there are none left.
  [[nodiscard]] std::optional<std::uint16_t> choose(std::size_t count, std::string_view protocol);

  /// The host ports of a container's mappings. Throws StepError HostConfigError when a range cannot be read or no port
  /// is left.
  [[nodiscard]] std::vector<PublishedPort> publish(const std::vector<task::PortMapping>& mappings);

 private:
  [[nodiscard]] std::optional<std::uint16_t> search(unsigned first, unsigned last, std::size_t count,
                                                    std::string_view protocol) const;

  PortInterval range_;
  IsFree is_free_;
  unsigned last_ = 0;  ///< The last port given; 0 before the first.
};

/// The bindings of a container as a report shows them: ranges folded into one entry per host address and protocol,
/// those of an excluded address family left out. Nothing (rather than an empty list) when a family is excluded and none
/// is left.
[[nodiscard]] std::optional<std::vector<aws::NetworkBinding>> network_bindings(
    const std::vector<task::PortBinding>& bindings, const std::vector<task::PortMapping>& mappings,
    const Settings& settings);

}  // namespace ecs::engine
