#include "ctl/follower.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "base/loop.hpp"
#include "docker/unscripted_client.hpp"

namespace ecs::ctl {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

/// Gives each container one line.
class OneLine : public docker::LogReader {
 public:
  base::Async<std::optional<docker::LogChunk>> next(std::optional<base::Duration>) override {
    if (given_) co_return std::nullopt;
    given_ = true;
    co_return docker::LogChunk{.channel = docker::LogChunk::Channel::kStdout, .bytes = "hello\n"};
  }

 private:
  bool given_ = false;
};

class Engine : public docker::UnscriptedClient {
 public:
  base::Async<docker::ContainerInspect> inspect_container(std::string id) override {
    docker::ContainerInspect inspect;
    inspect.id = std::move(id);
    co_return inspect;
  }
  base::Async<std::unique_ptr<docker::LogReader>> logs(std::string, docker::LogOptions) override {
    co_return std::make_unique<OneLine>();
  }
};

class FollowerTest : public ::testing::Test {
 protected:
  FollowerTest() {
    definition_.container_definitions.resize(2);
    definition_.container_definitions[0].name = "web";
    definition_.container_definitions[0].image = "i:1";
    definition_.container_definitions[1].name = "side";
    definition_.container_definitions[1].essential = false;
    task_.task_arn = "arn:t";
    task_.last_status = "PENDING";
    task_.containers.resize(2);
    task_.containers[0].name = "web";
    task_.containers[1].name = "side";
    follower_.add({task_}, definition_);
  }
  ~FollowerTest() override {
    scope_.cancel();
    loop_.run_until_done(scope_.join());
    std::fclose(file_);
    std::free(text_);
  }

  void event(const std::string& container, const std::string& status, std::optional<int> exit_code = {}) {
    AgentEvent event;
    event.kind = "container-status";
    event.task = "arn:t";
    event.container = container;
    event.status = status;
    event.exit_code = exit_code;
    if (status != "PULLED") event.runtime_id = container + "-0123456789abcdef";
    follower_.on_event(event);
    while (loop_.poll() > 0) {
    }
  }

  void stop_task() {
    task_.last_status = "STOPPED";
    task_.stop_code = "EssentialContainerExited";
    task_.stopped_reason = "Essential container in task exited";
    follower_.on_task(task_);
  }

  std::string shown() {
    std::fflush(file_);
    return {text_, size_};
  }

  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_ = ::open_memstream(&text_, &size_);
  base::Loop loop_;
  base::VirtualClock clock_{loop_};
  base::Scope scope_{loop_.executor()};
  Engine engine_;
  Screen screen_{file_, false, false};
  local::TaskDefinition definition_;
  local::Task task_;
  Follower follower_{screen_, engine_, clock_, scope_};
};

TEST_F(FollowerTest, ShowsPhasesOnceThenTheLogThenTheEnd) {
  for (const char* status : {"PULLED", "CREATED", "RUNNING", "RUNNING"}) event("web", status);
  EXPECT_FALSE(follower_.done());
  event("web", "STOPPED", 3);
  event("side", "STOPPED", 137);
  task_.containers[0].last_status = task_.containers[1].last_status = "STOPPED";
  stop_task();
  EXPECT_TRUE(follower_.done());
  EXPECT_EQ(follower_.exit_code(), 3);
  EXPECT_EQ(shown(),
            "web    image i:1 is here\n"
            "web    created web-01234567\n"
            "web    running\n"
            "web  | hello\n"
            "side   created side-0123456\n"
            "side   running\n"
            "side | hello\n"
            "web    exited with code 3\n"
            "side   exited with code 137\n"
            "task   stopped: Essential container in task exited (EssentialContainerExited)\n");
}

TEST_F(FollowerTest, DoesWithoutEvents) {
  task_.containers[0].last_status = "RUNNING";
  task_.containers[0].runtime_id = "0123456789abcdef";
  task_.containers[0].network_bindings = {
      {.bind_ip = "0.0.0.0", .container_port = 80, .host_port = 32768, .protocol = "tcp"}};
  task_.last_status = "RUNNING";
  follower_.on_task(task_);
  EXPECT_TRUE(follower_.all_running());
  task_.containers[0].last_status = task_.containers[1].last_status = "STOPPED";
  task_.containers[0].exit_code = 0;
  task_.containers[1].reason = "CannotPullContainerError: none";
  stop_task();
  while (loop_.poll() > 0) {
  }
  EXPECT_TRUE(follower_.done());
  EXPECT_EQ(follower_.exit_code(), 0);
  EXPECT_THAT(shown(), HasSubstr("port 80/tcp at 0.0.0.0:32768"));
  EXPECT_THAT(shown(), HasSubstr("side   stopped before it ran: CannotPullContainerError: none"));
}

TEST_F(FollowerTest, OnlyAnEssentialContainerGivesTheExitCode) {
  event("side", "STOPPED", 7);
  EXPECT_EQ(follower_.exit_code(), std::nullopt);
}

TEST_F(FollowerTest, PullProgressIsPlainTextWithoutATerminal) {
  AgentEvent event;
  event.kind = "pull-progress";
  event.task = "arn:t";
  event.container = "web";
  event.layer = "abc";
  event.detail = "Downloading";
  event.total = 10;
  for (event.current = 0; event.current < 5; ++event.current) follower_.on_event(event);
  EXPECT_EQ(shown(), "web    pulling i:1\nweb      abc Downloading\n");
}

TEST_F(FollowerTest, ForeignEventsAreLeftOut) {
  AgentEvent event;
  event.kind = "container-status";
  event.task = "arn:other";
  event.container = "web";
  event.status = "RUNNING";
  follower_.on_event(event);
  EXPECT_EQ(shown(), "");
}

}  // namespace
}  // namespace ecs::ctl
