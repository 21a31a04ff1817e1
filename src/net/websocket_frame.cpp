#include "net/detail/websocket_frame.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/utf8.hpp"

namespace ecs::net::detail {

namespace {

constexpr std::uint16_t kProtocolError = 1002;
constexpr std::uint16_t kNoStatus = 1005;
constexpr std::uint16_t kBadText = 1007;
constexpr std::uint16_t kTooBig = 1009;
constexpr std::size_t kMaxControl = 125;
constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kReserved = 0x70;
constexpr std::uint8_t kOpcode = 0x0f;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLength = 0x7f;
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kLength64 = 127;

[[noreturn]] void refuse(const std::string& why) { throw FrameError(kProtocolError, why); }

std::uint8_t byte_at(std::string_view bytes, std::size_t i) { return static_cast<std::uint8_t>(bytes[i]); }

std::uint64_t big_endian(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) value = value << 8U | byte_at(bytes, i);
  return value;
}

void append_big_endian(std::string& out, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = bytes; i > 0; --i) out += static_cast<char>(value >> (8U * (i - 1)) & 0xffU);
}

bool is_control(Opcode opcode) { return static_cast<std::uint8_t>(opcode) >= 8; }

bool is_known(std::uint8_t opcode) { return opcode <= 2 || (opcode >= 8 && opcode <= 10); }

/// What a peer may send (RFC 6455 7.4).
bool is_close_code(std::uint64_t code) {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

bool is_utf8(std::string_view text) {
  while (!text.empty()) {
    const base::Rune rune = base::first_rune(text);
    if (!rune.valid) return false;
    text.remove_prefix(rune.length);
  }
  return true;
}

}  // namespace

std::optional<FrameHead> parse_frame_head(std::string_view bytes) {
  if (bytes.size() < 2) return std::nullopt;
  const std::uint8_t first = byte_at(bytes, 0);
  const std::uint8_t second = byte_at(bytes, 1);
  if ((first & kReserved) != 0) refuse("a frame uses an extension that was not agreed on");
  if (!is_known(first & kOpcode)) refuse(fmt::format("a frame has the unknown opcode {}", first & kOpcode));
  FrameHead head;
  head.final = (first & kFinal) != 0;
  head.opcode = static_cast<Opcode>(first & kOpcode);
  head.length = second & kLength;
  head.size = 2;
  const std::size_t extra = head.length == kLength64 ? 8 : head.length == kLength16 ? 2 : 0;
  const std::size_t mask_size = (second & kMasked) != 0 ? sizeof(MaskKey) : 0;
  if (bytes.size() < head.size + extra + mask_size) return std::nullopt;
  if (extra != 0) head.length = big_endian(bytes.substr(head.size, extra));
  head.size += extra;
  if (mask_size != 0) {
    head.mask.emplace();
    for (std::size_t i = 0; i < mask_size; ++i) (*head.mask)[i] = byte_at(bytes, head.size + i);
    head.size += mask_size;
  }
  if (is_control(head.opcode) && (!head.final || head.length > kMaxControl)) {
    refuse("a control frame is fragmented or longer than 125 bytes");
  }
  return head;
}

void apply_mask(std::string& data, std::size_t from, const MaskKey& mask, std::uint64_t offset) {
  std::array<std::uint8_t, sizeof(std::uint64_t)> repeated{};
  for (std::size_t i = 0; i < repeated.size(); ++i) repeated[i] = mask[(offset + i) % mask.size()];
  std::uint64_t wide = 0;
  std::memcpy(&wide, repeated.data(), sizeof wide);
  std::size_t i = from;
  for (; i + sizeof wide <= data.size(); i += sizeof wide) {
    std::uint64_t word = 0;
    std::memcpy(&word, data.data() + i, sizeof word);
    word ^= wide;
    std::memcpy(data.data() + i, &word, sizeof word);
  }
  for (std::size_t j = 0; i < data.size(); ++i, ++j) {
    data[i] = static_cast<char>(static_cast<std::uint8_t>(data[i]) ^ repeated[j]);
  }
}

