#include "metadata/introspection.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <vector>

#include "base/time_text.hpp"
#include "config/version.hpp"

namespace ecs::metadata {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

constexpr const char* kCommands = R"({"AvailableCommands":["/v1/metadata","/v1/tasks","/license"]})";
constexpr const char* kNoTask = R"({"Arn":"","KnownStatus":"","Family":"","Version":"","Containers":null})";
constexpr const char* kWebId = "9f2c4e6a8b0d1f3e5a7c9e1b3d5f7a9c0e2b4d6f8a1c3e5b7d9f0a2c4e6b8d0f";

task::UnixNanos at(const char* text) { return task::nanos(base::parse_rfc3339(text).value()); }

task::Container running_container() {
  task::Container c;
  c.name = "web";
  c.image = "public.ecr.aws/demo/web:3";
  c.image_id = "sha256:1d2c";
  c.docker_id = kWebId;
  c.docker_name = "ecs-shop-7-web-a8f0c2d4e6b89a01cc00";
  c.desired = c.known = task::ContainerStatus::kRunning;
  c.created_at = at("2025-03-04T05:06:07.123456789Z");
  c.started_at = at("2025-03-04T05:06:08.5Z");
  return c;
}

task::Task running_task(const std::string& id = "1") {
  task::Task t;
  t.arn = "arn:aws:ecs:eu-west-1:111122223333:task/demo/" + id;
  t.family = "shop";
  t.version = "7";
  t.desired = t.known = task::TaskStatus::kRunning;
  t.containers.push_back(running_container());
  return t;
}

class IntrospectionTest : public ::testing::Test {
 protected:
  net::Response ask(const std::string& target, const std::string& method = "GET") {
    return answer_introspection(source, net::Request{.method = method, .target = target, .headers = {}, .body = {}});
  }
  std::string body(const std::string& target) { return ask(target).body; }

  std::vector<task::Task> tasks;
  std::vector<engine::Waiting> waiting;
  IntrospectionSource source{.cluster = "demo",
                             .container_instance_arn = "arn:aws:ecs:eu-west-1:111122223333:container-instance/demo/77",
                             .tasks =
                                 [this] {
                                   std::vector<engine::TaskView> views;
                                   for (const auto& t : tasks) views.push_back({&t, waiting});
                                   return views;
                                 },
                             .license = [] { return std::string("text"); }};
};

TEST_F(IntrospectionTest, Tmds38_UnknownPathsGiveTheListOfCommands) {
  for (const char* target : {"/", "/nope", "/v1", "/v1/", "/v1/tasks/", "/v1/metadata/x", "/v1%2Fmetadata", "/?a=b",
                             "/debug/pprof/", "/V1/metadata"}) {
    const auto response = ask(target);
    EXPECT_EQ(response.status, 200) << target;
    EXPECT_EQ(response.headers.get("Content-Type"), "text/plain; charset=utf-8") << target;
    EXPECT_EQ(response.body, kCommands) << target;
  }
}

TEST_F(IntrospectionTest, AnyMethodIsAnsweredAlike) {
  for (const char* method : {"GET", "HEAD", "POST", "DELETE"}) {
    const auto response = ask("/v1/metadata", method);
    EXPECT_EQ(response.status, 200) << method;
    EXPECT_EQ(response.headers.get("Content-Type"), "application/json") << method;
  }
}

TEST_F(IntrospectionTest, MetadataHasItsThreeMembersInOrder) {
  EXPECT_EQ(
      body("/v1/metadata"),
      R"({"Cluster":"demo","ContainerInstanceArn":"arn:aws:ecs:eu-west-1:111122223333:container-instance/demo/77",)"
      R"("Version":")" +
          config::agent_version() + R"("})");
  EXPECT_THAT(config::agent_version(), MatchesRegex(R"(Amazon ECS Agent - v1\.105\.1 \(\*?[0-9a-f]+\))"));
  EXPECT_EQ(body("/v1/metadata"), body("/v1/metadat%61"));
}

