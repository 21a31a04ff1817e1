// A program started by this one.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "base/worker_pool.hpp"

namespace ecs::local {

struct ChildSpec {
  std::filesystem::path program;
  std::vector<std::string> arguments;              ///< Without the program's own name.
  std::map<std::string, std::string> environment;  ///< All of it.
  std::filesystem::path output;                    ///< Standard output and error are appended to it.
};

struct ExitStatus {
  int code = 0;  ///< Meaningful when `signal` is 0.
  int signal = 0;
  /// `exit code 5`, `signal 9 (Killed)`.
  [[nodiscard]] std::string describe() const;
};

class ChildProcess {
 public:
  /// Starts it in a process group of its own, so that a Ctrl-C at the terminal reaches only this program; when the
  /// thread that calls this ends, the child gets SIGTERM. Throws std::system_error naming the program.
  explicit ChildProcess(const ChildSpec& spec);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  /// Kills what still runs.
  ~ChildProcess();

  [[nodiscard]] pid_t pid() const noexcept { return pid_; }

  /// Returns when it has ended. To be called once; the wait blocks a thread of the pool until then, also when the
  /// caller is cancelled.
  base::Async<ExitStatus> wait(base::WorkerPool& pool);

  /// Nothing happens once it has ended.
  void signal(int number) noexcept;

 private:
  pid_t pid_ = -1;
  bool ended_ = false;
  bool waited_ = false;
};

}  // namespace ecs::local
