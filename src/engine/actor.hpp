// One task while it is held: takes observations one at a time, lets task::observe draw the conclusions, saves what
// changed, and starts the steps that task::plan names.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "base/event.hpp"
#include "base/mailbox.hpp"
#include "base/random.hpp"
#include "base/scope.hpp"
#include "engine/container_steps.hpp"
#include "engine/event.hpp"
#include "engine/host_resources.hpp"
#include "engine/images.hpp"
#include "engine/pause_image.hpp"
#include "engine/ports.hpp"
#include "engine/reporter.hpp"
#include "engine/resources.hpp"
#include "engine/settings.hpp"
#include "engine/task_rows.hpp"
#include "store/store.hpp"
#include "task/planner.hpp"
#include "task/waiting.hpp"

namespace ecs::engine {

/// What all actors share; outlives them.
struct ActorParts {
  const Settings& settings;
  base::Executor executor;
  base::Clock& clock;
  base::Random& random;
  store::Store& store;
  docker::Client& docker;
  ContainerSteps& steps;
  ResourceSteps& resource_steps;
  Images& images;
  PauseImage& pause_image;
  HostPorts& ports;
  HostResources& resources;
  StateReporter& reporter;
  EventSink* sink;
  /// A container of the task got its Docker id.
  std::function<void(const std::string& arn, const std::string& docker_id)> on_docker_id;
  /// The task is over and swept; the actor may be destroyed once stop() has returned, but not inside this call.
  std::function<void(const std::string& arn)> on_finished;
};

class TaskActor {
 public:
  /// `stored`: the rows of the task are durable as they are. Nothing happens before start().
  TaskActor(task::Task task, store::Committed stored, const ActorParts& parts);

  /// stop() must have returned, if start() was called.
  ~TaskActor();
  TaskActor(const TaskActor&) = delete;
  TaskActor& operator=(const TaskActor&) = delete;

  /// `holds_resources`: the task is counted already. Otherwise it joins the queue for them.
  void start(bool holds_resources);

  /// Tells what happened; it is dealt with soon, in order.
  void tell(task::Observation what);

  /// Tells it, and returns when it has been dealt with and is durable. Throws store::Error when it cannot be saved now;
  /// saving is then tried again later all the same.
  base::Async<> tell_and_save(task::Observation what);

  /// Looks at a container, or again if that is under way. `exit_code`: what an event said of its end, in case it is
  /// gone.
  /// `by_hand`: somebody stopped it by the engine.
  void look(std::size_t container, std::optional<int> exit_code, bool by_hand = false);

  /// Looks at every container that the engine should know.
  void look_at_all();

  [[nodiscard]] const task::Task& task() const noexcept { return task_; }
  [[nodiscard]] bool quarantined() const noexcept { return quarantined_; }
  /// What the task and its containers wait for, the host's resources aside.
  [[nodiscard]] const std::vector<task::Wait>& waits() const noexcept { return waits_; }

  /// Ends all work where it is. Containers are left alone.
  base::Async<> stop();

  /// Rows that changed since they were saved last.
  [[nodiscard]] std::vector<store::Write> unsaved() const { return rows_.changed(task_); }

 private:
  struct Letter {
    task::Observation what;
    std::uint64_t number;
  };
  /// What local tools have seen.
  struct Shown {
    struct OfContainer {
      task::ContainerStatus known;
      task::Health health;
      bool has_id;
    };
    task::TaskStatus known;
    std::vector<OfContainer> containers;
  };
  struct Look {
    bool under_way = false;
    bool again = false;
    std::optional<int> exit_code;
    bool by_hand = false;
  };

  // actor.cpp: the loop
  base::Async<> run();
  void handle(const task::Observation& what);
  void ask_for_resources();
  void react();
  void start_steps();
  void leave_images();
  void arm_timer();
  void note_waits();
  void quarantine(const std::string& problem);
  [[nodiscard]] base::WallTime now() const { return parts_.clock.wall(); }

  // actor_save.cpp: rows, and what has to wait for them
  base::Async<> save_loop();
  base::Async<bool> save_once();
  base::Async<> wait_saved(std::uint64_t number);
  base::Async<store::Committed> everything_saved();
  void queue_report(task::Report report);

  // actor_steps.cpp: one coroutine per step
  base::Async<> run_step(task::Step step);
  base::Async<task::Observation> perform(task::Step step);
  base::Async<task::Observation> resolve(std::size_t container);
  base::Async<task::Observation> pull(std::size_t container);
  base::Async<task::Observation> create(std::size_t container);
  base::Async<task::Observation> restart(std::size_t container);
  base::Async<task::Observation> stop_container(std::size_t container);
  base::Async<> look_loop(std::size_t container);
  void conclude(std::size_t container, std::optional<task::Facts> facts, const Look& look);
  [[nodiscard]] const std::string& target_of(const task::Step& step) const;
  [[nodiscard]] ContainerRef ref(std::size_t container) const;

  // actor_resources.cpp
  base::Async<task::Observation> check_resource(std::size_t resource);
  base::Async<task::Observation> create_resource(std::size_t resource);
  base::Async<> remove_resources();

  // actor_end.cpp: after the end
  base::Async<> finish();
  base::Async<> sweep();

  // actor_events.cpp
  [[nodiscard]] Shown shown() const;
  void show_changes(const Shown& before);
  void show_container(const task::Container& c);
  void emit(Event event);
  void show_progress(const std::string& container, const std::string& image, const docker::PullProgress& progress);

  task::Task task_;
  store::Committed stored_;
  const ActorParts& parts_;
  TaskRows rows_;
  base::Scope scope_;
  base::Scope image_scope_;  ///< What a stop of the task cuts short: looking up and pulling images.
  base::Mailbox<Letter> mailbox_;
  std::uint64_t told_ = 0;     ///< Letters so far.
  std::uint64_t handled_ = 0;  ///< The last one dealt with.
  std::uint64_t state_ = 0;    ///< Grows with each change of the task.
  std::uint64_t saved_ = 0;    ///< The state that is durable.
  std::uint64_t failed_saves_ = 0;
  base::Event letter_done_;
  base::Event dirty_;
  base::Event save_done_;
  std::vector<task::Report> reports_;  ///< Wait for the rows that they tell of.
  std::map<std::size_t, Look> looks_;
  std::vector<task::Wait> waits_;
  std::unique_ptr<base::Timer> timer_;
  base::WallTime looked_at_;  ///< The time of the last observation: moments up to it are over.
  bool started_ = false;
  bool released_ = false;
  bool finishing_ = false;
  bool quarantined_ = false;
};

}  // namespace ecs::engine