TEST_F(IntrospectionTest, UncleanPathsAreMoved) {
  const auto response = ask("//v1/./x/../tasks?taskarn=a&b=<");
  EXPECT_EQ(response.status, 301);
  EXPECT_EQ(response.headers.get("Location"), "/v1/tasks?taskarn=a&b=<");
  EXPECT_EQ(response.headers.get("Content-Type"), "text/html; charset=utf-8");
  EXPECT_EQ(response.body, "<a href=\"/v1/tasks?taskarn=a&amp;b=&lt;\">Moved Permanently</a>.\n\n");
  EXPECT_EQ(ask("//", "POST").body, "");
  EXPECT_EQ(ask("/../..").headers.get("Location"), "/");
  EXPECT_EQ(ask("/a//").headers.get("Location"), "/a/");
}

TEST_F(IntrospectionTest, TargetsThatAreNoPathsAreRefused) {
  for (const char* target : {"*", "v1/tasks", "/%zz", "/v1/%", "/%4"}) {
    EXPECT_EQ(ask(target).status, 400) << target;
  }
  EXPECT_EQ(ask("http://10.0.0.1:51678/v1/tasks").body, R"({"Tasks":[]})");
  EXPECT_EQ(ask("http://10.0.0.1:51678").body, kCommands);
}

TEST_F(IntrospectionTest, TasksAreListedWithTheirContainers) {
  EXPECT_EQ(body("/v1/tasks"), R"({"Tasks":[]})");
  tasks = {running_task("1")};
  tasks[0].containers[0].bindings = {
      {.container_port = 8080, .host_port = 49153, .bind_ip = "0.0.0.0", .protocol = "tcp"}};
  EXPECT_EQ(body("/v1/tasks"),
            R"({"Tasks":[{"Arn":"arn:aws:ecs:eu-west-1:111122223333:task/demo/1","DesiredStatus":"RUNNING",)"
            R"("KnownStatus":"RUNNING","Family":"shop","Version":"7","Containers":[{)"
            R"("DockerId":"9f2c4e6a8b0d1f3e5a7c9e1b3d5f7a9c0e2b4d6f8a1c3e5b7d9f0a2c4e6b8d0f",)"
            R"("DockerName":"ecs-shop-7-web-a8f0c2d4e6b89a01cc00","Name":"web","Image":"public.ecr.aws/demo/web:3",)"
            R"("ImageID":"sha256:1d2c","CreatedAt":"2025-03-04T05:06:07.123456789Z",)"
            R"("StartedAt":"2025-03-04T05:06:08.5Z",)"
            R"("Ports":[{"ContainerPort":8080,"Protocol":"tcp","HostPort":49153}]}]}]})");
}

