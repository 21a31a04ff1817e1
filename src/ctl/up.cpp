#include <fmt/format.h>

#include <cstdio>

#include "ctl/exit_codes.hpp"
#include "ctl/plane.hpp"

namespace ecs::ctl {
namespace {

base::Async<> serve(Session& session, local::ControlPlane& plane) {
  if (!co_await session.run_unless(session.interrupted, plane.start())) co_return;
  fmt::print("The control plane is at {}; its agent is connected.\n{}\n\n", plane.endpoint(), kNotServed);
  fmt::print("  aws ecs list-tasks --endpoint-url {}\n\n", plane.endpoint());
  fmt::print("Any credentials and region will do for the client. Ctrl-C ends tasks, agent and control plane.\n");
  std::fflush(stdout);
  static_cast<void>(co_await session.run_unless(session.interrupted, plane.wait_for_end()));
}

base::Async<int> up_command(Session& session, UpOptions options) {
  const auto plane =
      make_plane(session, {.port = options.port, .cluster = options.cluster, .agent = options.agent, .owner = "up"});
  std::string problem;
  try {
    co_await serve(session, *plane);
  } catch (const local::ControlPlaneError& error) {
    problem = error.what();
  }
  const bool clean = co_await plane->close(session.hurry);
  if (!problem.empty()) throw Failure(problem);
  co_return clean ? kSuccess : kFailure;
}

}  // namespace

int up(const UpOptions& options, const Environment& environment) {
  Session session(environment);
  return session.run(up_command(session, options), kFailure);
}

}  // namespace ecs::ctl
