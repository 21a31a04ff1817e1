// The program of pause containers, as it is built from pause_main.cpp.
#pragma once

#include <string_view>

namespace ecs::pause {

/// A static executable of this machine's kind.
[[nodiscard]] std::string_view program();

}  // namespace ecs::pause
