#include "engine/ports.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <sstream>
#include <system_error>
#include <tuple>
#include <utility>

#include "base/file.hpp"
#include "base/text.hpp"
#include "engine/docker_errors.hpp"

namespace ecs::engine {

namespace {

constexpr PortInterval kFallbackRange{49153, 65535};

std::optional<std::uint16_t> port_number(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return port;
}

[[noreturn]] void port_map_error(const std::string& cause) {
  throw StepError("HostConfigError", "error retrieving docker port map: " + cause);
}

bool excluded(const std::string& bind_ip, const Settings& settings) {
  return (settings.exclude_ipv6_port_binding && bind_ip == "::") ||
         (settings.exclude_ipv4_port_binding && bind_ip == "0.0.0.0");
}

const task::PortMapping* range_of(const task::PortBinding& binding, const std::vector<task::PortMapping>& mappings) {
  const task::PortMapping* found = nullptr;
  for (const task::PortMapping& mapping : mappings) {
    if (mapping.protocol != binding.protocol) continue;
    // A port that is asked for by itself is shown by itself.
    if (mapping.container_port == binding.container_port) return nullptr;
    if (mapping.container_port != 0) continue;
    const auto range = parse_port_range(mapping.container_port_range);
    if (range && binding.container_port >= range->first && binding.container_port <= range->second) found = &mapping;
  }
  return found;
}

aws::NetworkBinding single(const task::PortBinding& binding) {
  return {.bind_ip = binding.bind_ip,
          .protocol = binding.protocol,
          .container_port = binding.container_port,
          .host_port = binding.host_port};
}

/// The whole range, told from its first port: the host ports of a range are in a row.
aws::NetworkBinding folded(const task::PortBinding& first, const PortInterval& range, const std::string& text) {
  const unsigned last = first.host_port + static_cast<unsigned>(range.second - range.first);
  return {.bind_ip = first.bind_ip,
          .protocol = first.protocol,
          .container_port_range = text,
          .host_port_range = std::to_string(first.host_port) + "-" + std::to_string(last)};
}

}  // namespace

std::optional<PortInterval> parse_port_range(std::string_view text) {
  const auto dash = text.find('-');
  const auto first = port_number(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : port_number(text.substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return PortInterval{*first, *last};
}

bool can_bind(std::uint16_t port, std::string_view protocol) {
  const int type = protocol == "udp" ? SOCK_DGRAM : SOCK_STREAM;
  // A dual-stack socket covers both families; hosts without IPv6 get a plain one.
  for (const int family : {AF_INET6, AF_INET}) {
    const base::Fd fd(::socket(family, type | SOCK_CLOEXEC, 0));
    if (!fd.valid()) continue;
    const int yes = 1;
    if (type == SOCK_STREAM) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_storage storage{};
    storage.ss_family = static_cast<sa_family_t>(family);
    if (family == AF_INET6) {
      const int no = 0;
      ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
      auto* address = reinterpret_cast<sockaddr_in6*>(&storage);
      address->sin6_port = htons(port);
    } else {
      auto* address = reinterpret_cast<sockaddr_in*>(&storage);
      address->sin_port = htons(port);
    }
    const socklen_t size = family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&storage), size) != 0) {
      if (family == AF_INET6 && errno == EADDRNOTAVAIL) continue;
      return false;
    }
    return type == SOCK_DGRAM || ::listen(fd.get(), 1) == 0;
  }
  return false;
}

PortInterval kernel_port_range() {
  const auto text = base::read_file("/proc/sys/net/ipv4/ip_local_port_range");
  unsigned first = 0;
  unsigned last = 0;
  if (text && std::istringstream(*text) >> first >> last && first > 0 && first <= last && last <= 65535) {
    return {static_cast<std::uint16_t>(first), static_cast<std::uint16_t>(last)};
  }
  return kFallbackRange;
}

std::optional<std::uint16_t> HostPorts::search(unsigned first, unsigned last, std::size_t count,
                                               std::string_view protocol) const {
  std::size_t run = 0;
  for (unsigned port = first; port <= last; ++port) {
    run = is_free_(static_cast<std::uint16_t>(port), protocol) ? run + 1 : 0;
    if (run == count) return static_cast<std::uint16_t>(port - count + 1);
  }
  return std::nullopt;
}

std::optional<std::uint16_t> HostPorts::choose(std::size_t count, std::string_view protocol) {
  const unsigned begin = range_.first;
  const unsigned end = range_.second;
  const unsigned start = last_ >= begin && last_ < end ? last_ + 1 : begin;
  auto found = search(start, end, count, protocol);
  if (!found && start != begin) found = search(begin, end, count, protocol);
  if (found) last_ = *found + static_cast<unsigned>(count) - 1;
  return found;
}

std::vector<PublishedPort> HostPorts::publish(const std::vector<task::PortMapping>& mappings) {
  std::vector<PublishedPort> all;
  for (const task::PortMapping& mapping : mappings) {
    if (mapping.container_port != 0) {
      auto host = mapping.host_port != 0 ? std::optional(mapping.host_port) : choose(1, mapping.protocol);
      if (!host) port_map_error("a host port is unavailable");
      all.push_back({mapping.container_port, *host, mapping.protocol});
    } else if (!mapping.container_port_range.empty()) {
      const auto range = parse_port_range(mapping.container_port_range);
      if (!range || range->first == 0) port_map_error("invalid range of ports " + mapping.container_port_range);
      const auto count = static_cast<std::size_t>(range->second - range->first) + 1;
      const auto host = choose(count, mapping.protocol);
      if (!host) {
        port_map_error(count == 1 ? "a host port is unavailable"
                                  : std::to_string(count) + " contiguous host ports are unavailable");
      }
      for (std::size_t i = 0; i < count; ++i) {
        all.push_back(
            {static_cast<std::uint16_t>(range->first + i), static_cast<std::uint16_t>(*host + i), mapping.protocol});
      }
    }
  }
  return all;
}

std::optional<std::vector<aws::NetworkBinding>> network_bindings(const std::vector<task::PortBinding>& bindings,
                                                                 const std::vector<task::PortMapping>& mappings,
                                                                 const Settings& settings) {
  std::vector<aws::NetworkBinding> all;
  for (const task::PortBinding& binding : bindings) {
    if (excluded(binding.bind_ip, settings)) continue;
    const task::PortMapping* mapping = range_of(binding, mappings);
    if (mapping == nullptr) {
      all.push_back(single(binding));
      continue;
    }
    const auto range = parse_port_range(mapping->container_port_range);
    if (binding.container_port == range->first) all.push_back(folded(binding, *range, mapping->container_port_range));
  }
  const bool removing = settings.exclude_ipv6_port_binding || settings.exclude_ipv4_port_binding;
  if (all.empty() && removing) return std::nullopt;
  return all;
}

}  // namespace ecs::engine
