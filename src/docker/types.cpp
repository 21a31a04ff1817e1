#include "docker/types.hpp"

#include <charconv>

#include "base/time_text.hpp"

namespace ecs::docker {

std::optional<base::WallTime> engine_time(std::string_view text) {
  if (text.empty() || text.starts_with("0001-")) return std::nullopt;
  return base::parse_rfc3339(text);
}

Event::Meaning Event::meaning() const {
  if ((!type.empty() && type != "container") || container_id().empty()) return Meaning::kOther;
  static constexpr std::pair<std::string_view, Meaning> kWords[] = {
      {"create", Meaning::kCreate},
      {"start", Meaning::kStart},
      {"stop", Meaning::kStop},
      {"die", Meaning::kDie},
      {"restart", Meaning::kRestart},
      {"oom", Meaning::kOom},
      {"health_status: healthy", Meaning::kHealthy},
      {"health_status: unhealthy", Meaning::kUnhealthy},
  };
  for (const auto& [name, meaning] : kWords) {
    if (word() == name) return meaning;
  }
  return Meaning::kOther;
}

std::optional<int> Event::exit_code() const {
  const auto found = actor.attributes.find("exitCode");
  if (found == actor.attributes.end()) return std::nullopt;
  const auto& text = found->second;
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::int64_t> Event::nanoseconds() const {
  constexpr std::int64_t kSecond = 1'000'000'000;
  if (time_nano > 0) return time_nano;
  if (time > 0 && time < INT64_MAX / kSecond) return time * kSecond;
  return std::nullopt;
}

Condition condition_of(const ContainerState& state) {
  if (state.running) return Condition::kRunning;
  if (state.dead) return Condition::kStopped;
  return !engine_time(state.started_at) && state.error.empty() ? Condition::kCreated : Condition::kStopped;
}

std::optional<int> exit_code_of(const ContainerState& state) {
  if (state.running || !engine_time(state.finished_at)) return std::nullopt;
  return static_cast<int>(state.exit_code);
}

std::optional<StateError> state_error_of(const ContainerState& state) {
  if (state.oom_killed) return StateError{"OutOfMemoryError", "Container killed due to memory usage"};
  if (!state.error.empty()) return StateError{"DockerStateError", state.error};
  return std::nullopt;
}

}  // namespace ecs::docker
