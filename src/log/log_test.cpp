#include "log/log.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>
#include <map>
#include <regex>
#include <stdexcept>
#include <thread>

#include "base/file.hpp"
#include "base/text.hpp"
#include "json/json.hpp"
#include "log/capture.hpp"
#include "log/settings.hpp"

namespace ecs::log {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::Not;

using Environment = std::map<std::string, std::string>;

Settings from(const Environment& environment) {
  return Settings::from_environment([&](const char* name) -> const char* {
    const auto found = environment.find(name);
    return found == environment.end() ? nullptr : found->second.c_str();
  });
}

/// A directory of its own and the logger as it was before.
class Log : public ::testing::Test {
 protected:
  Log() : dir_((fs::path(::testing::TempDir()) / "log_test.XXXXXX").string()) {
    if (::mkdtemp(dir_.data()) == nullptr) throw std::runtime_error("mkdtemp");
  }
  ~Log() override {
    configure({});
    fs::remove_all(dir_);
  }
  [[nodiscard]] std::string file() const { return dir_ + "/agent.log"; }
  [[nodiscard]] const std::string& dir() const { return dir_; }

 private:
  std::string dir_;
};

/// The lines that `work` writes to the standard output.
template <class F>
std::vector<std::string> stdout_of(F work) {
  ::testing::internal::CaptureStdout();
  work();
  std::vector<std::string> lines = base::split(::testing::internal::GetCapturedStdout(), '\n');
  if (lines.back().empty()) lines.pop_back();
  return lines;
}

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines = base::split(base::read_file(path).value_or(""), '\n');
  if (lines.back().empty()) lines.pop_back();
  return lines;
}

void one_line_per_level() {
  debug("d");
  info("i");
  warn("w");
  error("e");
  critical("c");
}

TEST_F(Log, Config34_DriverNamedMeansNoFileUnlessAsked) {
  configure(from({{"ECS_LOG_DRIVER", "x"}, {"ECS_LOGFILE", file()}}));
  EXPECT_THAT(stdout_of([] { info("hello"); }), ElementsAre(HasSubstr("msg=\"hello\"")));
  EXPECT_FALSE(fs::exists(file()));

  configure(from({{"ECS_LOG_DRIVER", "x"}, {"ECS_LOGFILE", file()}, {"ECS_LOGLEVEL_ON_INSTANCE", "warn"}}));
  EXPECT_EQ(stdout_of(one_line_per_level).size(), 4U);
  EXPECT_EQ(lines_of(file()).size(), 3U);
}

TEST_F(Log, Config35_EveryJsonLineIsAnObject) {
  configure(from({{"ECS_LOG_OUTPUT_FORMAT", "json"}, {"ECS_LOGLEVEL", "debug"}}));
  const auto lines = stdout_of([] {
    one_line_per_level();
    info("quotes \" and \\ and \n and \a and \x01 and \xff and \u2028", {{"field", "\v<\xfe>"}, {"n", 1}});
  });
  ASSERT_EQ(lines.size(), 6U);
  for (const std::string& line : lines) {
    const auto object = json::parse(line);
    EXPECT_TRUE(object.at("level").is_string()) << line;
    EXPECT_TRUE(object.at("time").is_string()) << line;
    EXPECT_TRUE(object.at("msg").is_string()) << line;
  }
}

TEST_F(Log, Config36_OnlyTheNewestRolledFilesRemain) {
  configure(from({{"ECS_LOGFILE", file()}, {"ECS_LOG_MAX_FILE_SIZE_MB", "0.001"}, {"ECS_LOG_MAX_ROLL_COUNT", "2"}}));
  stdout_of([] {
    for (int i = 0; i < 100; ++i) info(std::string(400, 'x'), {{"i", i}});
  });
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(dir())) names.push_back(entry.path().filename());
  std::sort(names.begin(), names.end());
  // Each line has more than 400 bytes, so three fill a file: 33 rolls, and one line in the 34th file.
  EXPECT_THAT(names, ElementsAre("agent.log", "agent.log.32", "agent.log.33"));
  EXPECT_EQ(lines_of(file()).size(), 1U);
  EXPECT_EQ(lines_of(file() + ".33").size(), 3U);
}

