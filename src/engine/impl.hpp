// The inside of Engine: what its files share.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/mailbox.hpp"
#include "base/scope.hpp"
#include "docker/event_stream.hpp"
#include "engine/actor.hpp"
#include "engine/engine.hpp"
#include "engine/intake.hpp"
#include "engine/rows.hpp"

namespace ecs::engine {

struct Engine::Impl {
  Impl(Settings given, Parts given_parts);

  // engine.cpp: tasks
  TaskActor* find(std::string_view arn) const;
  void add(task::Task task, store::Committed stored, bool holds_resources);
  void refuse(const Refused& refused);
  base::Async<bool> want(std::string arn, task::TaskStatus status);
  base::Async<bool> take(std::vector<task::Task> fresh);
  [[nodiscard]] TaskView view(const TaskActor& actor) const;

  // recovery.cpp: what the last process left behind
  base::Async<> recover();
  base::Async<> find_containers(task::Task& task);
  void report_lost(const LostRow& lost);

  // loops.cpp: what goes on for as long as the engine lives
  base::Async<> follow_events();
  void on_event(const docker::Event& event);
  void resync(const std::string& reason);
  base::Async<> drain_reports();
  base::Async<> look_at_queue();
  base::Async<> remove_finished();

  Settings settings;
  Parts parts;
  base::Scope scope;
  ContainerSteps steps;
  ResourceSteps resource_steps;
  Images images;
  PauseImage pause_image;
  HostResources resources;
  HostPorts ports;
  StateReporter reporter;
  docker::EventStream events;
  ActorParts actor_parts;
  std::map<std::string, std::unique_ptr<TaskActor>, std::less<>> actors;  ///< By ARN.
  std::vector<std::string> order;                                         ///< ARNs as they came.
  std::map<std::string, std::string, std::less<>> owners;                 ///< Docker id to ARN.
  base::Mailbox<std::string> finished;
  LoadedTasks loaded;        ///< Until recover() has dealt with it.
  std::size_t searches = 0;  ///< Tasks whose containers are being looked for.
  base::Event search_done;
};

}  // namespace ecs::engine
