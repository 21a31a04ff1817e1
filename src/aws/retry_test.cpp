#include "aws/retry.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <stdexcept>

namespace ecs::aws {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;

int attempts(std::map<std::string, std::string> environment) {
  return retry_from_environment(environment).max_attempts;
}

TEST(Retry, TheEnvironmentSaysHowManyAttempts) {
  EXPECT_EQ(attempts({}), 3);
  EXPECT_EQ(attempts({{"AWS_MAX_ATTEMPTS", ""}, {"AWS_RETRY_MODE", ""}}), 3);
  EXPECT_EQ(attempts({{"AWS_MAX_ATTEMPTS", "0"}}), 3);
  EXPECT_EQ(attempts({{"AWS_MAX_ATTEMPTS", "1"}, {"AWS_RETRY_MODE", "Standard"}}), 1);
  EXPECT_EQ(attempts({{"AWS_MAX_ATTEMPTS", "7"}, {"AWS_RETRY_MODE", "adaptive"}}), 7);
  EXPECT_EQ(attempts({{"AWS_MAX_ATTEMPTS", "-1"}}), std::numeric_limits<int>::max());
}

TEST(Retry, WhatCannotBeReadIsRefusedByName) {
  for (const char* text : {"x", "3 ", "1e1", "99999999999"}) {
    EXPECT_THAT([&] { (void)attempts({{"AWS_MAX_ATTEMPTS", text}}); },
                ThrowsMessage<std::invalid_argument>(HasSubstr("AWS_MAX_ATTEMPTS")));
  }
  EXPECT_THAT([] { (void)attempts({{"AWS_RETRY_MODE", "legacy"}}); },
              ThrowsMessage<std::invalid_argument>(HasSubstr("AWS_RETRY_MODE")));
}

}  // namespace
}  // namespace ecs::aws
