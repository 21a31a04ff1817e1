// Frames of RFC 6455 as bytes; no I/O. Beast's websocket is not used because it throws away what arrives after our
// own close frame, and the agent still has to act on that (acs.md 5).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace ecs::net::detail {

enum class Opcode : std::uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

using MaskKey = std::array<std::uint8_t, 4>;

/// The peer broke the protocol; `code` belongs into the close frame that says so (1002, 1007 or 1009).
class FrameError : public std::runtime_error {
 public:
  FrameError(std::uint16_t code, const std::string& message) : std::runtime_error(message), code_(code) {}
  [[nodiscard]] std::uint16_t code() const noexcept { return code_; }

 private:
  std::uint16_t code_;
};

struct FrameHead {
  bool final = false;
  Opcode opcode = Opcode::kContinuation;
  std::optional<MaskKey> mask;
  std::uint64_t length = 0;
  std::size_t size = 0;  ///< Of the head itself.
};

/// Nothing when more bytes are needed. Throws FrameError.
[[nodiscard]] std::optional<FrameHead> parse_frame_head(std::string_view bytes);

/// One unfragmented frame; masked when there is a key, as a client must.
[[nodiscard]] std::string make_frame(Opcode opcode, std::string_view payload, const std::optional<MaskKey>& mask);

/// In place; `offset` is the place of the first byte in its frame.
void apply_mask(std::string& data, std::size_t from, const MaskKey& mask, std::uint64_t offset);

struct CloseStatus {
  std::uint16_t code = 0;  ///< 1005 when the frame had none.
  std::string reason;
};
[[nodiscard]] CloseStatus parse_close(std::string_view payload);  ///< Throws FrameError.
/// A reason is cut to the 123 bytes that fit. Code 1005 makes an empty payload.
[[nodiscard]] std::string close_payload(std::uint16_t code, std::string_view reason);

/// Puts frames together to messages.
class FrameReader {
 public:
  enum class Kind { kMessage, kPing, kPong, kClose };
  struct Event {
    Kind kind = Kind::kMessage;
    std::string data;
    bool binary = false;
  };

  /// A server's reader wants masked frames, a client's wants them bare.
  FrameReader(bool masked, std::size_t max_message) : masked_(masked), max_message_(max_message) {}

  /// Takes bytes off the front of `bytes` up to the end of the next event; nothing when all are used up before one is
  /// complete, except for a part of a frame's head, which stays. Throws FrameError; the reader is of no use then.
  [[nodiscard]] std::optional<Event> take(std::string_view& bytes);

 private:
  void check(const FrameHead& head) const;
  [[nodiscard]] std::optional<Event> finish_frame();

  bool masked_;
  std::size_t max_message_;
  std::optional<FrameHead> head_;
  std::uint64_t got_ = 0;  ///< Bytes of the present frame's payload.
  std::string control_;
  std::string message_;
  std::optional<Opcode> message_type_;  ///< Set between the first and the last frame of a message.
};

}  // namespace ecs::net::detail
