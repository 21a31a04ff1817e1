#include "agent/identity.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ecs::agent {
namespace {

const Identity kSaved{"0.1.0", "us-west-2a", "c1", "arn:ci", "i-1"};

TEST(Identity, WithoutSavedStateItIsANewInstance) {
  const auto next = continue_as({}, "c1", "i-1");
  EXPECT_EQ(next.identity, Identity{});
  EXPECT_FALSE(next.discard_state);
}

TEST(Identity, TheSameInstanceGoesOn) { EXPECT_EQ(continue_as(kSaved, "c1", "i-1").identity, kSaved); }

TEST(Identity, Config19_AnotherClusterIsRefused) {
  EXPECT_THROW((void)continue_as(kSaved, "c2", "i-1"), ClusterMismatch);
  EXPECT_THROW((void)continue_as(kSaved, "", "i-1"), ClusterMismatch);
  auto in_default = kSaved;
  in_default.cluster = "default";
  EXPECT_EQ(continue_as(in_default, "", "i-1").identity, in_default);
}

TEST(Identity, Config20_AnotherInstanceIdMeansANewInstanceWhateverTheCluster) {
  const auto next = continue_as(kSaved, "c2", "i-2");
  EXPECT_TRUE(next.discard_state);
  EXPECT_EQ(next.identity, Identity{});
}

TEST(Identity, Config20_WithoutInstanceMetadataTheSavedIdIsBelieved) {
  EXPECT_EQ(continue_as(kSaved, "c1", std::nullopt).identity, kSaved);
}

TEST(Identity, EveryFieldIsARowOfItsOwn) {
  const auto batch = save_identity(kSaved);
  EXPECT_EQ(batch.size(), 5U);
  EXPECT_EQ(batch[3].key, "container-instance-arn");
  EXPECT_EQ(batch[3].content, "arn:ci");
  EXPECT_TRUE(save_identity({}).empty());
}

}  // namespace
}  // namespace ecs::agent
