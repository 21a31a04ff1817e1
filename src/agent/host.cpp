#include "agent/host.hpp"

#include <sched.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <system_error>

namespace ecs::agent {

namespace {

/// The rest of the first line that starts with `name`; empty when there is none.
std::string_view line_after(std::string_view text, std::string_view name) {
  while (!text.empty()) {
    const auto end = text.find('\n');
    const auto line = text.substr(0, end);
    if (line.starts_with(name)) return line.substr(name.size());
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return {};
}

bool has_word(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto start = words.find_first_not_of(" \t:");
    if (start == std::string_view::npos) return false;
    words.remove_prefix(start);
    const auto end = words.find_first_of(" \t");
    if (words.substr(0, end) == word) return true;
    if (end == std::string_view::npos) return false;
    words.remove_prefix(end);
  }
  return false;
}

}  // namespace

int usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) {
    throw std::system_error(errno, std::generic_category(), "sched_getaffinity");
  }
  return CPU_COUNT(&set);
}

std::int64_t memory_mib(std::string_view meminfo) {
  auto rest = line_after(meminfo, "MemTotal:");
  rest.remove_prefix(std::min(rest.find_first_not_of(" \t"), rest.size()));
  std::int64_t kib = 0;
  std::from_chars(rest.data(), rest.data() + rest.size(), kib);
  return kib / 1024;
}

bool has_optimized_cpu(std::string_view cpuinfo) {
  const auto flags = line_after(cpuinfo, "flags");
  for (const std::string_view needed : std::array{"avx", "avx2", "sse4_1", "sse4_2"}) {
    if (!has_word(flags, needed)) return false;
  }
  return true;
}

}  // namespace ecs::agent
