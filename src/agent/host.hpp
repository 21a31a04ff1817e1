// What this machine has to offer.
#pragma once

#include <cstdint>
#include <string_view>

namespace ecs::agent {

/// CPUs that this process may use: the affinity mask.
[[nodiscard]] int usable_cpus();

/// MemTotal of a /proc/meminfo text in whole MiB; 0 when the line is missing.
[[nodiscard]] std::int64_t memory_mib(std::string_view meminfo);

/// True when a /proc/cpuinfo text lists avx, avx2, sse4_1 and sse4_2 (ecs-api.md 4.4).
[[nodiscard]] bool has_optimized_cpu(std::string_view cpuinfo);

}  // namespace ecs::agent
