// What goes on for as long as the engine lives.
#include <algorithm>
#include <chrono>

#include "engine/impl.hpp"
#include "log/log.hpp"

namespace ecs::engine {

namespace {

constexpr base::Duration kDrainMin = std::chrono::seconds(10);
constexpr base::Duration kDrainSpread = std::chrono::seconds(20);
constexpr base::Duration kQueueTick = std::chrono::minutes(1);

}  // namespace

base::Async<> Engine::Impl::follow_events() {
  while (true) {
    const docker::EventItem item = co_await events.next();
    if (item.kind == docker::EventItem::Kind::kResync) {
      resync(item.reason);
    } else {
      on_event(item.event);
    }
  }
}

void Engine::Impl::on_event(const docker::Event& event) {
  using Meaning = docker::Event::Meaning;
  const Meaning meaning = event.meaning();
  if (meaning == Meaning::kCreate || meaning == Meaning::kOom || meaning == Meaning::kOther) return;
  const auto owner = owners.find(event.container_id());
  TaskActor* actor = owner == owners.end() ? nullptr : find(owner->second);
  if (actor == nullptr) return;
  const auto& containers = actor->task().containers;
  const auto found = std::ranges::find(containers, event.container_id(), &task::Container::docker_id);
  if (found == containers.end()) return;
  const auto index = static_cast<std::size_t>(found - containers.begin());
  actor->look(index, meaning == Meaning::kDie ? event.exit_code() : std::nullopt, meaning == Meaning::kStop);
}

void Engine::Impl::resync(const std::string& reason) {
  log::info("Looking at every container: events may have been missed", {{"reason", reason}});
  for (const auto& [arn, actor] : actors) actor->look_at_all();
}

base::Async<> Engine::Impl::drain_reports() {
  while (true) {
    const auto spread = static_cast<std::uint64_t>(kDrainSpread.count());
    co_await parts.clock.sleep_for(kDrainMin + base::Duration(parts.random.below(spread)));
    for (const auto& [arn, actor] : actors) {
      if (!actor->task().events.empty()) actor->tell(task::Drain{});
    }
  }
}

base::Async<> Engine::Impl::look_at_queue() {
  while (true) {
    co_await parts.clock.sleep_for(kQueueTick);
    resources.look_again();
  }
}

base::Async<> Engine::Impl::remove_finished() {
  while (const auto arn = co_await finished.pop()) {
    const auto found = actors.find(*arn);
    if (found == actors.end()) continue;
    co_await found->second->stop();
    for (const task::Container& c : found->second->task().containers) owners.erase(c.docker_id);
    std::erase(order, *arn);
    actors.erase(found);
  }
}

}  // namespace ecs::engine
