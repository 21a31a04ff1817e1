#include "log/rotating_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>
#include <map>
#include <system_error>

namespace ecs::log {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::Pair;

constexpr base::WallTime kStart{1763798433s};  // 2025-11-22T08:00:33Z

class Rotation : public ::testing::Test {
 protected:
  Rotation() : dir_((fs::path(::testing::TempDir()) / "rotation.XXXXXX").string()) {
    if (::mkdtemp(dir_.data()) == nullptr) throw std::runtime_error("mkdtemp");
    const char* zone = std::getenv("TZ");
    zone_ = zone != nullptr ? zone : "";
    set_zone("UTC");
  }
  ~Rotation() override {
    set_zone(zone_.c_str());
    fs::remove_all(dir_);
  }
  static void set_zone(const char* zone) {
    ::setenv("TZ", zone, 1);
    ::tzset();
  }
  [[nodiscard]] fs::path file() const { return fs::path(dir_) / "log"; }
  [[nodiscard]] std::map<std::string, std::string> content() const {
    std::map<std::string, std::string> all;
    for (const auto& entry : fs::directory_iterator(dir_)) {
      all[entry.path().filename()] = base::read_file(entry.path()).value_or("");
    }
    return all;
  }
  void given(const char* name, std::string_view text) const {
    base::write_file_atomically(fs::path(dir_) / name, text, 0600);
  }

 private:
  std::string dir_;
  std::string zone_;
};

TEST_F(Rotation, BySizeCountsUpwards) {
  RotatingFile file(this->file(), {.rollover = Rollover::kSize, .max_size = 4, .max_rolls = 2});
  for (const char* line : {"aa\n", "b\n", "c\n", "dddd\n", "e\n", "ff\n", "g\n"}) file.write(line, kStart);
  EXPECT_THAT(content(), ElementsAre(Pair("log", "g\n"), Pair("log.2", "c\ndddd\n"), Pair("log.3", "e\nff\n")));
}

TEST_F(Rotation, GoesOnAfterTheHighestNumberAndLeavesOtherFilesAlone) {
  given("log.9", "nine");
  given("log.10", "ten");
  given("log.bak", "mine");
  given("log.7x", "mine too");
  given("log", "large file of an earlier process\n");
  RotatingFile file(this->file(), {.rollover = Rollover::kSize, .max_size = 4, .max_rolls = 2});
  file.write("one line first\n", kStart);
  file.write("new\n", kStart);
  EXPECT_THAT(content(), ElementsAre(Pair("log", "new\n"), Pair("log.10", "ten"),
                                     Pair("log.11", "large file of an earlier process\none line first\n"),
                                     Pair("log.7x", "mine too"), Pair("log.bak", "mine")));
}

TEST_F(Rotation, ByHourInLocalTime) {
  set_zone("XXX-05:30");  // UTC+05:30: the hour begins at half past
  RotatingFile file(this->file(), {.rollover = Rollover::kHourly, .max_size = 1, .max_rolls = 24});
  file.write("a\n", kStart);
  file.write("b\n", kStart + 29min);
  file.write("c\n", kStart + 30min);
  file.write("d\n", kStart + 5h);
  EXPECT_THAT(content(),
              ElementsAre(Pair("log", "d\n"), Pair("log.2025-11-22-13", "a\nb\n"), Pair("log.2025-11-22-14", "c\n")));
}

TEST_F(Rotation, ByHourKeepsTheNewest) {
  given("log.2024-01-01-00", "old");
  given("log.5", "of another rule");
  RotatingFile file(this->file(), {.rollover = Rollover::kHourly, .max_size = 1, .max_rolls = 1});
  file.write("a\n", kStart);
  file.write("b\n", kStart + 1h);
  EXPECT_THAT(content(),
              ElementsAre(Pair("log", "b\n"), Pair("log.2025-11-22-08", "a\n"), Pair("log.5", "of another rule")));
}

TEST_F(Rotation, NoneOnlyAppends) {
  given("log", "before\n");
  RotatingFile file(this->file(), {.rollover = Rollover::kNone, .max_size = 1, .max_rolls = 1});
  file.write("a\n", kStart);
  file.write("b\n", kStart + 1h);
  EXPECT_THAT(content(), ElementsAre(Pair("log", "before\na\nb\n")));
}

TEST_F(Rotation, SurvivesThatSomeoneTakesTheFileAway) {
  RotatingFile file(this->file(), {.rollover = Rollover::kSize, .max_size = 1, .max_rolls = 1});
  file.write("a\n", kStart);
  fs::remove(this->file());
  file.write("b\n", kStart);
  EXPECT_THAT(content(), ElementsAre(Pair("log", "b\n")));
}

TEST_F(Rotation, FailureIsThrownAndTriedAgain) {
  given("log", "");
  RotatingFile file(this->file() / "inner", {});
  EXPECT_THROW(file.write("a\n", kStart), std::system_error);
  fs::remove(this->file());
  file.write("b\n", kStart);
  EXPECT_EQ(base::read_file(this->file() / "inner"), "b\n");
}

TEST_F(Rotation, FullDiskIsAFailure) {
  RotatingFile file("/dev/full", {.rollover = Rollover::kNone});
  EXPECT_THROW(file.write("a\n", kStart), std::system_error);
}

}  // namespace
}  // namespace ecs::log
