// Where the services of AWS are.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace ecs::aws {

/// Where a service is: `configured` (ECS_BACKEND_HOST; `https://` in front unless it has a scheme), else
/// AWS_ENDPOINT_URL_<SERVICE>, else AWS_ENDPOINT_URL, else the region's public address, dual-stack when asked for.
[[nodiscard]] std::string resolve_endpoint(std::string_view configured, std::string_view service,
                                           std::string_view region,
                                           const std::map<std::string, std::string>& environment,
                                           bool dual_stack = false);

}  // namespace ecs::aws
