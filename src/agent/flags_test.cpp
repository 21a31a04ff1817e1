#include "agent/flags.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace ecs::agent {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

ParsedFlags parse(std::vector<const char*> words) { return parse_flags(words); }

TEST(Flags, OneAndTwoDashesAreEqual) {
  EXPECT_TRUE(parse({"-version"}).flags.version);
  EXPECT_TRUE(parse({"--version"}).flags.version);
  EXPECT_TRUE(parse({"-version=T"}).flags.version);
  EXPECT_FALSE(parse({"-version=false"}).flags.version);
}

TEST(Flags, TextIsTheNextWordOrFollowsTheEqualsSign) {
  EXPECT_EQ(parse({"-loglevel", "debug"}).flags.log_level, "debug");
  EXPECT_EQ(parse({"--loglevel-driver=warn"}).flags.log_level_driver, "warn");
  EXPECT_EQ(parse({"-loglevel-on-instance=none"}).flags.log_level_on_instance, "none");
}

TEST(Flags, ABooleanTakesNoSeparateWordAndParsingEndsAtTheFirstNonFlag) {
  const auto parsed = parse({"-k", "true", "-version"});
  EXPECT_FALSE(parsed.refusal);
  EXPECT_TRUE(parsed.flags.accept_insecure_cert);
  EXPECT_FALSE(parsed.flags.version);
  EXPECT_FALSE(parse({"--", "-bogus"}).refusal);
  EXPECT_FALSE(parse({"-"}).refusal);
}

TEST(Flags, Config13_UnknownFlagsAndHelpGiveTheUsage) {
  EXPECT_THAT(parse({"-h"}).refusal.value(), StartsWith("Usage of Amazon ECS Agent:"));
  EXPECT_THAT(parse({"--help"}).refusal.value(), StartsWith("Usage of Amazon ECS Agent:"));
  EXPECT_THAT(parse({"-bogus"}).refusal.value(), StartsWith("flag provided but not defined: -bogus\nUsage of"));
  EXPECT_THAT(parse({"-k=maybe"}).refusal.value(), HasSubstr("invalid boolean value \"maybe\" for -k"));
  EXPECT_THAT(parse({"-loglevel"}).refusal.value(), HasSubstr("flag needs an argument: -loglevel"));
  EXPECT_THAT(parse({"---k"}).refusal.value(), HasSubstr("bad flag syntax: ---k"));
}

}  // namespace
}  // namespace ecs::agent
