#include "ctl/session.hpp"

#include <gtest/gtest.h>

namespace ecs::ctl {
namespace {

TEST(DataDir, FollowsTheUsualRules) {
  EXPECT_EQ(data_dir({{"XDG_DATA_HOME", "/d"}, {"HOME", "/h"}}), "/d/ecs-local");
  EXPECT_EQ(data_dir({{"HOME", "/h"}}), "/h/.local/share/ecs-local");
  EXPECT_EQ(data_dir({{"XDG_DATA_HOME", "relative"}, {"HOME", "/h"}}), "/h/.local/share/ecs-local");
  EXPECT_THROW(static_cast<void>(data_dir({})), Failure);
}

TEST(AgentPath, FlagThenVariableThenBesideThisProgram) {
  EXPECT_EQ(agent_path("/a", {{"ECS_LOCAL_AGENT", "/b"}}), "/a");
  EXPECT_EQ(agent_path("", {{"ECS_LOCAL_AGENT", "/b"}}), "/b");
  const auto beside = agent_path("", {});
  EXPECT_EQ(beside.filename(), "ecs-agent");
  EXPECT_TRUE(beside.is_absolute());
}

base::Async<> sleep_then_note(base::Clock& clock, bool& done) {
  co_await clock.sleep_for(std::chrono::milliseconds(1));
  done = true;
}

base::Async<> fail() {
  throw Failure("broken");
  co_return;
}

base::Async<> wait_for_ever(base::Event& never) { co_await never.wait(); }

TEST(RunUnless, TellsWhetherTheWorkEndedByItself) {
  const Environment environment{{"HOME", "/h"}};
  Session session(environment);
  base::Event stop;
  bool done = false;
  EXPECT_TRUE(session.loop.run_until_done(session.run_unless(stop, sleep_then_note(session.clock, done))));
  EXPECT_TRUE(done);
  EXPECT_THROW(session.loop.run_until_done(session.run_unless(stop, fail())), Failure);
  base::Event never;
  stop.set();
  EXPECT_FALSE(session.loop.run_until_done(session.run_unless(stop, wait_for_ever(never))));
}

}  // namespace
}  // namespace ecs::ctl
