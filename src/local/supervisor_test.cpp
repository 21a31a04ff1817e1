#include "local/supervisor.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <fstream>
#include <system_error>

#include "base/file.hpp"
#include "base/loop.hpp"
#include "base/scope.hpp"
#include "local/control_plane.hpp"

namespace ecs::local {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class ChildTest : public ::testing::Test {
 protected:
  ChildTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "ecs-child-XXXXXX").string();
    directory_ = ::mkdtemp(pattern.data());
  }
  ~ChildTest() override { std::filesystem::remove_all(directory_); }

  ChildSpec shell(const std::string& script) {
    return {.program = "/bin/sh",
            .arguments = {"-c", script},
            .environment = {{"PATH", "/bin:/usr/bin"}, {"GREETING", "hello"}},
            .output = directory_ / "output"};
  }

  std::string output() { return base::read_file(directory_ / "output").value_or(""); }

  std::string failure(const ChildSpec& spec) {
    Supervisor supervisor(clock_, random_, pool_, spec, [](const std::string&) {});
    try {
      loop_.run_until_done(supervisor.run());
    } catch (const AgentFailed& error) {
      return error.what();
    }
    return "";
  }

  std::filesystem::path directory_;
  base::Loop loop_;
  base::VirtualClock clock_{loop_};
  base::Random random_{1};
  base::WorkerPool pool_{loop_.executor(), 1};
};

TEST_F(ChildTest, HasItsOwnEnvironmentAndOutput) {
  ChildProcess child(shell("echo $GREETING $HOME; echo wrong >&2; exit 3"));
  const ExitStatus status = loop_.run_until_done(child.wait(pool_));
  EXPECT_EQ(status.describe(), "exit code 3");
  EXPECT_EQ(output(), "hello\nwrong\n");
}

TEST_F(ChildTest, EndsBySignal) {
  ChildProcess child(shell("exec sleep 600"));
  child.signal(SIGKILL);
  EXPECT_EQ(loop_.run_until_done(child.wait(pool_)).describe(), "signal 9 (Killed)");
}

TEST_F(ChildTest, ThatCannotBeStartedIsNamed) {
  ChildSpec spec = shell("");
  spec.program = directory_ / "none";
  try {
    const ChildProcess child(spec);
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("none: No such file"));
  }
}

TEST_F(ChildTest, LastLinesAreTheLast) {
  std::ofstream(directory_ / "log") << "one\ntwo\n\nthree\n\n";
  EXPECT_EQ(last_lines(directory_ / "log", 2), "\n    two\n    three");
  EXPECT_EQ(last_lines(directory_ / "log", 9), "\n    one\n    two\n    three");
  EXPECT_EQ(last_lines(directory_ / "none", 9), "");
}

TEST_F(ChildTest, AnAgentThatGivesUpIsNotStartedAgain) {
  EXPECT_THAT(failure(shell("echo cluster not found; exit 5")),
              ::testing::AllOf(HasSubstr("gave up with exit code 5"), HasSubstr("\n    cluster not found")));
}

TEST_F(ChildTest, AnAgentThatCannotBeStartedFails) {
  ChildSpec spec = shell("");
  spec.program = directory_ / "none";
  EXPECT_THAT(failure(spec), HasSubstr("the agent cannot be started"));
}

TEST_F(ChildTest, AnAgentThatNeverConnectsIsStartedThreeTimes) {
  std::vector<std::string> told;
  Supervisor supervisor(clock_, random_, pool_, shell("echo again"),
                        [&told](const std::string& line) { told.push_back(line); });
  std::string message;
  bool ended = false;
  base::Scope scope(loop_.executor(), [&](const std::string&, const std::exception_ptr& error) {
    message = base::describe(error);
    ended = true;
  });
  scope.spawn("supervisor", supervisor.run());
  while (!ended) clock_.advance(std::chrono::milliseconds(100));
  EXPECT_EQ(told.size(), 2U);
  EXPECT_THAT(message, HasSubstr("ended 3 times before it connected, last with exit code 0"));
  EXPECT_EQ(output(), "again\nagain\nagain\n");
}

TEST_F(ChildTest, StopEndsTheAgent) {
  Supervisor supervisor(clock_, random_, pool_, shell("exec sleep 600"), [](const std::string&) {});
  base::Scope scope(loop_.executor());
  scope.spawn("supervisor", supervisor.run());
  while (loop_.poll() > 0) {
  }
  EXPECT_TRUE(supervisor.pid());
  supervisor.stop(std::chrono::seconds(10));
  loop_.run_until_done(scope.join());
  EXPECT_FALSE(supervisor.pid());
}

TEST(AgentEnvironment, HasOurSettingsAndNotTheUsersAccount) {
  const auto environment = agent_environment({{"PATH", "/bin"},
                                              {"AWS_PROFILE", "mine"},
                                              {"AWS_ACCESS_KEY_ID", "mine"},
                                              {"EDITOR", "ed"},
                                              {"ECS_LOGLEVEL", "debug"},
                                              {"ECS_CLUSTER", "theirs"}},
                                             {.endpoint = "http://127.0.0.1:1",
                                              .cluster = "default",
                                              .region = "us-east-1",
                                              .key_id = "id",
                                              .key = "key",
                                              .data_dir = "/d",
                                              .log_file = "/l",
                                              .event_socket = "/s",
                                              .state_socket = "/t",
                                              .docker_host = ""});
  EXPECT_EQ(environment.at("ECS_CLUSTER"), "default");
  EXPECT_EQ(environment.at("ECS_BACKEND_HOST"), "http://127.0.0.1:1");
  EXPECT_EQ(environment.at("AWS_EC2_METADATA_SERVICE_ENDPOINT"), "http://127.0.0.1:1");
  EXPECT_EQ(environment.at("AWS_ACCESS_KEY_ID"), "id");
  EXPECT_EQ(environment.at("ECS_LOCAL_EVENTS"), "unix:///s");
  EXPECT_EQ(environment.at("ECS_LOCAL_INTROSPECTION"), "unix:///t");
  EXPECT_EQ(environment.at("ECS_IMAGE_PULL_BEHAVIOR"), "prefer-cached");
  EXPECT_EQ(environment.at("ECS_LOGLEVEL"), "debug");
  EXPECT_EQ(environment.at("PATH"), "/bin");
  EXPECT_FALSE(environment.contains("AWS_PROFILE"));
  EXPECT_FALSE(environment.contains("EDITOR"));
  EXPECT_FALSE(environment.contains("DOCKER_HOST"));
}

}  // namespace
}  // namespace ecs::local
