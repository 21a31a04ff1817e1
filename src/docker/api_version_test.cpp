#include "docker/api_version.hpp"

#include <gtest/gtest.h>

namespace ecs::docker {
namespace {

TEST(ApiVersion, ReadsTwoNumbersAndNothingElse) {
  EXPECT_EQ(ApiVersion::parse("1.41"), (ApiVersion{1, 41}));
  EXPECT_EQ(ApiVersion::parse("1.9")->text(), "1.9");
  for (const auto* bad : {"", "1", "1.", ".4", "1.4.1", "v1.4", "1.-4", "-1.4", "1.4 ", "1.99999999999999999999"}) {
    EXPECT_EQ(ApiVersion::parse(bad), std::nullopt) << bad;
  }
}

TEST(ApiVersion, ComparesByNumber) { EXPECT_LT((ApiVersion{1, 9}), (ApiVersion{1, 21})); }

// The original asks once per version; the outcome is the same.
TEST(Docker, Engine35_OneAnswerGivesTheVersionsThatProbesWouldFind) {
  const auto found = derive_versions(ApiVersion{1, 12}, ApiVersion{1, 41}, "20.10.24");
  ASSERT_EQ(found.supported.size(), 25U);
  EXPECT_EQ(found.supported.front(), (ApiVersion{1, 17}));
  EXPECT_EQ(found.supported.back(), (ApiVersion{1, 41}));

  const auto all = derive_versions(ApiVersion{1, 12}, ApiVersion{1, 60}, "");
  EXPECT_EQ(all.supported.size(), 28U);
  EXPECT_EQ(all.supported.back(), (ApiVersion{1, 44}));
}

TEST(Docker, Engine36_BaseIsTheFloorOrTheLowestThatTheEngineAccepts) {
  const auto old = derive_versions(ApiVersion{1, 12}, ApiVersion{1, 41}, "");
  EXPECT_EQ(old.base, (ApiVersion{1, 21}));
  EXPECT_EQ(old.distribution(), (ApiVersion{1, 35}));

  const auto newer = derive_versions(ApiVersion{1, 24}, ApiVersion{1, 48}, "");
  EXPECT_EQ(newer.base, (ApiVersion{1, 24}));
  EXPECT_EQ(newer.distribution(), (ApiVersion{1, 35}));

  const auto newest = derive_versions(ApiVersion{1, 44}, ApiVersion{1, 52}, "");
  EXPECT_EQ(newest.base, (ApiVersion{1, 44}));
  EXPECT_EQ(newest.distribution(), (ApiVersion{1, 44}));
  EXPECT_EQ(newest.supported.size(), 1U);
}

TEST(ApiVersion, AnEngineWithoutOldestAcceptsAll) {
  EXPECT_EQ(derive_versions(std::nullopt, ApiVersion{1, 22}, "").supported.size(), 6U);
}

TEST(ApiVersion, AnEngineOutOfReachSupportsNothing) {
  const auto beyond = derive_versions(ApiVersion{1, 45}, ApiVersion{1, 60}, "");
  EXPECT_TRUE(beyond.supported.empty());
  EXPECT_FALSE(beyond.supports(beyond.base));
  EXPECT_TRUE(derive_versions(std::nullopt, ApiVersion{1, 16}, "").supported.empty());
}

TEST(ApiVersion, AVeryOldEngineDoesNotSupportTheBase) {
  const auto found = derive_versions(std::nullopt, ApiVersion{1, 20}, "");
  EXPECT_EQ(found.base, (ApiVersion{1, 21}));
  EXPECT_FALSE(found.supports(found.base));
  EXPECT_EQ(found.distribution(), std::nullopt);
}

TEST(Docker, Engine37_AContainersVersionOnlyRaises) {
  const auto found = derive_versions(ApiVersion{1, 12}, ApiVersion{1, 41}, "");
  EXPECT_EQ(found.lifted(std::nullopt), (ApiVersion{1, 21}));
  EXPECT_EQ(found.lifted(ApiVersion{1, 18}), (ApiVersion{1, 21}));
  EXPECT_EQ(found.lifted(ApiVersion{1, 29}), (ApiVersion{1, 29}));
}

}  // namespace
}  // namespace ecs::docker
