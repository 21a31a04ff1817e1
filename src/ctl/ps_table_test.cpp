#include "ctl/ps_table.hpp"

#include <gtest/gtest.h>

#include "base/time_text.hpp"

namespace ecs::ctl {
namespace {

local::Task task(const std::string& id, const std::string& status) {
  local::Task t;
  t.task_arn = "arn:aws:ecs:us-east-1:1:task/default/" + id;
  t.task_definition_arn = "arn:aws:ecs:us-east-1:1:task-definition/web:3";
  t.last_status = status;
  return t;
}

local::Container container(const std::string& name, const std::string& status) {
  local::Container c;
  c.name = name;
  c.last_status = status;
  return c;
}

const auto kNow = base::parse_rfc3339("2026-01-02T03:05:10.9Z").value();

TEST(PsTable, ShowsWhatTasksWaitForAndSinceWhen) {
  auto waiting = task("aa", "PENDING");
  waiting.containers = {container("db", "RUNNING"), container("web", "PENDING")};
  AgentState state;
  state.tasks.push_back(
      {.arn = waiting.task_arn,
       .waiting = {{.container = "web", .why = "needs HEALTHY of container db", .since = "2026-01-02T03:04:05.5Z"},
                   {.container = {}, .why = "something", .since = "2026-01-02T03:06:00Z"}},
       .containers = {{.name = "db", .health = "UNKNOWN", .restarts = 0}}});
  EXPECT_EQ(ps_table({waiting, task("b", "PENDING")}, state, kNow),
            "TASK  DEFINITION  STATUS   CONTAINERS                       WAITING FOR\n"
            "aa    web:3       PENDING  db RUNNING unknown, web PENDING  web: needs HEALTHY of container db (1m5s); "
            "something (0s)\n"
            "b     web:3       PENDING\n");
}

TEST(PsTable, ShowsHealthRestartsPortsAndEnds) {
  auto one = task("a", "RUNNING");
  one.containers = {container("web", "RUNNING"), container("side", "STOPPED")};
  local::NetworkBinding binding;
  binding.bind_ip = "0.0.0.0";
  binding.container_port = 80;
  binding.host_port = 49153;
  binding.protocol = "tcp";
  one.containers[0].network_bindings = {binding};
  one.containers[1].exit_code = 3;
  one.containers[1].reason = "why";
  AgentState state;
  state.tasks.push_back({.arn = one.task_arn,
                         .waiting = {},
                         .containers = {{.name = "web", .health = "HEALTHY", .restarts = 2},
                                        {.name = "side", .health = "UNHEALTHY", .restarts = {}}}});
  EXPECT_EQ(
      ps_table({one}, state, kNow),
      "TASK  DEFINITION  STATUS   CONTAINERS"
      "                                                                       WAITING FOR\n"
      "a     web:3       RUNNING  web RUNNING healthy restarts 2 0.0.0.0:49153->80/tcp, side STOPPED exit 3 (why)\n");
}

TEST(PsTable, WithoutTasksThereIsTheHeading) {
  EXPECT_EQ(ps_table({}, {}, kNow), "TASK  DEFINITION  STATUS  CONTAINERS  WAITING FOR\n");
}

}  // namespace
}  // namespace ecs::ctl
