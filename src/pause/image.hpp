// The image of pause containers, made in memory: nothing has to be shipped beside the agent, and nothing pulled.
#pragma once

#include <string>
#include <string_view>

namespace ecs::pause {

/// The original's name for it.
inline constexpr std::string_view kImage = "amazon/amazon-ecs-pause:0.1.0";

/// An archive for the engine's image load: one layer that holds /pause, which the image runs. The same bytes each time.
[[nodiscard]] std::string image_archive();

}  // namespace ecs::pause
