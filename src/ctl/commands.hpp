// The commands of `ecsctl local`. Each gives the exit code of the program; what went wrong is on stderr by then.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ecs::ctl {

using Environment = std::map<std::string, std::string>;

struct UpOptions {
  std::optional<std::uint16_t> port;  ///< Absent: the usual one, or any when that is taken.
  std::string cluster = "default";
  std::string agent;  ///< Empty: ECS_LOCAL_AGENT, else the ecs-agent beside this program.
};
int up(const UpOptions& options, const Environment& environment);

struct RunOptions {
  std::string file;
  int count = 1;
  std::optional<int> timeout;  ///< Seconds.
  bool follow = true;          ///< False: returns when the task runs and leaves it to a control plane that is up.
  std::string agent;
  std::string cluster = "default";
};
int run(const RunOptions& options, const Environment& environment);

struct PsOptions {
  bool all = false;  ///< Stopped tasks too.
};
int ps(const PsOptions& options, const Environment& environment);

struct StopOptions {
  std::vector<std::string> tasks;  ///< Ids or ARNs.
  bool all = false;
  std::string reason = "Stopped by ecsctl local stop";
};
int stop(const StopOptions& options, const Environment& environment);

struct LogsOptions {
  std::string task;
  std::string container;  ///< Empty: all of the task.
  bool follow = false;
};
int logs(const LogsOptions& options, const Environment& environment);

int down(const Environment& environment);

}  // namespace ecs::ctl
