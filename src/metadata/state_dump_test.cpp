#include "metadata/state_dump.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>

#include "base/random.hpp"
#include "base/time_text.hpp"
#include "json/value.hpp"

namespace ecs::metadata {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

base::WallTime at(const char* text) { return base::parse_rfc3339(text).value(); }

task::Task task_with_secrets() {
  task::Task t;
  t.arn = "arn:aws:ecs:eu-west-1:1:task/demo/1";
  t.family = "shop";
  t.version = "7";
  t.credentials_id = t.execution_credentials_id = "the-credentials-id";
  t.desired = task::TaskStatus::kRunning;
  t.known = task::TaskStatus::kCreated;
  t.accepted_at = t.known_at = task::nanos(at("2026-01-02T03:04:05Z"));
  auto& c = t.containers.emplace_back();
  c.name = "web";
  c.image = "web:1";
  c.essential = true;
  c.environment = {{"PASSWORD", "the-password"}};
  c.command = {"--key=the-password"};
  c.labels = {{"secret", "the-password"}};
  c.docker_config.config = "the-password";
  c.endpoint_id = "the-endpoint-id";
  c.docker_id = "abc";
  c.desired = task::ContainerStatus::kRunning;
  c.known = task::ContainerStatus::kCreated;
  c.doing = task::StepKind::kStart;
  c.health_check_type = "docker";
  c.exit_code = 0;
  c.error = task::Error{"DockerTimeoutError", "late"};
  return t;
}

IntrospectionSource source_of(const task::Task& task) {
  return {
      .cluster = "demo",
      .container_instance_arn = "arn:instance",
      .tasks =
          [&task] {
            return std::vector{engine::TaskView{
                .task = &task,
                .waiting = {{.container = "web", .why = "start is under way", .since = at("2026-01-02T03:04:06Z")}}}};
          },
      .license = {}};
}

TEST(StateDump, HoldsWhereEverythingIsAndNoSecret) {
  const auto task = task_with_secrets();
  const std::string text = state_dump(source_of(task), false, at("2026-01-02T03:05:00Z"));
  const auto document = json::parse(text).as_object();
  EXPECT_EQ(document.at("time"), "2026-01-02T03:05:00Z");
  EXPECT_EQ(document.at("agent").at("engineConnected"), false);
  EXPECT_THAT(
      text,
      HasSubstr(
          R"("desiredStatus":"RUNNING","knownStatus":"CREATED","sentStatus":"NONE","acceptedAt":"2026-01-02T03:04:05Z",)"
          R"("knownAt":"2026-01-02T03:04:05Z","waiting":[{"container":"web","why":"start is under way",)"
          R"("since":"2026-01-02T03:04:06Z"}],"containers":[{"name":"web","image":"web:1","essential":true,)"
          R"("desiredStatus":"RUNNING","knownStatus":"CREATED","sentStatus":"NONE","step":"start","dockerId":"abc",)"
          R"("dockerName":"","exitCode":0,"error":"DockerTimeoutError: late","health":"UNKNOWN"}])"));
  for (const char* secret : {"the-password", "the-credentials-id", "the-endpoint-id", "PASSWORD"}) {
    EXPECT_THAT(text, Not(HasSubstr(secret)));
  }
}

TEST(StateDump, TheFileIsItsOwnersAlone) {
  base::Random random;
  const auto dir = std::filesystem::temp_directory_path() / ("dump-" + random.uuid());
  std::filesystem::create_directory(dir);
  const auto path = write_state_dump(dir, "{}");
  struct stat info{};
  ASSERT_EQ(::stat(path.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  EXPECT_EQ(path, dir / "state-dump.json");
  EXPECT_THROW((void)write_state_dump(dir / "none", "{}"), std::system_error);
  std::filesystem::remove_all(dir);
}

}  // namespace
}  // namespace ecs::metadata
