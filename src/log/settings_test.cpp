#include "log/settings.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace ecs::log {
namespace {

Settings from(const std::map<std::string, std::string>& environment) {
  return Settings::from_environment([&](const char* name) -> const char* {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

TEST(Settings, Defaults) {
  const Settings settings = from({});
  EXPECT_EQ(settings.driver_level, Level::kInfo);
  EXPECT_EQ(settings.instance_level, Level::kInfo);
  EXPECT_EQ(settings.file, "");
  EXPECT_EQ(settings.format, Format::kLogfmt);
  EXPECT_EQ(settings.rollover, Rollover::kSize);
  EXPECT_EQ(settings.max_file_size, 5'000'000U);
  EXPECT_EQ(settings.max_roll_count, 24);
  EXPECT_TRUE(settings.problems.empty());
}

TEST(Settings, EmptyIsUnset) {
  const Settings settings = from({{"ECS_LOGLEVEL", ""},
                                  {"ECS_LOGLEVEL_ON_INSTANCE", ""},
                                  {"ECS_LOG_DRIVER", ""},
                                  {"ECS_LOG_ROLLOVER_TYPE", ""},
                                  {"ECS_LOG_OUTPUT_FORMAT", ""},
                                  {"ECS_LOG_MAX_FILE_SIZE_MB", ""},
                                  {"ECS_LOG_MAX_ROLL_COUNT", ""}});
  EXPECT_EQ(settings.instance_level, Level::kInfo);
  EXPECT_EQ(settings.rollover, Rollover::kSize);
  EXPECT_TRUE(settings.problems.empty());
}

TEST(Settings, LevelWordsInAnyCase) {
  EXPECT_EQ(parse_level("debug"), Level::kDebug);
  EXPECT_EQ(parse_level("Info"), Level::kInfo);
  EXPECT_EQ(parse_level("WARN"), Level::kWarn);
  EXPECT_EQ(parse_level("error"), Level::kError);
  EXPECT_EQ(parse_level("crit"), Level::kCritical);
  EXPECT_EQ(parse_level("none"), Level::kOff);
  for (const char* word : {"", "critical", "off", "warning", " info", "trace"}) EXPECT_FALSE(parse_level(word)) << word;
}

TEST(Settings, FileTakesTheLevelOfTheDriver) {
  // The original loses its whole configuration for crit, none, WARN and unknown words here; ours takes their meaning.
  for (const auto& [word, level] : std::map<std::string, Level>{{"debug", Level::kDebug},
                                                                {"crit", Level::kCritical},
                                                                {"none", Level::kOff},
                                                                {"WARN", Level::kWarn},
                                                                {"x", Level::kInfo}}) {
    const Settings settings = from({{"ECS_LOGLEVEL", word}, {"ECS_LOGFILE", "f"}});
    EXPECT_EQ(settings.driver_level, level) << word;
    EXPECT_EQ(settings.instance_level, level) << word;
  }
}

TEST(Settings, LibraryWordsReachOnlyTheFile) {
  const Settings critical = from({{"ECS_LOGLEVEL", "critical"}});
  EXPECT_EQ(critical.driver_level, Level::kInfo);
  EXPECT_EQ(critical.instance_level, Level::kCritical);
  EXPECT_EQ(critical.problems.size(), 1U);
  EXPECT_EQ(from({{"ECS_LOGLEVEL", "off"}}).instance_level, Level::kOff);
}

TEST(Settings, DriverTurnsTheFileOff) {
  EXPECT_EQ(from({{"ECS_LOG_DRIVER", "json-file"}, {"ECS_LOGLEVEL", "debug"}}).instance_level, Level::kOff);
  EXPECT_EQ(from({{"ECS_LOG_DRIVER", "json-file"}, {"ECS_LOGLEVEL_ON_INSTANCE", "info"}}).instance_level, Level::kInfo);
  EXPECT_EQ(from({{"ECS_LOG_DRIVER", "json-file"}, {"ECS_LOGLEVEL_ON_INSTANCE", "bad"}}).instance_level, Level::kOff);
}

TEST(Settings, RolloverWords) {
  EXPECT_EQ(from({{"ECS_LOG_ROLLOVER_TYPE", "size"}}).rollover, Rollover::kSize);
  EXPECT_EQ(from({{"ECS_LOG_ROLLOVER_TYPE", "none"}}).rollover, Rollover::kNone);
  for (const char* word : {"hourly", "date", "SIZE", "anything"}) {
    EXPECT_EQ(from({{"ECS_LOG_ROLLOVER_TYPE", word}}).rollover, Rollover::kHourly) << word;
  }
}

TEST(Settings, Sizes) {
  EXPECT_EQ(from({{"ECS_LOG_MAX_FILE_SIZE_MB", "0.001"}}).max_file_size, 1000U);
  EXPECT_EQ(from({{"ECS_LOG_MAX_FILE_SIZE_MB", "1e1"}}).max_file_size, 10'000'000U);
  for (const char* bad : {"0", "-1", "nan", "inf", "x", "5 ", "1e300"}) {
    const Settings settings = from({{"ECS_LOG_MAX_FILE_SIZE_MB", bad}});
    EXPECT_EQ(settings.max_file_size, 5'000'000U) << bad;
    EXPECT_EQ(settings.problems.size(), 1U) << bad;
  }
}

TEST(Settings, Counts) {
  EXPECT_EQ(from({{"ECS_LOG_MAX_ROLL_COUNT", "0"}}).max_roll_count, 0);
  EXPECT_EQ(from({{"ECS_LOG_MAX_ROLL_COUNT", "+3"}}).max_roll_count, 3);
  EXPECT_EQ(from({{"ECS_LOG_MAX_ROLL_COUNT", "-1"}}).max_roll_count, -1);
  EXPECT_EQ(from({{"ECS_LOG_MAX_ROLL_COUNT", "99999999999"}}).max_roll_count, 24);
}

TEST(Settings, FormatWords) {
  EXPECT_EQ(from({{"ECS_LOG_OUTPUT_FORMAT", "json"}}).format, Format::kJson);
  EXPECT_EQ(from({{"ECS_LOG_OUTPUT_FORMAT", "windows"}}).format, Format::kMessageOnly);
  EXPECT_EQ(from({{"ECS_LOG_OUTPUT_FORMAT", "JSON"}}).format, Format::kLogfmt);
}

}  // namespace
}  // namespace ecs::log
