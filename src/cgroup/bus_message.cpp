// D-Bus messages to bytes and back.
#include <algorithm>
#include <utility>

#include "cgroup/bus.hpp"

namespace ecs::cgroup {

namespace {

constexpr std::size_t kLargest = 1 << 20;
constexpr std::size_t kFixed = 12;  // Before the array of header fields.

enum Field : std::uint8_t {
  kPath = 1,
  kInterface = 2,
  kMember = 3,
  kErrorName = 4,
  kReplySerial = 5,
  kDestination = 6,
  kSignature = 8,
};

std::size_t rounded(std::size_t size) { return (size + 7) / 8 * 8; }

void add_field(BodyWriter& header, Field field, std::string_view type, std::string_view value) {
  if (value.empty()) return;
  header.align(8);
  header.u8(field);
  header.signature(type);
  if (type == "g") {
    header.signature(value);
  } else {
    header.string(value);
  }
}

void read_field(BodyReader& reader, BusMessage& message) {
  reader.align(8);
  const std::uint8_t field = reader.u8();
  const std::string type = reader.signature();
  if (type == "u") {
    const std::uint32_t value = reader.u32();
    if (field == kReplySerial) message.reply_serial = value;
    return;
  }
  if (type != "s" && type != "o" && type != "g") throw Error("D-Bus: a header field of type " + type);
  std::string value = type == "g" ? reader.signature() : reader.string();
  switch (field) {
    case kPath:
      message.path = std::move(value);
      break;
    case kInterface:
      message.interface = std::move(value);
      break;
    case kMember:
      message.member = std::move(value);
      break;
    case kErrorName:
      message.error_name = std::move(value);
      break;
    case kDestination:
      message.destination = std::move(value);
      break;
    case kSignature:
      message.signature = std::move(value);
      break;
    default:
      break;
  }
}

}  // namespace

void BodyWriter::put(std::size_t at, std::uint64_t value, std::size_t size) {
  for (std::size_t i = 0; i < size; ++i) bytes_[at + i] = static_cast<char>(value >> (8 * i) & 0xffU);
}

void BodyWriter::number(std::uint64_t value, std::size_t size) {
  align(size);
  const std::size_t at = bytes_.size();
  bytes_.resize(at + size);
  put(at, value, size);
}

void BodyWriter::string(std::string_view value) {
  u32(static_cast<std::uint32_t>(value.size()));
  bytes_ += value;
  bytes_.push_back('\0');
}

void BodyWriter::signature(std::string_view value) {
  u8(static_cast<std::uint8_t>(value.size()));
  bytes_ += value;
  bytes_.push_back('\0');
}

BodyWriter::Array BodyWriter::open_array(std::size_t alignment) {
  u32(0);
  const std::size_t length_at = bytes_.size() - 4;
  align(alignment);
  return {length_at, bytes_.size()};
}

void BodyWriter::close_array(Array array) { put(array.length_at, bytes_.size() - array.begin, 4); }

std::string_view BodyReader::take(std::size_t size) {
  if (at_ > bytes_.size() || size > bytes_.size() - at_) throw Error("D-Bus: a message that is too short");
  const std::string_view part = bytes_.substr(at_, size);
  at_ += size;
  return part;
}

std::uint64_t BodyReader::number(std::size_t size) {
  align(size);
  const std::string_view part = take(size);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < size; ++i) value |= std::uint64_t{static_cast<unsigned char>(part[i])} << (8 * i);
  return value;
}

std::string BodyReader::string() {
  const std::uint32_t size = u32();
  std::string text(take(size));
  (void)take(1);
  return text;
}

std::string BodyReader::signature() {
  const std::uint8_t size = u8();
  std::string text(take(size));
  (void)take(1);
  return text;
}

std::string BusMessage::first_text() const {
  if (!signature.starts_with("s") && !signature.starts_with("o")) return {};
  return BodyReader(body).string();
}

std::string encode(const BusMessage& message) {
  BodyWriter out;
  out.u8('l');
  out.u8(static_cast<std::uint8_t>(message.type));
  out.u8(0);
  out.u8(1);
  out.u32(static_cast<std::uint32_t>(message.body.size()));
  out.u32(message.serial);
  const auto fields = out.open_array(8);
  add_field(out, kPath, "o", message.path);
  add_field(out, kInterface, "s", message.interface);
  add_field(out, kMember, "s", message.member);
  add_field(out, kErrorName, "s", message.error_name);
  if (message.reply_serial != 0) {
    out.align(8);
    out.u8(kReplySerial);
    out.signature("u");
    out.u32(message.reply_serial);
  }
  add_field(out, kDestination, "s", message.destination);
  add_field(out, kSignature, "g", message.signature);
  out.close_array(fields);
  out.align(8);
  out.raw(message.body);
  return out.take();
}

std::size_t message_size(std::string_view start) {
  BodyReader reader(start);
  if (reader.u8() != 'l') throw Error("D-Bus: a message that is not little-endian");
  (void)reader.u8();
  (void)reader.u8();
  if (reader.u8() != 1) throw Error("D-Bus: an unknown version");
  const std::size_t body = reader.u32();
  (void)reader.u32();
  const std::size_t fields = reader.u32();
  if (body > kLargest || fields > kLargest) throw Error("D-Bus: a message that is too large");
  return rounded(kFixed + 4 + fields) + body;
}

BusMessage decode(std::string_view bytes) {
  if (message_size(bytes) != bytes.size()) throw Error("D-Bus: a message of the wrong size");
  BodyReader reader(bytes);
  BusMessage message;
  (void)reader.u8();
  message.type = static_cast<BusMessage::Type>(std::clamp<std::uint8_t>(reader.u8(), 1, 4));
  (void)reader.u8();
  (void)reader.u8();
  const std::size_t body = reader.u32();
  message.serial = reader.u32();
  const std::size_t end = kFixed + 4 + reader.u32();
  while (reader.position() < end) read_field(reader, message);
  message.body = std::string(bytes.substr(bytes.size() - body));
  return message;
}

}  // namespace ecs::cgroup
