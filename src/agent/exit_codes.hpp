// What the end of the process tells the program that supervises it.
#pragma once

namespace ecs::agent {

inline constexpr int kExitDone = 0;       ///< Do not restart.
inline constexpr int kExitTransient = 1;  ///< Restart.
inline constexpr int kExitTerminal = 5;   ///< A restart would not help.

}  // namespace ecs::agent
