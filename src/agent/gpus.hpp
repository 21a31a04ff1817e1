// The GPUs of this instance, as the service that prepares the host has found them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ecs::agent {

inline constexpr const char* kGpuFile = "/var/lib/ecs/gpu/nvidia-gpu-info.json";

struct Gpus {
  std::string driver_version;  ///< Empty: not known.
  std::vector<std::string> ids;
};

/// Reads `{"DriverVersion":"...","GPUIDs":["GPU-...",...]}`. Throws json::Error.
[[nodiscard]] Gpus read_gpus(std::string_view text);

}  // namespace ecs::agent
