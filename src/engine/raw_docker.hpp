// The raw Docker JSON of a payload: documents in Docker's own form that are laid over what the agent builds
// (engine.md 4.3).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <boost/json/fwd.hpp>

namespace ecs::engine {

/// Docker's Config and HostConfig with every member at its zero value, as the original sends them.
[[nodiscard]] boost::json::object zero_config();
[[nodiscard]] boost::json::object zero_host_config();

/// Decodes `text` over `document` as Go decodes over a struct, and writes it as Go does: names match whatever their
/// case, unknown names are dropped at every depth, maps are merged, scalars and lists replaced, a null empties what can
/// be empty, and members that Go leaves out when they are empty are left out. Throws json::Error with the path and the
/// rule: `Ulimits[0].Hard: expected integer, got string`.
void overlay_config(boost::json::object& document, std::string_view text);
void overlay_host_config(boost::json::object& document, std::string_view text);

/// MemoryReservation of a raw host config in bytes; 0 when there is none or the text cannot be read.
[[nodiscard]] std::int64_t raw_memory_reservation(std::string_view host_config);

}  // namespace ecs::engine
