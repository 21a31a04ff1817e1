#include "ctl/screen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "ctl/log_stream.hpp"

namespace ecs::ctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ScreenTest : public ::testing::Test {
 protected:
  ~ScreenTest() override {
    std::fclose(file_);
    std::free(text_);
  }
  std::string shown() {
    std::fflush(file_);
    return {text_, size_};
  }
  char* text_ = nullptr;
  std::size_t size_ = 0;
  std::FILE* file_ = ::open_memstream(&text_, &size_);
};

TEST_F(ScreenTest, NamesAreInOneColumn) {
  Screen screen(file_, false, false);
  screen.widen(5);
  screen.widen(3);
  screen.log_line("web", "hello");
  screen.phase("proxy", "running");
  EXPECT_EQ(shown(), "web   | hello\nproxy   running\n");
}

TEST_F(ScreenTest, ColoursStayWithTheirName) {
  Screen screen(file_, true, true);
  screen.log_line("web", "a");
  screen.log_line("db", "b");
  screen.log_line("web", "c");
  EXPECT_EQ(shown(), "\x1b[36mweb |\x1b[0m a\x1b[0m\n\x1b[33mdb |\x1b[0m b\x1b[0m\n\x1b[36mweb |\x1b[0m c\x1b[0m\n");
}

TEST_F(ScreenTest, BarsStayBelowTheLines) {
  Screen screen(file_, true, false);
  screen.bar("web/1", "one");
  screen.line("text");
  EXPECT_EQ(shown(), "one\n\x1b[1A\x1b[2Ktext\none\n");
  screen.remove_bars("web/");
  EXPECT_EQ(shown(), "one\n\x1b[1A\x1b[2Ktext\none\n\x1b[1A\x1b[2K");
}

TEST_F(ScreenTest, WithoutATerminalThereAreNoBars) {
  Screen screen(file_, false, false);
  screen.bar("a", "one");
  EXPECT_EQ(shown(), "");
}

TEST(ProgressBar, ShowsTheShare) {
  EXPECT_EQ(progress_bar(500'000, 1'000'000, 10), "[=====>    ] 0.5/1.0 MB");
  EXPECT_EQ(progress_bar(2, 1, 4), "[====] 0.0/0.0 MB");
  EXPECT_EQ(progress_bar(1'500'000, 0, 10), "1.5 MB");
  EXPECT_EQ(progress_bar(0, 0, 10), "");
  EXPECT_EQ(progress_bar(-5, 10, 4), "[>   ] -0.0/0.0 MB");
}

TEST(CleanLine, KeepsTextAndColours) {
  EXPECT_EQ(clean_line("a\tb \x1b[1;31mred\x1b[0m"), "a\tb \x1b[1;31mred\x1b[0m");
  EXPECT_EQ(clean_line("\x1b[2J\x1b]0;title\x07x\r\b"), "[2J]0;titlex");
  EXPECT_EQ(clean_line("\x1b["), "[");
  EXPECT_EQ(clean_line("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
}

TEST(LineSplitter, PutsPiecesTogether) {
  std::vector<std::string> lines;
  LineSplitter splitter([&lines](std::string line) { lines.push_back(std::move(line)); });
  splitter.put("on");
  splitter.put("e\r\ntwo\n\nthr");
  EXPECT_THAT(lines, ElementsAre("one", "two", ""));
  splitter.finish();
  splitter.finish();
  EXPECT_THAT(lines, ElementsAre("one", "two", "", "thr"));
}

TEST(LineSplitter, CutsLinesWithoutAnEnd) {
  std::vector<std::size_t> sizes;
  LineSplitter splitter([&sizes](const std::string& line) { sizes.push_back(line.size()); });
  splitter.put(std::string(200'000, 'x'));
  splitter.put("\n");
  ASSERT_FALSE(sizes.empty());
  EXPECT_EQ(sizes.front(), 200'000U);
}

}  // namespace
}  // namespace ecs::ctl
