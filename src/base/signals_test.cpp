#include "base/signals.hpp"

#include <gtest/gtest.h>

#include <csignal>

#include "base/loop.hpp"

namespace ecs::base {
namespace {

TEST(Signals, HandsOutASignalInsteadOfEndingTheProcess) {
  Loop loop;
  Signals signals(loop.executor(), {SIGTERM, SIGUSR1});
  std::raise(SIGUSR1);
  EXPECT_EQ(loop.run_until_done(signals.next()), SIGUSR1);
  std::raise(SIGTERM);
  EXPECT_EQ(loop.run_until_done(signals.next()), SIGTERM);
}

}  // namespace
}  // namespace ecs::base
