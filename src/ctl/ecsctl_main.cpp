#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>

#include "config/loader.hpp"
#include "config/version.hpp"
#include "ctl/commands.hpp"
#include "ctl/exit_codes.hpp"
#include "log/settings.hpp"

namespace {

using ecs::ctl::Environment;

struct Chosen {
  ecs::ctl::UpOptions up;
  ecs::ctl::RunOptions run;
  ecs::ctl::PsOptions ps;
  ecs::ctl::StopOptions stop;
  ecs::ctl::LogsOptions logs;
  std::function<int(const Environment&)> command;
};

void add_up(CLI::App& local, Chosen& chosen) {
  auto* command = local.add_subcommand("up", "Serve the ECS API on 127.0.0.1 with an agent, until Ctrl-C");
  command->add_option("--port", chosen.up.port, "Port; without it 51670, or any other when that is taken")
      ->check(CLI::Range(1, 65535));
  command->add_option("--cluster", chosen.up.cluster, "Name of the cluster")->capture_default_str();
  command->add_option("--agent", chosen.up.agent, "The agent's program; else $ECS_LOCAL_AGENT, else beside this one");
  command->callback([&chosen] {
    chosen.command = [&chosen](const Environment& environment) { return ecs::ctl::up(chosen.up, environment); };
  });
}

void add_run(CLI::App& local, Chosen& chosen) {
  auto* command =
      local.add_subcommand("run", "Run a task definition and show it, with a control plane of its own when none is up");
  command->add_option("FILE", chosen.run.file, "JSON as for aws ecs register-task-definition --cli-input-json")
      ->required();
  command->add_option("--count", chosen.run.count, "Number of tasks")->check(CLI::Range(1, 10))->capture_default_str();
  command->add_option("--timeout", chosen.run.timeout, "Seconds after which the task is stopped; exit code 124 then")
      ->check(CLI::Range(1, 1'000'000));
  command->add_flag("--follow,!--no-follow", chosen.run.follow,
                    "Stay and show logs until the task ends (the default), or return once it runs");
  command->add_option("--cluster", chosen.run.cluster, "Name of the cluster")->capture_default_str();
  command->add_option("--agent", chosen.run.agent, "The agent's program; else $ECS_LOCAL_AGENT, else beside this one");
  command->footer(
      "Exit code: that of the essential container that ended first; 124 after --timeout; 125 when the task "
      "could not be run; 130 after Ctrl-C.");
  command->callback([&chosen] {
    chosen.command = [&chosen](const Environment& environment) { return ecs::ctl::run(chosen.run, environment); };
  });
}

void add_ps(CLI::App& local, Chosen& chosen) {
  auto* command = local.add_subcommand("ps", "List tasks");
  command->add_flag("-a,--all", chosen.ps.all, "Stopped ones too");
  command->callback([&chosen] {
    chosen.command = [&chosen](const Environment& environment) { return ecs::ctl::ps(chosen.ps, environment); };
  });
}

void add_stop(CLI::App& local, Chosen& chosen) {
  auto* command = local.add_subcommand("stop", "Stop tasks and wait until they have stopped");
  command->add_option("TASK", chosen.stop.tasks, "Ids or ARNs");
  command->add_flag("--all", chosen.stop.all, "All tasks");
  command->add_option("--reason", chosen.stop.reason, "Shown as the task's stopped reason")->capture_default_str();
  command->callback([&chosen] {
    chosen.command = [&chosen](const Environment& environment) { return ecs::ctl::stop(chosen.stop, environment); };
  });
}

void add_logs(CLI::App& local, Chosen& chosen) {
  auto* command = local.add_subcommand("logs", "Show what the containers of a task wrote");
  command->add_option("TASK", chosen.logs.task, "Id or ARN")->required();
  command->add_option("--container", chosen.logs.container, "Only this one");
  command->add_flag("-f,--follow", chosen.logs.follow, "Go on until the containers end");
  command->callback([&chosen] {
    chosen.command = [&chosen](const Environment& environment) { return ecs::ctl::logs(chosen.logs, environment); };
  });
}

void add_down(CLI::App& local, Chosen& chosen) {
  auto* command = local.add_subcommand("down", "End the control plane that is up, its tasks and containers");
  command->callback(
      [&chosen] { chosen.command = [](const Environment& environment) { return ecs::ctl::down(environment); }; });
}

int run(int argc, char** argv) {
  CLI::App app("Tools for ecs-agent.", "ecsctl");
  app.set_version_flag("--version,-v",
                       fmt::format("ecsctl {} ({})", ecs::config::kOwnVersion, ecs::config::kBuildHash));
  app.require_subcommand(1);
  auto* local = app.add_subcommand("local", "A control plane on this machine: runs tasks with no AWS account");
  local->require_subcommand(1);
  Chosen chosen;
  add_up(*local, chosen);
  add_run(*local, chosen);
  add_ps(*local, chosen);
  add_stop(*local, chosen);
  add_logs(*local, chosen);
  add_down(*local, chosen);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? ecs::ctl::kSuccess : ecs::ctl::kUsage;
  }
  // What the libraries log is for the control plane's log file, which make_plane() names.
  ecs::log::Settings quiet;
  quiet.driver_level = ecs::log::Level::kOff;
  quiet.instance_level = ecs::log::Level::kOff;
  ecs::log::configure(std::move(quiet));
  return chosen.command(ecs::config::process_environment());
}

}  // namespace

int main(int argc, char** argv) {
  // Whoever reads the output may go; tasks and containers are still to be cleaned up.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "ecsctl: %s\n", error.what());
    return ecs::ctl::kFailure;
  }
}