TEST_F(IntrospectionTest, AContainerIsListedFromItsCreateOn) {
  tasks = {running_task()};
  tasks[0].known = task::TaskStatus::kManifestPulled;
  auto& c = tasks[0].containers[0];
  c.docker_id.clear();
  c.created_at = c.started_at = 0;
  c.known = task::ContainerStatus::kPulled;
  EXPECT_THAT(body("/v1/tasks"), HasSubstr(R"("KnownStatus":"PENDING","Family":"shop","Version":"7","Containers":[])"));
  c.doing = task::StepKind::kCreate;
  EXPECT_THAT(body("/v1/tasks"), HasSubstr(R"("Containers":[{"DockerId":"","DockerName":"ecs-shop-7-web)"));
  EXPECT_THAT(body("/v1/tasks"), HasSubstr(R"("ImageID":"sha256:1d2c"}]})"));
  c.doing.reset();
  c.error = task::Error{"CannotCreateContainerError", "no"};
  EXPECT_THAT(body("/v1/tasks"), HasSubstr(R"("Containers":[{)"));
}

TEST_F(IntrospectionTest, WithoutBindingsThePortMappingsAreShown) {
  tasks = {running_task()};
  tasks[0].containers[0].port_mappings = {
      {.container_port = 80, .host_port = 0, .container_port_range = "", .protocol = "udp"},
      {.container_port = 0, .host_port = 0, .container_port_range = "8000-8010", .protocol = "tcp"}};
  EXPECT_THAT(body("/v1/tasks"), HasSubstr(R"("Ports":[{"ContainerPort":80,"Protocol":"udp"},{"Protocol":"tcp"}])"));
}

TEST_F(IntrospectionTest, MountsAreShownAsVolumes) {
  tasks = {running_task()};
  tasks[0].containers[0].mounts = {{"cache", "/var/lib/docker/volumes/cache/_data", "/cache"}, {"", "/srv", "/data"}};
  EXPECT_THAT(body("/v1/tasks"),
              HasSubstr(R"("Volumes":[{"DockerName":"cache","Source":"/var/lib/docker/volumes/cache/_data",)"
                        R"("Destination":"/cache"},{"Source":"/srv","Destination":"/data"}])"));
}

TEST_F(IntrospectionTest, RestartsAreCountedWhereThereIsAPolicy) {
  tasks = {running_task()};
  auto& c = tasks[0].containers[0];
  c.restart_count = 2;
  EXPECT_THAT(body("/v1/tasks"), ::testing::Not(HasSubstr("RestartCount")));
  c.restart_policy.enabled = true;
  EXPECT_THAT(body("/v1/tasks"), HasSubstr(R"("RestartCount":2}]}]})"));
  c.restart_count = 0;
  EXPECT_THAT(body("/v1/tasks"), HasSubstr(R"("RestartCount":0}]}]})"));
}

TEST_F(IntrospectionTest, ADesiredStatusThatSaysNothingIsLeftOut) {
  tasks = {running_task()};
  struct Case {
    task::TaskStatus desired, known;
    const char* shown;
  };
  using enum task::TaskStatus;
  for (const Case& one : {Case{kRunning, kNone, R"("DesiredStatus":"RUNNING","KnownStatus":"PENDING")"},
                          Case{kStopped, kRunning, R"("DesiredStatus":"STOPPED","KnownStatus":"RUNNING")"},
                          Case{kStopped, kStopped, R"("DesiredStatus":"STOPPED","KnownStatus":"STOPPED")"},
                          Case{kRunning, kStopped, R"(/1","KnownStatus":"STOPPED")"},
                          Case{kCreated, kRunning, R"(/1","KnownStatus":"RUNNING")"}}) {
    tasks[0].desired = one.desired;
    tasks[0].known = one.known;
    EXPECT_THAT(body("/v1/tasks"), HasSubstr(one.shown));
  }
}

TEST_F(IntrospectionTest, TextsAreEscapedForHtml) {
  tasks = {running_task()};
  tasks[0].containers[0].image = "a<b>&c";
  EXPECT_THAT(body("/v1/tasks"), HasSubstr(R"("Image":"a\u003cb\u003e\u0026c")"));
}

TEST_F(IntrospectionTest, ATaskIsFoundByItsArn) {
  tasks = {running_task("1"), running_task("2")};
  tasks[1].family = "other";
  const auto response = ask("/v1/tasks?taskarn=arn%3Aaws:ecs:eu-west-1:111122223333:task/demo/2");
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr(R"({"Arn":"arn:aws:ecs:eu-west-1:111122223333:task/demo/2",)"));
  EXPECT_THAT(response.body, HasSubstr(R"("Family":"other")"));
  for (const char* target : {"/v1/tasks?taskarn=arn:x", "/v1/tasks?taskarn="}) {
    EXPECT_EQ(ask(target).status, 404);
    EXPECT_EQ(ask(target).body, kNoTask);
    EXPECT_EQ(ask(target).headers.get("Content-Type"), "application/json");
  }
}

TEST_F(IntrospectionTest, Tmds39_ADockerIdFindsExactlyOneTask) {
  const std::string with_id = "/v1/tasks?dockerid=";
  EXPECT_EQ(ask(with_id).status, 404);
  EXPECT_EQ(ask(with_id).body, kNoTask);

  tasks = {running_task("1"), running_task("2")};
  tasks[1].containers[0].docker_id = "9f2c4e6a8b0d" + std::string(52, '0');
  // Two containers have this beginning, and of the empty one.
  for (const std::string& id : {"9f2c4e6a8b0d", "9f", ""}) {
    EXPECT_EQ(ask(with_id + id).status, 400) << id;
    EXPECT_EQ(ask(with_id + id).body, kNoTask) << id;
  }
  tasks[1].containers[0].docker_id = "8" + std::string(63, '0');
  EXPECT_THAT(body(with_id + "9f2c4e6a8b0d"), HasSubstr("task/demo/1\""));
  EXPECT_THAT(body(with_id + "8"), HasSubstr("task/demo/2\""));
  EXPECT_THAT(body(with_id + kWebId), HasSubstr("task/demo/1\""));
  // Longer than a short id, it is compared as a whole.
  EXPECT_EQ(ask(with_id + "9f2c4e6a8b0d1").status, 404);
  EXPECT_EQ(ask(with_id + "7").status, 404);

  const auto both = ask(with_id + kWebId + "&taskarn=" + tasks[0].arn);
  EXPECT_EQ(both.status, 400);
  EXPECT_EQ(both.body, kNoTask);
}

TEST_F(IntrospectionTest, TwoContainersOfOneTaskAreOneTooMany) {
  tasks = {running_task()};
  tasks[0].containers.push_back(running_container());
  tasks[0].containers[1].docker_id = "9f2c4e6a8b0d" + std::string(52, '1');
  EXPECT_EQ(ask("/v1/tasks?dockerid=9f2c4e6a8b0d").status, 400);
}

TEST_F(IntrospectionTest, ParametersThatCannotBeReadDoNotCount) {
  tasks = {running_task()};
  EXPECT_EQ(body("/v1/tasks?dockerid=%zz"), body("/v1/tasks"));
  EXPECT_EQ(body("/v1/tasks?a=1;dockerid=9f"), body("/v1/tasks"));
  EXPECT_EQ(body("/v1/tasks?dockerid=9f&dockerid=7"), body("/v1/tasks?dockerid=9f"));
  EXPECT_EQ(ask("/v1/tasks?dockerid").status, 200);
}

TEST_F(IntrospectionTest, TheLicenceIsPlainText) {
  EXPECT_EQ(ask("/license").headers.get("Content-Type"), "text/plain");
  EXPECT_EQ(body("/license"), "text");
  source.license = []() -> std::string { throw std::runtime_error("NOTICE: no such file"); };
  const auto response = ask("/license");
  EXPECT_EQ(response.status, 500);
  EXPECT_EQ(response.body, "");
  EXPECT_EQ(response.headers.get("Connection"), "close");
}

TEST_F(IntrospectionTest, WaitingNamesTheCauses) {
  tasks = {running_task()};
  EXPECT_EQ(body("/v1/waiting"), R"({"Tasks":[]})");
  tasks[0].known = task::TaskStatus::kCreated;
  const auto since = base::parse_rfc3339("2026-01-02T03:04:05.5Z").value();
  waiting = {{.container = "", .why = "port 80/tcp is taken", .since = since},
             {.container = "web", .why = "needs HEALTHY of container db", .since = since}};
  EXPECT_EQ(body("/v1/waiting"),
            R"({"Tasks":[{"Arn":"arn:aws:ecs:eu-west-1:111122223333:task/demo/1","Family":"shop","Version":"7",)"
            R"("DesiredStatus":"RUNNING","KnownStatus":"CREATED","Waiting":[)"
            R"({"Why":"port 80/tcp is taken","Since":"2026-01-02T03:04:05.5Z"},)"
            R"({"Container":"web","Why":"needs HEALTHY of container db","Since":"2026-01-02T03:04:05.5Z"}]}]})");
}

}  // namespace
}  // namespace ecs::metadata