TEST_F(Log, Config15_FlagWinsOverTheEnvironment) {
  Settings settings = from({{"ECS_LOGLEVEL", "debug"}, {"ECS_LOGLEVEL_ON_INSTANCE", "debug"}, {"ECS_LOGFILE", file()}});
  settings.apply_flags("error", "info", "info");
  configure(settings);
  EXPECT_THAT(stdout_of(one_line_per_level), ElementsAre(HasSubstr("level=error"), HasSubstr("level=critical")));
  EXPECT_EQ(lines_of(file()).size(), 2U);
}

TEST_F(Log, FlagsForEachSink) {
  Settings settings = from({{"ECS_LOGLEVEL", "debug"}});
  settings.apply_flags("", "WARN", "crit");
  EXPECT_EQ(settings.driver_level, Level::kWarn);
  EXPECT_EQ(settings.instance_level, Level::kCritical);
  settings.apply_flags("bogus", "debug", "debug");
  EXPECT_EQ(settings.driver_level, Level::kWarn);
  EXPECT_EQ(settings.instance_level, Level::kCritical);
  EXPECT_THAT(settings.problems, ElementsAre(HasSubstr("-loglevel: \"bogus\"")));
}

TEST_F(Log, LinesFollowTheGrammar) {
  const auto lines = stdout_of([] {
    warn("Could not read \"x\"");
    info("Task changed", {{"task", "0af3"}, {"knownStatus", bare("RUNNING")}, {"retries", 2}});
  });
  constexpr const char* kTime = "time=20[0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]Z";
  EXPECT_THAT(lines, ElementsAre(MatchesRegex(std::string("level=warn ") + kTime +
                                              R"( msg="Could not read \\"x\\"" module=log_test.cpp)"),
                                 MatchesRegex(std::string("level=info ") + kTime +
                                              R"( msg="Task changed" task="0af3" knownStatus=RUNNING retries=2)")));
}

TEST_F(Log, FieldsOfEveryKind) {
  const Capture capture;
  info("m", {{"string", std::string("a b")},
             {"view", std::string_view("v")},
             {"bare", bare("B C")},
             {"broken", bare("a\nb")},
             {"yes", true},
             {"real", 0.25},
             {"byte", std::uint8_t{7}},
             {"size", std::size_t{1} << 63U},
             {"time", std::chrono::minutes(1)},
             {"list", std::vector<std::string>{"a", "b"}},
             {"secret", base::Secret("hunter2")},
             {"error", std::runtime_error("bad \"thing\"")},
             {"pointer", std::make_exception_ptr(std::runtime_error("worse"))}});
  ASSERT_EQ(capture.lines().size(), 1U);
  EXPECT_EQ(
      capture.lines()[0].text,
      R"(level=info msg="m" string="a b" view="v" bare=B C broken="a\nb" yes=true real=0.25 byte=7 )"
      R"(size=9223372036854775808 time=1m0s list=[a b] secret="[redacted]" error="bad \"thing\"" pointer="worse")");
}

TEST_F(Log, JsonLineHasFieldsByNameAndNoModule) {
  configure(from({{"ECS_LOG_OUTPUT_FORMAT", "json"}}));
  const auto lines = stdout_of([] {
    info("a<b", {{"task", "<0af3>"},
                 {"retries", 2},
                 {"retries", 3},
                 {"wait", std::chrono::microseconds(5)},
                 {"list", std::vector<std::string>{"&"}}});
    error("plain");
  });
  ASSERT_EQ(lines.size(), 2U);
  const auto strip = [](const std::string& line) {
    return std::regex_replace(line, std::regex("\"time\":\"[^\"]*\","), "");
  };
  EXPECT_EQ(strip(lines[0]),
            R"({"level":"info","msg":"a<b","list":["\u0026"],"retries":3,"task":"\u003c0af3\u003e","wait":5000})");
  EXPECT_EQ(strip(lines[1]), R"({"level":"error","msg":"plain","module":"log_test.cpp"})");
}

TEST_F(Log, SecretsAreNotWritten) {
  const Capture capture;
  info("token", {{"token", base::Secret("hunter2")}});
  EXPECT_TRUE(capture.contains("[redacted]"));
  EXPECT_FALSE(capture.contains("hunter2"));
}

TEST_F(Log, UnwritableFileIsReportedOnceAndStdoutGoesOn) {
  base::write_file_atomically(dir() + "/file", "", 0600);
  configure(from({{"ECS_LOGFILE", dir() + "/file/agent.log"}}));
  const auto lines = stdout_of([] {
    info("one");
    info("two");
  });
  EXPECT_THAT(lines, ElementsAre(HasSubstr("\"one\""), HasSubstr("Cannot write the log file"), HasSubstr("\"two\"")));
}

