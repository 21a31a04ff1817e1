#include "ctl/follower.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "ctl/log_stream.hpp"

namespace ecs::ctl {
namespace {

enum Phase : int { kNone, kPulling, kPulled, kCreated, kRunning, kStopped };

constexpr base::Duration kLogGrace = std::chrono::seconds(5);
constexpr int kBarWidth = 30;
constexpr std::size_t kShortId = 12;

int phase_of(const std::string& status) {
  if (status == "PULLED") return kPulled;
  if (status == "CREATED") return kCreated;
  if (status == "RUNNING") return kRunning;
  return status == "STOPPED" ? kStopped : kNone;
}

std::string binding_text(const local::NetworkBinding& binding) {
  const auto port = [](const local::OptionalInt& one, const local::OptionalText& range) {
    return one ? fmt::to_string(*one) : range.value_or("?");
  };
  return fmt::format("port {}/{} at {}:{}", port(binding.container_port, binding.container_port_range),
                     binding.protocol.value_or("tcp"), binding.bind_ip.value_or(""),
                     port(binding.host_port, binding.host_port_range));
}

}  // namespace

struct Follower::View {
  std::string name;  ///< As shown.
  std::string wire;  ///< As in the definition.
  std::string image;
  bool essential = true;
  int phase = kNone;
  std::string runtime_id;
  std::string reason;
  std::string layer_note;
  std::optional<int> exit_code;
  int end_order = 0;  ///< 1 for the first container that ended.
  bool ports_shown = false;
  bool log_started = false;
  bool log_ended = false;
  bool end_shown = false;
  base::Instant ended_at;
};

struct Follower::TaskView {
  std::string arn;
  std::string label;
  std::vector<std::unique_ptr<View>> containers;
  bool running = false;
  bool stopped = false;
  bool end_shown = false;
  std::string stop_code;
  std::string stopped_reason;
};

Follower::Follower(Screen& screen, docker::Client& engine, base::Clock& clock, base::Scope& scope)
    : screen_(screen), engine_(engine), clock_(clock), scope_(scope) {}

Follower::~Follower() = default;

void Follower::add(const std::vector<local::Task>& tasks, const local::TaskDefinition& definition) {
  for (const auto& task : tasks) {
    auto& view = *tasks_.emplace_back(std::make_unique<TaskView>());
    view.arn = task.task_arn;
    view.label = tasks.size() == 1 ? "task" : fmt::format("task {}", tasks_.size());
    for (const auto& container : definition.container_definitions) {
      auto& one = *view.containers.emplace_back(std::make_unique<View>());
      one.wire = container.name;
      one.name = tasks.size() == 1 ? container.name : fmt::format("{}.{}", container.name, tasks_.size());
      one.image = container.image;
      one.essential = container.essential;
      screen_.widen(one.name.size());
    }
    screen_.widen(view.label.size());
  }
}

Follower::View* Follower::find(const std::string& task, const std::string& container) {
  for (const auto& one : tasks_) {
    if (one->arn != task) continue;
    for (const auto& view : one->containers) {
      if (view->wire == container) return view.get();
    }
  }
  return nullptr;
}

void Follower::advance(View& view, int phase) {
  if (phase <= view.phase) return;
  const int before = view.phase;
  view.phase = phase;
  if (phase >= kPulled) screen_.remove_bars(view.name + "/");
  if (phase == kPulling) screen_.phase(view.name, fmt::format("pulling {}", view.image));
  if (phase == kPulled) screen_.phase(view.name, fmt::format("image {} is here", view.image));
  // A container that runs was created, and one that has an exit code ran, however short that was.
  const bool exists = !view.runtime_id.empty();
  if (exists && phase >= kCreated && before < kCreated) {
    screen_.phase(view.name, fmt::format("created {}", view.runtime_id.substr(0, kShortId)));
  }
  const bool ran = phase == kRunning || (phase == kStopped && exists && view.exit_code && view.reason.empty());
  if (ran && before < kRunning) screen_.phase(view.name, "running");
  if (phase == kStopped) stopped(view);
}

void Follower::stopped(View& view) {
  view.end_order = ++ends_;
  view.ended_at = clock_.now();
}

void Follower::show_progress(View& view, const AgentEvent& event) {
  advance(view, kPulling);
  if (event.layer.empty()) return;
  screen_.bar(view.name + "/" + event.layer,
              fmt::format("  {} {:<14} {}", event.layer.substr(0, kShortId), event.detail,
                          progress_bar(event.current, event.total, kBarWidth)));
  const std::string note = fmt::format("  {} {}", event.layer.substr(0, kShortId), event.detail);
  if (!screen_.terminal() && note != view.layer_note) screen_.phase(view.name, note);
  view.layer_note = note;
}

void Follower::on_event(const AgentEvent& event) {
  View* view = find(event.task, event.container);
  if (view == nullptr) return;
  if (event.kind == "pull-progress") return show_progress(*view, event);
  if (event.kind == "health") {
    std::string word = event.status;
    std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return screen_.phase(view->name, word);
  }
  if (event.kind != "container-status") return;
  if (!event.runtime_id.empty()) view->runtime_id = event.runtime_id;
  if (!event.reason.empty()) view->reason = event.reason;
  if (event.exit_code && phase_of(event.status) == kStopped) view->exit_code = event.exit_code;
  advance(*view, phase_of(event.status));
  if (view->phase >= kRunning) start_log(*view, view->runtime_id);
}

void Follower::on_task(const local::Task& task) {
  for (const auto& container : task.containers) {
    View* view = find(task.task_arn, container.name);
    if (view == nullptr) continue;
    if (container.runtime_id) view->runtime_id = *container.runtime_id;
    if (container.reason) view->reason = *container.reason;
    if (container.exit_code && container.last_status == "STOPPED") view->exit_code = container.exit_code;
    advance(*view, phase_of(container.last_status));
    if (view->phase >= kRunning) start_log(*view, view->runtime_id);
    if (!view->ports_shown && container.last_status == "RUNNING") {
      view->ports_shown = true;
      for (const auto& binding : container.network_bindings) screen_.phase(view->name, binding_text(binding));
    }
  }
  for (const auto& one : tasks_) {
    if (one->arn != task.task_arn) continue;
    one->running = task.last_status == "RUNNING";
    one->stopped = task.last_status == "STOPPED";
    one->stop_code = task.stop_code.value_or("");
    one->stopped_reason = task.stopped_reason.value_or("");
  }
}

void Follower::start_log(View& view, const std::string& container_id) {
  if (view.log_started || container_id.empty()) return;
  view.log_started = true;
  scope_.spawn("log of " + view.name, read(view, container_id));
}

base::Async<> Follower::read(View& view, std::string container_id) {
  const auto on_line = [this, &view](const std::string& line) { screen_.log_line(view.name, line); };
  try {
    co_await read_log(engine_, std::move(container_id), true, on_line);
  } catch (const docker::Error& error) {
    screen_.phase(view.name, fmt::format("its log cannot be read: {}", error.what()));
  }
  view.log_ended = true;
}

void Follower::show_end(View& view) {
  view.end_shown = true;
  std::string text = view.exit_code ? fmt::format("exited with code {}", *view.exit_code) : "stopped before it ran";
  if (!view.reason.empty()) text += ": " + view.reason;
  screen_.phase(view.name, text);
}

void Follower::settle() {
  for (const auto& task : tasks_) {
    bool all_shown = true;
    for (const auto& view : task->containers) {
      if (view->phase == kStopped && !view->end_shown) {
        const bool log_over = !view->log_started || view->log_ended || clock_.now() - view->ended_at > kLogGrace;
        // An exit code can come a little later than the end itself, with the task's report.
        if (log_over && (view->exit_code || !view->reason.empty() || task->stopped)) show_end(*view);
      }
      all_shown = all_shown && view->end_shown;
    }
    if (task->stopped && all_shown && !task->end_shown) {
      task->end_shown = true;
      screen_.phase(task->label, fmt::format("stopped: {} ({})", task->stopped_reason, task->stop_code));
    }
  }
}

bool Follower::done() {
  settle();
  return std::ranges::all_of(tasks_, [](const auto& task) { return task->end_shown; });
}

bool Follower::all_running() const {
  return std::ranges::all_of(tasks_, [](const auto& task) { return task->running; });
}

std::optional<int> Follower::exit_code() const {
  std::optional<int> result;
  for (const auto& task : tasks_) {
    const View* first = nullptr;
    for (const auto& view : task->containers) {
      if (!view->essential || !view->exit_code) continue;
      if (first == nullptr || view->end_order < first->end_order) first = view.get();
    }
    if (first == nullptr) return std::nullopt;
    if (!result || *result == 0) result = first->exit_code;
  }
  return result;
}

}  // namespace ecs::ctl
