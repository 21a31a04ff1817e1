// Runs tasks: takes them from the control plane, drives their containers, and reports what becomes of them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "acs/messages.hpp"
#include "aws/ecs_types.hpp"
#include "base/async.hpp"
#include "base/clock.hpp"
#include "base/random.hpp"
#include "docker/client.hpp"
#include "engine/event.hpp"
#include "engine/resources.hpp"
#include "engine/settings.hpp"
#include "store/store.hpp"
#include "task/task.hpp"
#include "task/waiting.hpp"

namespace ecs::engine {

/// SubmitTaskStateChange. Throws aws::Error once its own retries are used up, and std::invalid_argument for a request
/// that must not be sent.
class StateSubmitter {
 public:
  StateSubmitter() = default;
  StateSubmitter(const StateSubmitter&) = delete;
  StateSubmitter& operator=(const StateSubmitter&) = delete;
  virtual ~StateSubmitter() = default;
  virtual base::Async<> submit(aws::SubmitTaskStateChangeRequest request) = 0;
};

/// What a task or one of its containers waits for and since when. The moment stays as long as the cause does: for the
/// host's resources it is that of the task's arrival.
using Waiting = task::Wait;

/// A task as introspection shows it; valid until the loop goes on.
struct TaskView {
  const task::Task* task = nullptr;
  std::vector<Waiting> waiting;
};

class Engine {
 public:
  /// All of them must outlive the engine.
  struct Parts {
    base::Executor executor;
    base::Clock& clock;
    base::Random& random;
    store::Store& store;
    docker::Client& docker;
    StateSubmitter& submitter;
    EventSink* sink = nullptr;
    TaskCgroups* cgroups = nullptr;  ///< Needed when Settings::task_cgroups is set, or stored tasks have cgroups.
  };

  Engine(Settings settings, Parts parts);

  /// stop() must have returned.
  ~Engine();

  /// Reads the rows, opens the event stream, finds the containers of the rows again, and goes on where the last process
  /// ended. To be called once, before accept(). Waits for as long as the container engine does not answer. A row that
  /// cannot be read is left where it is and logged; its task is not run. Throws store::Error.
  base::Async<> start();

  /// Takes the tasks of one payload: STOPPED ones first, then the others (acs.md 8.2, 10). True when every one was
  /// converted and is durable, which is when the payload may be acknowledged. A task that cannot be converted is
  /// reported STOPPED with `UnrecogniedTaskError: Error loading task - <cause>`, one that needs what this agent does
  /// not do is reported STOPPED with a reason that names it (and is durable). Does not throw for any content.
  base::Async<bool> accept(std::vector<std::optional<acs::Task>> tasks);

  /// Sets the desired status of those of these tasks that exist to STOPPED; durable when it returns.
  base::Async<> stop_tasks(std::vector<std::string> arns);

  /// The ARNs of the tasks whose desired status is RUNNING.
  [[nodiscard]] std::vector<std::string> running_tasks() const;

  /// All tasks held, in the order of their arrival.
  [[nodiscard]] std::vector<TaskView> tasks() const;
  [[nodiscard]] std::optional<TaskView> task(std::string_view arn) const;
  /// The task that owns the container with this Docker id, or this endpoint id (the uuid in its metadata variables).
  [[nodiscard]] std::optional<TaskView> task_of_container(std::string_view docker_id) const;
  [[nodiscard]] std::optional<TaskView> task_of_endpoint(std::string_view endpoint_id) const;

  /// False while the connection to the engine's event stream is down.
  [[nodiscard]] bool engine_connected() const;

  /// Ends all work where it is and saves what is not saved yet; containers are left alone.
  base::Async<> stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace ecs::engine
