// The framing of container output without a terminal: 8 bytes of head (channel, three zeros, length), then the bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "docker/client.hpp"

namespace ecs::docker {

/// Gives bytes on as they come; a frame is not kept until it is whole.
class LogFrames {
 public:
  /// Throws Error::kProtocol for a head that is none (a container with a terminal sends raw bytes), and
  /// Error::kStream with the engine's text when the engine itself reports a failure inside the stream.
  [[nodiscard]] std::vector<LogChunk> feed(std::string_view bytes);

  /// Whether the stream stands between two frames: where a good one ends.
  [[nodiscard]] bool at_boundary() const noexcept { return left_ == 0 && head_size_ == 0; }

 private:
  void begin_frame();

  std::array<char, 8> head_{};
  std::size_t head_size_ = 0;
  std::size_t left_ = 0;
  LogChunk::Channel channel_ = LogChunk::Channel::kStdout;
  bool failure_ = false;
  std::string failure_text_;
};

/// Puts chunks together to lines, per channel, for printing with a prefix. A line longer than the limit is cut.
class LogLines {
 public:
  struct Line {
    LogChunk::Channel channel;
    std::string text;  ///< Without the line end.
  };
  explicit LogLines(std::size_t max_line = 256U << 10U) : max_line_(max_line) {}

  [[nodiscard]] std::vector<Line> feed(const LogChunk& chunk);
  /// What has no line end yet.
  [[nodiscard]] std::vector<Line> rest();

 private:
  std::size_t max_line_;
  std::array<std::string, 3> open_;
};

}  // namespace ecs::docker
