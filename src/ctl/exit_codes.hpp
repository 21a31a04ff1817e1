// How `ecsctl` ends. `local run` otherwise ends with the exit code of the task's essential container.
#pragma once

namespace ecs::ctl {

inline constexpr int kSuccess = 0;
inline constexpr int kFailure = 1;        ///< A command other than `local run` could not do its work.
inline constexpr int kUsage = 2;          ///< The command line makes no sense.
inline constexpr int kTimedOut = 124;     ///< `local run --timeout` stopped the task, as timeout(1) ends.
inline constexpr int kRunFailed = 125;    ///< `local run`: the task could not be run, as `docker run` ends.
inline constexpr int kInterrupted = 130;  ///< Ctrl-C.

}  // namespace ecs::ctl
