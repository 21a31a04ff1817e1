#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "base/file.hpp"
#include "base/text.hpp"
#include "ctl/exit_codes.hpp"
#include "ctl/follower.hpp"
#include "ctl/plane.hpp"
#include "docker/engine_client.hpp"
#include "local/error.hpp"
#include "local/payload.hpp"
#include "local/task_containers.hpp"

namespace ecs::ctl {
namespace {

constexpr base::Duration kLook = std::chrono::milliseconds(200);
constexpr base::Duration kReconnect = std::chrono::seconds(1);
constexpr base::Duration kStreamLimit = std::chrono::seconds(5);
constexpr base::Duration kReportGrace = std::chrono::seconds(15);

/// The definition in the file, checked by the same rules as the control plane's before anything is started.
local::RegisterTaskDefinitionRequest read_definition(const std::string& file) {
  try {
    const auto text = base::read_file(file);
    if (!text) throw Failure(fmt::format("{}: there is no such file", file));
    auto request =
        json::decode<local::RegisterTaskDefinitionRequest>(*text, {.fold_case = false, .reject_unknown = true});
    local::validate(request);
    return request;
  } catch (const json::Error& error) {
    throw Failure(fmt::format("{}: {}", file, error.what()));
  } catch (const local::ApiError& error) {
    throw Failure(fmt::format("{}: {}", file, error.what()));
  } catch (const std::system_error& error) {
    throw Failure(error.what());
  }
}

/// One `ecsctl local run`.
class Run {
 public:
  Run(Session& session, RunOptions options)
      : session_(session),
        options_(std::move(options)),
        screen_(standard_screen()),
        scope_(session.loop.executor(), [this](const std::string&, const std::exception_ptr& error) {
          if (failure_.empty()) failure_ = base::describe(error);
        }) {}

  base::Async<int> all();

 private:
  base::Async<int> with_plane();
  base::Async<> start_plane();
  base::Async<int> run_tasks(const local::RegisterTaskDefinitionRequest& request);
  base::Async<> start(const local::RegisterTaskDefinitionRequest& request, Follower& follower);
  base::Async<int> follow(Follower& follower);
  base::Async<bool> look(Follower& follower);
  base::Async<> force(int code, std::string reason);
  base::Async<> stop_tasks(std::string reason);
  base::Async<> read_events(Follower& follower);
  base::Async<> watch_plane();
  base::Async<> wait_for_others();
  [[nodiscard]] int result(const Follower& follower) const;