TEST_F(Log, FileAndItsDirectoriesAreMade) {
  const mode_t old = ::umask(022);
  configure(from({{"ECS_LOGFILE", dir() + "/a/b/agent.log"}}));
  stdout_of([] { info("hello"); });
  ::umask(old);
  struct stat status{};
  ASSERT_EQ(::stat((dir() + "/a/b/agent.log").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0644U);
  EXPECT_EQ(lines_of(dir() + "/a/b/agent.log").size(), 1U);
}

TEST_F(Log, ConfigureWritesProblems) {
  const Settings settings = from({{"ECS_LOGLEVEL", "bogus"},
                                  {"ECS_LOGLEVEL_ON_INSTANCE", "x"},
                                  {"ECS_LOG_OUTPUT_FORMAT", "xml"},
                                  {"ECS_LOG_MAX_FILE_SIZE_MB", "5MB"},
                                  {"ECS_LOG_MAX_ROLL_COUNT", "1.5"}});
  EXPECT_EQ(settings.driver_level, Level::kInfo);
  EXPECT_EQ(settings.instance_level, Level::kInfo);
  EXPECT_EQ(settings.format, Format::kLogfmt);
  EXPECT_EQ(settings.max_file_size, 5'000'000U);
  EXPECT_EQ(settings.max_roll_count, 24);
  const auto lines = stdout_of([&] { configure(settings); });
  EXPECT_THAT(lines, ElementsAre(HasSubstr("ECS_LOGLEVEL: "), HasSubstr("ECS_LOGLEVEL_ON_INSTANCE: "),
                                 HasSubstr("ECS_LOG_OUTPUT_FORMAT: "), HasSubstr("ECS_LOG_MAX_FILE_SIZE_MB: "),
                                 HasSubstr("ECS_LOG_MAX_ROLL_COUNT: ")));
  EXPECT_THAT(lines, ::testing::Each(HasSubstr("level=error")));
}

TEST_F(Log, MessageOnlyFormat) {
  configure(from({{"ECS_LOG_OUTPUT_FORMAT", "windows"}}));
  EXPECT_THAT(stdout_of([] {
                info("one");
                info("two", {{"k", 1}});
              }),
              ElementsAre("onemsg=\"two\" k=1"));
}

TEST_F(Log, LevelsCanChangeWhileItRuns) {
  configure({});
  set_level(Level::kError, Level::kOff);
  EXPECT_FALSE(enabled(Level::kWarn));
  EXPECT_TRUE(enabled(Level::kError));
  EXPECT_EQ(stdout_of(one_line_per_level).size(), 2U);
  EXPECT_EQ(settings().driver_level, Level::kError);
  set_level(Level::kOff, Level::kOff);
  EXPECT_THAT(stdout_of(one_line_per_level), IsEmpty());
}

TEST_F(Log, LinesOfManyThreadsStayWhole) {
  configure(from({{"ECS_LOGFILE", file()}, {"ECS_LOG_MAX_FILE_SIZE_MB", "0.01"}, {"ECS_LOG_MAX_ROLL_COUNT", "0"}}));
  const auto lines = stdout_of([] {
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([t] {
        for (int i = 0; i < 200; ++i) info("line", {{"thread", t}, {"i", i}});
      });
    }
    for (auto& thread : threads) thread.join();
  });
  EXPECT_EQ(lines.size(), 800U);
  EXPECT_THAT(lines, ::testing::Each(MatchesRegex("level=info time=[^ ]+ msg=\"line\" thread=[0-3] i=[0-9]+")));
  std::size_t in_files = 0;
  for (const auto& entry : fs::directory_iterator(dir())) in_files += lines_of(entry.path()).size();
  EXPECT_EQ(in_files, 800U);
}

TEST_F(Log, LatestCaptureCounts) {
  const Capture outer;
  {
    Capture inner;
    debug("in");
    EXPECT_EQ(inner.lines().size(), 1U);
    EXPECT_EQ(inner.lines()[0].level, Level::kDebug);
    inner.clear();
    EXPECT_THAT(inner.lines(), IsEmpty());
  }
  info("out");
  ASSERT_EQ(outer.lines().size(), 1U);
  EXPECT_EQ(outer.lines()[0].message, "out");
}

}  // namespace
}  // namespace ecs::log
