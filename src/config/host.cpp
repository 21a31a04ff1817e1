#include <cerrno>
#include <cstdlib>
#include <optional>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include "base/file.hpp"
#include "base/text.hpp"
#include "config/loader.hpp"

namespace ecs::config {

namespace {

constexpr unsigned kHasGateway = 0x0002;  // RTF_GATEWAY
constexpr unsigned kRejects = 0x0200;     // RTF_REJECT

/// The file, or nothing when it is not there or may not be opened: both mean "no configuration file".
std::optional<std::string> read_if_possible(const std::string& path) {
  try {
    return base::read_file(path);
  } catch (const std::system_error& e) {
    if (e.code().value() == EACCES || e.code().value() == EPERM || e.code().value() == ENOTDIR) return std::nullopt;
    throw;
  }
}

std::vector<std::vector<std::string>> table(const std::string& path) {
  const auto text = base::read_file(path);
  if (!text) throw std::system_error(ENOENT, std::generic_category(), path);
  std::vector<std::vector<std::string>> rows;
  for (const auto& line : base::split(*text, '\n')) {
    std::istringstream words(line);
    auto& row = rows.emplace_back();
    for (std::string word; words >> word;) row.push_back(word);
  }
  return rows;
}

unsigned hex(const std::string& text) { return static_cast<unsigned>(std::strtoul(text.c_str(), nullptr, 16)); }

bool default_route_ipv4() {
  // Iface Destination Gateway Flags RefCnt Use Metric Mask ...
  for (const auto& row : table("/proc/net/route")) {
    if (row.size() > 7 && row[1] == "00000000" && row[7] == "00000000" && (hex(row[3]) & kHasGateway) != 0) return true;
  }
  return false;
}

bool default_route_ipv6() {
  // Destination Length Source Length NextHop Metric RefCnt Use Flags Device
  try {
    for (const auto& row : table("/proc/net/ipv6_route")) {
      if (row.size() < 10 || row[1] != "00" || row[0].find_first_not_of('0') != std::string::npos) continue;
      const unsigned flags = hex(row[8]);
      if ((flags & kHasGateway) != 0 && (flags & kRejects) == 0) return true;
    }
  } catch (const std::system_error&) {
    return false;  // A kernel without IPv6 has no such file.
  }
  return false;
}

}  // namespace

Host real_host() {
  return {.read_file = read_if_possible,
          .default_routes = [] { return IpCompatibility{.ipv4 = default_route_ipv4(), .ipv6 = default_route_ipv6()}; }};
}

}  // namespace ecs::config
