#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "docker/error.hpp"
#include "docker/json_splitter.hpp"
#include "docker/log_frames.hpp"
#include "docker/testdata.hpp"

namespace ecs::docker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> split(JsonSplitter& splitter, std::string_view bytes, std::size_t step) {
  std::vector<std::string> all;
  while (!bytes.empty()) {
    splitter.feed(bytes.substr(0, step));
    bytes.remove_prefix(std::min(step, bytes.size()));
    while (auto text = splitter.next()) all.push_back(*text);
  }
  return all;
}

TEST(JsonSplitter, FindsObjectsHoweverTheyAreCut) {
  const std::string stream = "{\"a\":\"}{\\\"\"}\r\n {\"b\":[{},{\"c\":1}]}\n\n{}{\"d\":\"\\\\\"}";
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    JsonSplitter splitter;
    EXPECT_THAT(split(splitter, stream, step),
                ElementsAre("{\"a\":\"}{\\\"\"}", "{\"b\":[{},{\"c\":1}]}", "{}", "{\"d\":\"\\\\\"}"));
    EXPECT_FALSE(splitter.inside());
  }
}

TEST(JsonSplitter, KnowsWhenItStandsInsideAnObject) {
  JsonSplitter splitter;
  splitter.feed("  {\"a\":");
  EXPECT_EQ(splitter.next(), std::nullopt);
  EXPECT_TRUE(splitter.inside());
  splitter.feed("1}");
  EXPECT_EQ(splitter.next(), "{\"a\":1}");
  EXPECT_FALSE(splitter.inside());
}

TEST(JsonSplitter, RefusesWhatIsNoObject) {
  for (const auto* bad : {"x", "[1]", "}", "1", "\"a\""}) {
    JsonSplitter splitter;
    splitter.feed(bad);
    EXPECT_THROW(static_cast<void>(splitter.next()), Error) << bad;
  }
}

TEST(JsonSplitter, RefusesAnObjectThatDoesNotEnd) {
  JsonSplitter splitter(16);
  splitter.feed(R"({"a":"0123456789)");
  EXPECT_EQ(splitter.next(), std::nullopt);
  splitter.feed("0123456789");
  EXPECT_THROW(static_cast<void>(splitter.next()), Error);
}

std::string text_of(const std::vector<LogChunk>& chunks, LogChunk::Channel channel) {
  std::string all;
  for (const auto& chunk : chunks) {
    if (chunk.channel == channel) all += chunk.bytes;
  }
  return all;
}

TEST(LogFrames, TellsTheChannelsApartHoweverTheyAreCut) {
  const auto stream = recorded("logs.bin");
  for (std::size_t step = 1; step <= stream.size(); ++step) {
    LogFrames frames;
    std::vector<LogChunk> chunks;
    for (std::size_t at = 0; at < stream.size(); at += step) {
      for (auto& chunk : frames.feed(std::string_view(stream).substr(at, step))) chunks.push_back(std::move(chunk));
    }
    EXPECT_EQ(text_of(chunks, LogChunk::Channel::kStdout), "2026-11-22T10:37:50.756021077Z out\n");
    EXPECT_EQ(text_of(chunks, LogChunk::Channel::kStderr), "2026-11-22T10:37:50.755948999Z err\n");
    EXPECT_TRUE(frames.at_boundary());
  }
}

TEST(LogFrames, KnowsAFrameThatIsCutOff) {
  LogFrames frames;
  EXPECT_THAT(frames.feed(std::string_view("\1\0\0\0\0\0\0\5ab", 10)), testing::SizeIs(1));
  EXPECT_FALSE(frames.at_boundary());
}

TEST(LogFrames, RefusesRawBytes) {
  LogFrames frames;
  EXPECT_THROW(static_cast<void>(frames.feed("hello, world\n")), Error);
}

TEST(LogFrames, GivesTheEnginesOwnFailure) {
  LogFrames frames;
  EXPECT_THAT(frames.feed(std::string_view("\3\0\0\0\0\0\0\4lo", 10)), IsEmpty());
  try {
    static_cast<void>(frames.feed("st"));
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), Error::Kind::kStream);
    EXPECT_STREQ(error.what(), "lost");
  }
}

std::vector<std::string> texts(const std::vector<LogLines::Line>& lines) {
  std::vector<std::string> all;
  for (const auto& line : lines) all.push_back(line.text);
  return all;
}

TEST(LogLines, PutsLinesTogetherPerChannel) {
  LogLines lines;
  using enum LogChunk::Channel;
  EXPECT_THAT(texts(lines.feed({kStdout, "one\r\ntw"})), ElementsAre("one"));
  EXPECT_THAT(texts(lines.feed({kStderr, "err\n\n"})), ElementsAre("err", ""));
  EXPECT_THAT(texts(lines.feed({kStdout, "o\nthree"})), ElementsAre("two"));
  EXPECT_THAT(texts(lines.rest()), ElementsAre("three"));
  EXPECT_THAT(texts(lines.rest()), IsEmpty());
}

TEST(LogLines, CutsALineThatIsTooLong) {
  LogLines lines(4);
  EXPECT_THAT(texts(lines.feed({LogChunk::Channel::kStdout, "0123456789\n"})), ElementsAre("0123", "4567", "89"));
}

}  // namespace
}  // namespace ecs::docker
