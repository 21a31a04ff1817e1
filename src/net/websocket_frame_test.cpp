#include "net/detail/websocket_frame.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace ecs::net::detail {
namespace {

using namespace std::string_literals;
using Kind = FrameReader::Kind;

constexpr MaskKey kKey = {0x37, 0xfa, 0x21, 0x3d};

/// Feeds in pieces and gives all events.
std::vector<FrameReader::Event> read_all(const std::string& input, std::size_t piece, bool masked = false,
                                         std::size_t limit = 1U << 20U) {
  FrameReader reader(masked, limit);
  std::vector<FrameReader::Event> events;
  std::string buffer;
  for (std::size_t at = 0; at < input.size(); at += piece) {
    buffer += input.substr(at, piece);
    std::string_view rest = buffer;
    while (auto event = reader.take(rest)) events.push_back(std::move(*event));
    buffer.erase(0, buffer.size() - rest.size());
  }
  return events;
}

std::uint16_t refusal(const std::string& input, bool masked = false, std::size_t limit = 1U << 20U) {
  try {
    static_cast<void>(read_all(input, input.size(), masked, limit));
  } catch (const FrameError& e) {
    return e.code();
  }
  return 0;
}

TEST(WebSocketFrame, ExamplesOfTheRfc) {
  EXPECT_EQ(make_frame(Opcode::kText, "Hello", std::nullopt), "\x81\x05Hello");
  EXPECT_EQ(make_frame(Opcode::kText, "Hello", kKey), "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"s);
  const auto events = read_all("\x01\x03Hel\x80\x02lo", 1);
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].data, "Hello");
}

TEST(WebSocketFrame, EveryLengthSurvivesEverySplit) {
  for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65535U, 65536U}) {
    const std::string payload(size, 'p');
    for (const bool masked : {false, true}) {
      const std::string frame =
          make_frame(Opcode::kBinary, payload, masked ? std::optional<MaskKey>(kKey) : std::nullopt);
      for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, frame.size()}) {
        const auto events = read_all(frame, piece, masked);
        ASSERT_EQ(events.size(), 1U);
        EXPECT_EQ(events[0].data, payload);
        EXPECT_TRUE(events[0].binary);
      }
    }
  }
}

TEST(WebSocketFrame, ControlFramesMayComeInsideAMessage) {
  const auto events = read_all(
      "\x01\x01"
      "a"
      "\x89\x02hi"
      "\x00\x01"
      "b"
      "\x80\x01"
      "c"
      "\x8a\x00"s,
      1);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].kind, Kind::kPing);
  EXPECT_EQ(events[0].data, "hi");
  EXPECT_EQ(events[1].kind, Kind::kMessage);
  EXPECT_EQ(events[1].data, "abc");
  EXPECT_EQ(events[2].kind, Kind::kPong);
}

TEST(WebSocketFrame, RefusesWhatBreaksTheProtocol) {
  EXPECT_EQ(refusal("\xc1\x00"s), 1002);                  // Reserved bit.
  EXPECT_EQ(refusal("\x83\x00"s), 1002);                  // Unknown opcode.
  EXPECT_EQ(refusal("\x09\x00"s), 1002);                  // Fragmented ping.
  EXPECT_EQ(refusal("\x89\x7e\x00\x7e"s), 1002);          // Long ping.
  EXPECT_EQ(refusal("\x80\x00"s), 1002);                  // Continues nothing.
  EXPECT_EQ(refusal("\x01\x00\x81\x00"s), 1002);          // Message in a message.
  EXPECT_EQ(refusal("\x81\x80\x01\x02\x03\x04"s), 1002);  // Masked by a server.
  EXPECT_EQ(refusal("\x81\x00"s, true), 1002);            // Bare from a client.
  EXPECT_EQ(refusal("\x81\x05hello"s, false, 4), 1009);   // Too long.
  EXPECT_EQ(refusal("\x01\x03"
                    "abc"
                    "\x80\x02"
                    "de"s,
                    false, 4),
            1009);  // Too long together.
  EXPECT_EQ(refusal("\x81\x7f\xff\xff\xff\xff\xff\xff\xff\xff"s), 1009);
}

TEST(WebSocketFrame, CloseFrames) {
  EXPECT_EQ(parse_close("").code, 1005);
  EXPECT_EQ(parse_close("\x03\xe8why"s).code, 1000);
  EXPECT_EQ(parse_close("\x03\xe8why"s).reason, "why");
  EXPECT_EQ(parse_close("\x0f\xa0"s).code, 4000);
  EXPECT_THROW(static_cast<void>(parse_close("\x03")), FrameError);
  for (const int code : {0, 999, 1004, 1005, 1006, 1015, 2999, 5000}) {
    const std::string payload = {static_cast<char>(code >> 8), static_cast<char>(code & 0xff)};
    EXPECT_THROW(static_cast<void>(parse_close(payload)), FrameError) << code;
  }
  EXPECT_THROW(static_cast<void>(parse_close("\x03\xe8\xff"s)), FrameError);
  EXPECT_EQ(close_payload(1005, "ignored"), "");
  EXPECT_EQ(close_payload(1000, "why"), "\x03\xe8why"s);
}

TEST(WebSocketFrame, ALongReasonIsCutBetweenCharacters) {
  std::string reason(122, 'x');
  reason += "\xc3\xa4 and more";
  EXPECT_EQ(close_payload(1000, reason).size(), 2U + 122U);
  EXPECT_EQ(close_payload(1000, std::string(200, 'x')).size(), 125U);
}

}  // namespace
}  // namespace ecs::net::detail
