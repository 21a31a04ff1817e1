#include <arpa/inet.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netpacket/packet.h>
#include <sys/utsname.h>

#include <array>
#include <memory>
#include <string>

#include "local/imds.hpp"

namespace ecs::local {
namespace {

std::string mac_text(const sockaddr_ll& address) {
  std::array<std::uint8_t, 6> bytes{};
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes.at(i) = address.sll_addr[i];
  return fmt::format("{:02x}", fmt::join(bytes, ":"));
}

std::string ipv4_text(const sockaddr_in& address) {
  std::array<char, INET_ADDRSTRLEN> text{};
  return ::inet_ntop(AF_INET, &address.sin_addr, text.data(), text.size()) == nullptr ? "" : text.data();
}

}  // namespace

Machine read_machine() {
  Machine machine;
  utsname names{};
  if (::uname(&names) == 0) machine.architecture = names.machine;
  ifaddrs* raw = nullptr;
  if (::getifaddrs(&raw) != 0) return machine;
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> all(raw, &::freeifaddrs);
  std::string name;
  for (const ifaddrs* one = all.get(); one != nullptr; one = one->ifa_next) {
    const bool loopback = (one->ifa_flags & static_cast<unsigned>(IFF_LOOPBACK)) != 0;
    const bool up = (one->ifa_flags & static_cast<unsigned>(IFF_UP)) != 0;
    if (one->ifa_addr == nullptr || loopback || !up) continue;
    if (name.empty() && one->ifa_addr->sa_family == AF_PACKET) {
      name = one->ifa_name;
      machine.mac = mac_text(*reinterpret_cast<const sockaddr_ll*>(one->ifa_addr));
    }
    if (machine.ipv4.empty() && name == one->ifa_name && one->ifa_addr->sa_family == AF_INET) {
      machine.ipv4 = ipv4_text(*reinterpret_cast<const sockaddr_in*>(one->ifa_addr));
    }
  }
  return machine;
}

}  // namespace ecs::local
