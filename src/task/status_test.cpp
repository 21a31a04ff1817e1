#include "task/status.hpp"

#include <gtest/gtest.h>

namespace ecs::task {
namespace {

TEST(TaskStatus, WordsRoundTrip) {
  for (int i = 0; i <= static_cast<int>(ContainerStatus::kStopped); ++i) {
    const auto status = static_cast<ContainerStatus>(i);
    ContainerStatus back{};
    ASSERT_TRUE(from_string(to_string(status), back));
    EXPECT_EQ(back, status);
  }
}

TEST(TaskStatus, LegacyWordsAreRead) {
  ContainerStatus c{};
  TaskStatus t{};
  EXPECT_TRUE(from_string("DEAD", c));
  EXPECT_EQ(c, ContainerStatus::kStopped);
  EXPECT_TRUE(from_string("UNKNOWN", t));
  EXPECT_EQ(t, TaskStatus::kNone);
}

TEST(TaskStatus, PendingIsNoStatusOfATask) {
  TaskStatus t{};
  EXPECT_FALSE(from_string("PENDING", t));
  EXPECT_FALSE(from_string("PULLED", t));
  EXPECT_FALSE(from_string("running", t));
  EXPECT_FALSE(from_string("", t));
}

TEST(TaskStatus, WireWordsAreThree) {
  EXPECT_EQ(wire_word(ContainerStatus::kResourcesProvisioned), "RUNNING");
  EXPECT_EQ(wire_word(ContainerStatus::kCreated), "PENDING");
  EXPECT_EQ(wire_word(ContainerStatus::kStopped), "STOPPED");
  EXPECT_EQ(wire_word(TaskStatus::kManifestPulled), "PENDING");
  EXPECT_EQ(wire_word(TaskStatus::kCreated), "PENDING");
}

}  // namespace
}  // namespace ecs::task
