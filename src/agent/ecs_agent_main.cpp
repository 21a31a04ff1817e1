// The ECS agent.
#include <cstdio>
#include <cstdlib>
#include <span>

#include "agent/app.hpp"
#include "agent/exit_codes.hpp"
#include "agent/flags.hpp"
#include "agent/one_shot.hpp"
#include "base/clock.hpp"
#include "base/loop.hpp"
#include "config/loader.hpp"
#include "log/settings.hpp"

namespace {

using namespace ecs;

int run(const agent::Flags& flags) {
  if (flags.license) return agent::print_license();
  if (flags.version) {
    std::fputs(agent::version_text().c_str(), stdout);
    return agent::kExitDone;
  }
  auto log_settings = log::Settings::from_environment([](const char* name) { return std::getenv(name); });
  log_settings.apply_flags(flags.log_level, flags.log_level_driver, flags.log_level_on_instance);
  log::configure(std::move(log_settings));

  base::Loop loop;
  if (flags.healthcheck) {
    base::RealClock clock(loop.executor());
    const char* host = std::getenv("ECS_AGENT_HEALTHCHECK_HOST");
    return loop.run_until_done(agent::healthcheck(clock, host != nullptr && *host != '\0' ? host : "localhost"));
  }
  agent::App app(loop, flags, config::process_environment());
  return loop.run_until_done(app.run());
}

}  // namespace

int main(int argc, char** argv) {
  const std::span<const char* const> arguments(argv, static_cast<std::size_t>(argc));
  const auto parsed = agent::parse_flags(arguments.subspan(argc > 0 ? 1 : 0));
  if (parsed.refusal) {
    std::fputs(parsed.refusal->c_str(), stderr);
    return agent::kExitTerminal;
  }
  return run(parsed.flags);
}