  Session& session_;
  RunOptions options_;
  Screen screen_;
  base::Scope scope_;
  std::unique_ptr<local::ControlPlane> own_;
  std::optional<Client> client_;
  std::unique_ptr<docker::EngineClient> engine_;
  std::vector<std::string> tasks_;
  base::Event listening_;
  std::string failure_;  ///< Of something in the background.
  int forced_ = 0;       ///< The exit code when the task was stopped from here: time-out, Ctrl-C.
  base::Duration stop_grace_ = local::kInteractiveStop;
  base::Instant kill_ = base::Instant::max();
  base::Instant give_up_ = base::Instant::max();
};

base::Async<> Run::start_plane() {
  own_ = make_plane(session_,
                    {.port = std::nullopt, .cluster = options_.cluster, .agent = options_.agent, .owner = "run"});
  if (!co_await session_.run_unless(session_.interrupted, own_->start())) {
    forced_ = kInterrupted;
    co_return;
  }
  client_.emplace(session_.connector, own_->endpoint());
  scope_.spawn("control plane", watch_plane());
}

base::Async<> Run::watch_plane() {
  co_await own_->wait_for_end();
  session_.interrupted.set();  // `ecsctl local down` from elsewhere.
}

/// The stream only makes things visible sooner: when it breaks, a new one is opened, and until then the task's own
/// state has to do.
base::Async<> Run::read_events(Follower& follower) {
  while (true) {
    try {
      EventLines lines = co_await client_->events();
      while (auto event = co_await lines.next()) {
        if (event->kind == "listening") listening_.set();
        follower.on_event(*event);
      }
    } catch (const net::Error&) {
    } catch (const CallRefused&) {
    }
    co_await session_.clock.sleep_for(kReconnect);
  }
}

base::Async<> Run::start(const local::RegisterTaskDefinitionRequest& request, Follower& follower) {
  const auto registered = co_await client_->call<local::TaskDefinitionResponse>("RegisterTaskDefinition", request);
  const local::TaskDefinition& definition = registered.task_definition;
  for (const auto& container : definition.container_definitions) {
    const base::Duration wanted = std::chrono::seconds(container.stop_timeout.value_or(0));
    stop_grace_ = std::max(stop_grace_, wanted);
  }
  scope_.spawn("events", read_events(follower));
  const auto no_longer = session_.clock.call_after(kStreamLimit, [this] { listening_.set(); });
  static_cast<void>(co_await session_.run_unless(session_.interrupted, listening_.wait()));
  local::RunTaskRequest run;
  run.cluster = options_.cluster;
  run.task_definition = definition.task_definition_arn;
  run.count = options_.count;
  run.started_by = "ecsctl";
  const auto started = co_await client_->call<local::TasksResponse>("RunTask", run);
  for (const auto& task : started.tasks) tasks_.push_back(task.task_arn);
  follower.add(started.tasks, definition);
  for (const auto& arn : tasks_) {
    screen_.line(
        fmt::format("{}:{} runs as task {}", definition.family, definition.revision, base::last_arn_part(arn)));
  }
  if (started.failures.empty()) co_return;
  const auto& first = started.failures.front();
  co_await stop_tasks("Another task of the same run could not be placed");
  throw Failure(fmt::format("{} of {} tasks cannot be placed: {} ({})", started.failures.size(), options_.count,
                            first.reason, first.detail.value_or("")));
}

base::Async<> Run::stop_tasks(std::string reason) {
  for (const auto& arn : tasks_) {
    local::StopTaskRequest request;
    request.cluster = options_.cluster;
    request.task = arn;
    request.reason = reason;
    static_cast<void>(co_await client_->call<local::StopTaskResponse>("StopTask", request));
  }
}

/// True when there is no more to see.
base::Async<bool> Run::look(Follower& follower) {
  local::DescribeTasksRequest request;
  request.cluster = options_.cluster;
  request.tasks = tasks_;
  const auto now = co_await client_->call<local::TasksResponse>("DescribeTasks", request);
  for (const auto& task : now.tasks) follower.on_task(task);
  if (!now.failures.empty()) throw Failure("the control plane has forgotten the task");
  co_return follower.done() || (!options_.follow && follower.all_running());
}

base::Async<int> Run::follow(Follower& follower) {
  const base::Instant start = session_.clock.now();
  while (!co_await look(follower)) {
    if (!failure_.empty()) throw Failure(failure_);
    const base::Instant now = session_.clock.now();
    if (session_.hurry.is_set() || now > give_up_) break;
    if (now > kill_) {
      kill_ = base::Instant::max();
      for (const auto& arn : tasks_) co_await local::kill_task_containers(*engine_, arn);
    }
    const bool late = options_.timeout && now - start > std::chrono::seconds(*options_.timeout);
    if (forced_ == 0 && session_.interrupted.is_set()) {
      screen_.line("stopping the task (Ctrl-C again to kill)");
      co_await force(kInterrupted, "Interrupted by the user");
    } else if (forced_ == 0 && late) {
      screen_.line(fmt::format("the task did not end within the {} s of --timeout: stopping it", *options_.timeout));
      co_await force(kTimedOut, "Did not end in time");
    }
    co_await session_.clock.sleep_for(kLook);
  }
  co_return result(follower);
}

/// Ends the tasks from here, with this exit code.
base::Async<> Run::force(int code, std::string reason) {
  forced_ = code;
  kill_ = session_.clock.now() + stop_grace_;
  give_up_ = kill_ + kReportGrace;
  co_await stop_tasks(std::move(reason));
}

int Run::result(const Follower& follower) const {
  if (forced_ != 0) return forced_;
  if (!options_.follow && follower.all_running()) return kSuccess;
  const auto code = follower.exit_code();
  if (code) return *code;
  std::fprintf(stderr, "ecsctl: the task ended without an exit code of an essential container\n");
  return kRunFailed;
}

base::Async<int> Run::run_tasks(const local::RegisterTaskDefinitionRequest& request) {
  const local::Status status = co_await client_->status();
  if (status.cluster != options_.cluster) {
    throw Failure(fmt::format("--cluster: the control plane that runs has cluster '{}', not '{}'", status.cluster,
                              options_.cluster));
  }
  engine_ = std::make_unique<docker::EngineClient>(session_.connector, status.docker_host);
  Follower follower(screen_, *engine_, session_.clock, scope_);
  std::string problem;
  int code = kRunFailed;
  try {
    screen_.line(kNotServed);
    co_await start(request, follower);
    code = co_await follow(follower);
    co_await wait_for_others();
  } catch (const net::Error& error) {
    problem = fmt::format("the control plane at {} does not answer any more: {}", status.endpoint, error.what());
  } catch (const std::exception& error) {
    if (base::is_cancellation(std::current_exception())) throw;
    problem = error.what();
  }
  if (!problem.empty() && !failure_.empty()) problem = failure_;
  scope_.cancel();
  co_await scope_.join();
  if (!problem.empty()) throw Failure(problem);
  co_return code;
}

/// Others may have found this process's control plane and run tasks on it: it stays for them.
base::Async<> Run::wait_for_others() {
  if (!own_ || own_->status().listeners <= 1 || session_.interrupted.is_set()) co_return;
  screen_.line("this control plane stays up until others that follow a task on it have ended (Ctrl-C ends it now)");
  while (own_->status().listeners > 1 && !session_.interrupted.is_set()) co_await session_.clock.sleep_for(kLook);
}

base::Async<int> Run::with_plane() {
  const auto request = read_definition(options_.file);
  client_ = co_await session_.find_running();
  if (!client_ && !options_.follow) {
    throw Failure("--no-follow needs a control plane that stays: start one with 'ecsctl local up'");
  }
  if (client_ && !options_.agent.empty()) {
    std::fprintf(stderr, "ecsctl: a control plane runs already, with its own agent: --agent has no effect\n");
  }
  if (!client_) co_await start_plane();
  if (forced_ != 0) co_return forced_;
  co_return co_await run_tasks(request);
}

base::Async<int> Run::all() {
  int code = kRunFailed;
  std::string problem;
  try {
    code = co_await with_plane();
  } catch (const std::exception& error) {
    problem = error.what();
  }
  scope_.cancel();
  co_await scope_.join();
  if (own_) {
    const bool clean = co_await own_->close(session_.hurry);
    if (!clean && code == kSuccess) code = kRunFailed;
  }
  if (!problem.empty()) throw Failure(problem);
  co_return code;
}

base::Async<int> run_command(Session& session, RunOptions options) {
  Run run(session, std::move(options));
  co_return co_await run.all();
}

}  // namespace

int run(const RunOptions& options, const Environment& environment) {
  Session session(environment);
  return session.run(run_command(session, options), kRunFailed);
}

}  // namespace ecs::ctl
