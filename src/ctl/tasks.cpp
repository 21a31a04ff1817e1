// `ecsctl local ps`, `stop`, `logs`, `down`.
#include <fmt/format.h>

#include <cstdio>

#include "base/mailbox.hpp"
#include "base/text.hpp"
#include "ctl/exit_codes.hpp"
#include "ctl/log_stream.hpp"
#include "ctl/ps_table.hpp"
#include "ctl/screen.hpp"
#include "ctl/session.hpp"
#include "docker/engine_client.hpp"

namespace ecs::ctl {
namespace {

constexpr base::Duration kLook = std::chrono::milliseconds(200);
constexpr base::Duration kStopLimit = std::chrono::minutes(5);
constexpr std::size_t kPageSize = 100;

base::Async<std::vector<local::Task>> describe(Client& client, std::string cluster, std::vector<std::string> arns) {
  std::vector<local::Task> tasks;
  for (std::size_t start = 0; start < arns.size(); start += kPageSize) {
    local::DescribeTasksRequest request;
    request.cluster = cluster;
    const auto first = arns.begin() + static_cast<std::ptrdiff_t>(start);
    const auto count = static_cast<std::ptrdiff_t>(std::min(kPageSize, arns.size() - start));
    request.tasks.assign(first, first + count);
    auto page = co_await client.call<local::TasksResponse>("DescribeTasks", std::move(request));
    if (!page.failures.empty()) {
      throw Failure(fmt::format("there is no task {}", base::last_arn_part(page.failures.front().arn)));
    }
    std::move(page.tasks.begin(), page.tasks.end(), std::back_inserter(tasks));
  }
  co_return tasks;
}

base::Async<std::vector<std::string>> list(Client& client, std::string cluster, std::string desired_status) {
  std::vector<std::string> arns;
  local::ListTasksRequest request;
  request.cluster = cluster;
  request.desired_status = desired_status;
  while (true) {
    auto page = co_await client.call<local::ListTasksResponse>("ListTasks", request);
    arns.insert(arns.end(), page.task_arns.begin(), page.task_arns.end());
    if (!page.next_token) co_return arns;
    request.next_token = page.next_token;
  }
}

/// What the agent says; nothing when it does not answer just now.
base::Async<AgentState> agent_state(Client& client) {
  try {
    co_return co_await client.agent_state();
  } catch (const CallRefused&) {
    co_return AgentState();
  }
}

base::Async<int> ps_command(Session& session, PsOptions options) {
  Client client = co_await session.need_running();
  const local::Status status = co_await client.status();
  auto arns = co_await list(client, status.cluster, "RUNNING");
  const auto ending = co_await list(client, status.cluster, "STOPPED");
  arns.insert(arns.end(), ending.begin(), ending.end());
  auto tasks = co_await describe(client, status.cluster, arns);
  if (!options.all) std::erase_if(tasks, [](const local::Task& task) { return task.last_status == "STOPPED"; });
  const AgentState state = co_await agent_state(client);
  fmt::print("{}", ps_table(tasks, state, session.clock.wall()));
  co_return kSuccess;
}

base::Async<int> stop_command(Session& session, StopOptions options) {
  if (options.tasks.empty() && !options.all) throw Failure("name a task to stop, or use --all");
  Client client = co_await session.need_running();
  const local::Status status = co_await client.status();
  if (options.all) options.tasks = co_await list(client, status.cluster, "RUNNING");
  for (const auto& task : options.tasks) {
    local::StopTaskRequest request;
    request.cluster = status.cluster;
    request.task = task;
    request.reason = options.reason;
    static_cast<void>(co_await client.call<local::StopTaskResponse>("StopTask", std::move(request)));
  }
  const base::Instant limit = session.clock.now() + kStopLimit;
  std::size_t running = options.tasks.size();
  while (running > 0 && !session.interrupted.is_set()) {
    running = 0;
    const auto tasks = co_await describe(client, status.cluster, options.tasks);
    for (const auto& task : tasks) running += task.last_status == "STOPPED" ? 0 : 1;
    if (session.clock.now() > limit) throw Failure(fmt::format("{} tasks have not stopped yet", running));
    if (running > 0) co_await session.clock.sleep_for(kLook);
  }
  if (running > 0) co_return kInterrupted;
  fmt::print("{} task{} stopped\n", options.tasks.size(), options.tasks.size() == 1 ? "" : "s");
  co_return kSuccess;
}

/// The logs of some containers, at the same time.
base::Async<> read_logs(Session& session, docker::Client& engine, std::vector<local::Container> containers,
                        bool follow) {
  Screen screen = standard_screen();
  std::string problem;
  const auto note = [&problem](const std::string&, const std::exception_ptr& error) {
    problem = base::describe(error);
  };
  base::Scope scope(session.loop.executor(), note);
  for (const auto& container : containers) {
    screen.widen(container.name.size());
    const auto on_line = [&screen, name = container.name](const std::string& line) { screen.log_line(name, line); };
    scope.spawn("log of " + container.name, read_log(engine, *container.runtime_id, follow, on_line));
  }
  static_cast<void>(co_await session.run_unless(session.interrupted, scope.join()));
  scope.cancel();
  co_await scope.join();
  if (!problem.empty()) throw Failure(problem);
}

base::Async<int> logs_command(Session& session, LogsOptions options) {
  Client client = co_await session.need_running();
  const local::Status status = co_await client.status();
  const std::vector<std::string> wanted{options.task};
  const auto tasks = co_await describe(client, status.cluster, wanted);
  std::vector<local::Container> containers;
  bool named = options.container.empty();
  for (const auto& container : tasks.at(0).containers) {
    if (!options.container.empty() && container.name != options.container) continue;
    named = true;
    if (container.runtime_id) containers.push_back(container);
  }
  if (!named) throw Failure(fmt::format("the task has no container '{}'", options.container));
  if (containers.empty()) throw Failure("the task has no container on the engine yet, so there is no log");
  docker::EngineClient engine(session.connector, status.docker_host);
  co_await read_logs(session, engine, std::move(containers), options.follow);
  co_return kSuccess;
}

base::Async<int> down_command(Session& session) {
  auto client = co_await session.find_running();
  if (!client) {
    fmt::print("no control plane runs\n");
    co_return kSuccess;
  }
  co_await client->ask_to_end();
  while (co_await session.find_running()) {
    if (session.interrupted.is_set()) co_return kInterrupted;
    co_await session.clock.sleep_for(kLook);
  }
  fmt::print("the control plane has ended\n");
  co_return kSuccess;
}

}  // namespace

int ps(const PsOptions& options, const Environment& environment) {
  Session session(environment);
  return session.run(ps_command(session, options), kFailure);
}

int stop(const StopOptions& options, const Environment& environment) {
  Session session(environment);
  return session.run(stop_command(session, options), kFailure);
}

int logs(const LogsOptions& options, const Environment& environment) {
  Session session(environment);
  return session.run(logs_command(session, options), kFailure);
}

int down(const Environment& environment) {
  Session session(environment);
  return session.run(down_command(session), kFailure);
}

}  // namespace ecs::ctl
