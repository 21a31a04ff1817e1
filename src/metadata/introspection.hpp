// The introspection endpoint: what runs here, for operators and for agents of monitoring systems (tmds.md 13).
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "engine/engine.hpp"
#include "net/http.hpp"

namespace ecs::metadata {

/// Where the answers come from.
struct IntrospectionSource {
  std::string cluster;  ///< The one registered into.
  std::string container_instance_arn;
  std::function<std::vector<engine::TaskView>()> tasks;
  /// The text of /license; throws when a part of it cannot be read.
  std::function<std::string()> license;
};

/// The answer to any request, whatever its method. Failures of the source give 500 without a body.
[[nodiscard]] net::Response answer_introspection(const IntrospectionSource& source, const net::Request& request);

/// LICENSE, NOTICE and THIRD-PARTY of the current directory with a line between them. Throws std::runtime_error naming
/// the file that cannot be read.
[[nodiscard]] std::string license_text();

}  // namespace ecs::metadata
