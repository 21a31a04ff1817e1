#include "base/random.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "base/backoff.hpp"

namespace ecs::base {
namespace {

using namespace std::chrono_literals;
using ::testing::MatchesRegex;

TEST(RandomTest, SeedFixesTheSequence) {
  Random a(1);
  Random b(1);
  Random c(2);
  EXPECT_EQ(a.hex(40), b.hex(40));
  EXPECT_NE(a.hex(40), c.hex(40));
}

TEST(RandomTest, UuidIsVersion4) {
  std::set<std::string> seen;
  Random random;
  for (int i = 0; i < 100; ++i) {
    const std::string uuid = random.uuid();
    EXPECT_THAT(uuid, MatchesRegex("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
    seen.insert(uuid);
  }
  EXPECT_EQ(seen.size(), 100U);
}

TEST(RandomTest, Ranges) {
  for (Random random : {Random(3), Random()}) {
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 1000; ++i) {
      const double f = random.fraction();
      EXPECT_GE(f, 0.0);
      EXPECT_LT(f, 1.0);
      seen.insert(random.below(3));
    }
    EXPECT_EQ(seen, (std::set<std::uint64_t>{0, 1, 2}));
    EXPECT_EQ(random.below(0), 0U);
    EXPECT_EQ(random.below(1), 0U);
  }
}

TEST(RandomTest, HexHasTheLengthAskedFor) {
  Random random;
  for (const std::size_t n : {0U, 1U, 16U, 17U, 33U}) EXPECT_EQ(random.hex(n).size(), n);
}

TEST(BackoffTest, GrowsToItsBoundAndJitterOnlyAdds) {
  Random random(4);
  Backoff backoff({.min = 1s, .max = 5s, .multiple = 2, .jitter = 0.2}, random);
  for (const Duration base : {1s, 2s, 4s, 5s, 5s}) {
    const Duration wait = backoff.next();
    EXPECT_GE(wait, base);
    EXPECT_LT(wait, base + base / 5);
  }
  backoff.reset();
  EXPECT_LT(backoff.next(), 1200ms);
}

TEST(BackoffTest, WithoutJitterItIsExact) {
  Random random(4);
  Backoff backoff({.min = 250ms, .max = 2min, .multiple = 1.5, .jitter = 0}, random);
  EXPECT_EQ(backoff.next(), 250ms);
  EXPECT_EQ(backoff.next(), 375ms);
  Duration last{};
  for (int i = 0; i < 1000; ++i) last = backoff.next();
  EXPECT_EQ(last, 2min);
}

}  // namespace
}  // namespace ecs::base