std::string make_frame(Opcode opcode, std::string_view payload, const std::optional<MaskKey>& mask) {
  std::string frame;
  frame.reserve(payload.size() + 14);
  frame += static_cast<char>(kFinal | static_cast<std::uint8_t>(opcode));
  const std::uint8_t mask_bit = mask ? kMasked : 0;
  if (payload.size() < kLength16) {
    frame += static_cast<char>(mask_bit | static_cast<std::uint8_t>(payload.size()));
  } else if (payload.size() <= 0xffff) {
    frame += static_cast<char>(mask_bit | kLength16);
    append_big_endian(frame, payload.size(), 2);
  } else {
    frame += static_cast<char>(mask_bit | kLength64);
    append_big_endian(frame, payload.size(), 8);
  }
  if (mask) frame.append(mask->begin(), mask->end());
  const std::size_t start = frame.size();
  frame += payload;
  if (mask) apply_mask(frame, start, *mask, 0);
  return frame;
}

CloseStatus parse_close(std::string_view payload) {
  if (payload.empty()) return {kNoStatus, {}};
  if (payload.size() == 1) refuse("a close frame has half a code");
  const std::uint64_t code = big_endian(payload.substr(0, 2));
  if (!is_close_code(code)) refuse(fmt::format("a close frame has the invalid code {}", code));
  const std::string_view reason = payload.substr(2);
  if (!is_utf8(reason)) throw FrameError(kBadText, "the reason in a close frame is not UTF-8");
  return {static_cast<std::uint16_t>(code), std::string(reason)};
}

std::string close_payload(std::uint16_t code, std::string_view reason) {
  std::string payload;
  if (code == kNoStatus) return payload;
  append_big_endian(payload, code, 2);
  std::size_t size = std::min(reason.size(), kMaxControl - 2);
  // Not in the middle of a character.
  while (size < reason.size() && size > 0 && (byte_at(reason, size) & 0xc0U) == 0x80U) --size;
  payload += reason.substr(0, size);
  return payload;
}

void FrameReader::check(const FrameHead& head) const {
  if (head.mask.has_value() != masked_)
    refuse(masked_ ? "a client's frame is not masked" : "a server's frame is masked");
  if (is_control(head.opcode)) return;
  if (head.opcode == Opcode::kContinuation && !message_type_) refuse("a continuation continues nothing");
  if (head.opcode != Opcode::kContinuation && message_type_) refuse("a message begins inside another one");
  if (head.length > max_message_ || message_.size() + head.length > max_message_) {
    throw FrameError(kTooBig, fmt::format("a message is longer than {} bytes", max_message_));
  }
}

std::optional<FrameReader::Event> FrameReader::finish_frame() {
  const FrameHead head = *std::exchange(head_, std::nullopt);
  switch (head.opcode) {
    case Opcode::kPing:
      return Event{Kind::kPing, std::exchange(control_, {}), false};
    case Opcode::kPong:
      return Event{Kind::kPong, std::exchange(control_, {}), false};
    case Opcode::kClose:
      return Event{Kind::kClose, std::exchange(control_, {}), false};
    default:
      break;
  }
  if (!head.final) return std::nullopt;
  const bool binary = std::exchange(message_type_, std::nullopt) == Opcode::kBinary;
  return Event{Kind::kMessage, std::exchange(message_, {}), binary};
}

std::optional<FrameReader::Event> FrameReader::take(std::string_view& bytes) {
  while (true) {
    if (!head_) {
      head_ = parse_frame_head(bytes);
      if (!head_) return std::nullopt;
      check(*head_);
      bytes.remove_prefix(head_->size);
      got_ = 0;
      if (head_->opcode == Opcode::kText || head_->opcode == Opcode::kBinary) message_type_ = head_->opcode;
    }
    std::string& payload = is_control(head_->opcode) ? control_ : message_;
    const std::size_t now = std::min<std::uint64_t>(head_->length - got_, bytes.size());
    const std::size_t before = payload.size();
    payload += bytes.substr(0, now);
    if (head_->mask) apply_mask(payload, before, *head_->mask, got_);
    bytes.remove_prefix(now);
    got_ += now;
    if (got_ < head_->length) return std::nullopt;
    if (auto event = finish_frame()) return event;
  }
}

}  // namespace ecs::net::detail
