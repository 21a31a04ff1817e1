// ecs-init: the service that prepares the host, starts the agent and keeps it alive.
#include <fmt/format.h>

#include <array>
#include <cstdio>
#include <span>
#include <string_view>

#include "config/version.hpp"

namespace {

using namespace ecs;

// Exit statuses of the original (init.md 2).
constexpr int kUsage = 1;
constexpr int kFailed = 255;

constexpr std::array<std::string_view, 6> kHostActions{"pre-start", "start", "pre-stop",
                                                       "post-stop", "stop",  "reload-cache"};

void print_usage() {
  std::fputs(
      "Usage: ecs-init ACTION\n\n"
      "Actions:\n"
      "  version    print the version\n\n"
      "This build does not manage the host: start ecs-agent with a service manager or with `ecsctl local up`.\n",
      stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const std::span<const char* const> arguments(argv, static_cast<std::size_t>(argc));
  if (arguments.size() < 2) {
    print_usage();
    return kUsage;
  }
  const std::string_view action = arguments[1];
  if (action == "version" || action == "-version" || action == "--version") {
    std::fputs(fmt::format("ecs-init version {} ({}{})\n", config::kOwnVersion, config::kBuildDirty ? "*" : "",
                           config::kBuildHash)
                   .c_str(),
               stdout);
    return 0;
  }
  for (const auto known : kHostActions) {
    if (action == known) {
      std::fputs(fmt::format("ecs-init {}: this build does not manage the host\n", action).c_str(), stderr);
      return kFailed;
    }
  }
  print_usage();
  return kUsage;
}
