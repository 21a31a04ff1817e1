// Shows how tasks go: phases, logs, ends.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "base/scope.hpp"
#include "ctl/client.hpp"
#include "ctl/screen.hpp"
#include "docker/client.hpp"
#include "local/resource_types.hpp"

namespace ecs::ctl {

class Follower {
 public:
  /// Logs are read in `scope`, which must be joined before this goes.
  Follower(Screen& screen, docker::Client& engine, base::Clock& clock, base::Scope& scope);
  ~Follower();

  /// Tasks of one definition. Names are those of the containers, with the number of the task when there are several.
  void add(const std::vector<local::Task>& tasks, const local::TaskDefinition& definition);

  void on_event(const AgentEvent& event);
  void on_task(const local::Task& task);

  /// All tasks have stopped and all that their containers wrote has been shown; a log that does not end is given up
  /// after a few seconds.
  [[nodiscard]] bool done();
  [[nodiscard]] bool all_running() const;

  /// For each task the code of the essential container that ended first; nothing when none has one. Of several tasks
  /// the first code that is not 0.
  [[nodiscard]] std::optional<int> exit_code() const;

 private:
  struct View;
  struct TaskView;

  View* find(const std::string& task, const std::string& container);
  void advance(View& view, int phase);
  void show_progress(View& view, const AgentEvent& event);
  void show_end(View& view);
  void start_log(View& view, const std::string& container_id);
  void stopped(View& view);
  base::Async<> read(View& view, std::string container_id);
  void settle();

  Screen& screen_;
  docker::Client& engine_;
  base::Clock& clock_;
  base::Scope& scope_;
  std::vector<std::unique_ptr<TaskView>> tasks_;
  int ends_ = 0;
};

}  // namespace ecs::ctl
