// As much of D-Bus as it takes to start and stop a unit of systemd: calls, answers, signals; little-endian; blocking.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <string_view>

#include "base/file.hpp"
#include "cgroup/hierarchy.hpp"

namespace ecs::cgroup {

/// Writes the body of a message: values with their padding.
class BodyWriter {
 public:
  struct Array {
    std::size_t length_at;
    std::size_t begin;
  };

  void align(std::size_t to) { bytes_.resize((bytes_.size() + to - 1) / to * to); }
  void u8(std::uint8_t value) { bytes_.push_back(static_cast<char>(value)); }
  void u32(std::uint32_t value) { number(value, 4); }
  void u64(std::uint64_t value) { number(value, 8); }
  void string(std::string_view value);  ///< An object path too.
  void signature(std::string_view value);
  /// `alignment` of its elements.
  [[nodiscard]] Array open_array(std::size_t alignment);
  void close_array(Array array);
  void raw(std::string_view bytes) { bytes_ += bytes; }
  [[nodiscard]] std::size_t size() const { return bytes_.size(); }
  std::string take() { return std::move(bytes_); }

 private:
  void number(std::uint64_t value, std::size_t size);
  void put(std::size_t at, std::uint64_t value, std::size_t size);
  std::string bytes_;
};

/// Reads values in order. Throws Error when there are not enough bytes.
class BodyReader {
 public:
  explicit BodyReader(std::string_view bytes) : bytes_(bytes) {}
  void align(std::size_t to) { at_ = (at_ + to - 1) / to * to; }
  std::uint8_t u8() { return static_cast<std::uint8_t>(number(1)); }
  std::uint32_t u32() { return static_cast<std::uint32_t>(number(4)); }
  std::string string();
  std::string signature();
  [[nodiscard]] std::size_t position() const { return at_; }

 private:
  std::uint64_t number(std::size_t size);
  std::string_view take(std::size_t size);
  std::string_view bytes_;
  std::size_t at_ = 0;
};

struct BusMessage {
  enum class Type : std::uint8_t { kCall = 1, kAnswer = 2, kError = 3, kSignal = 4 };
  Type type = Type::kCall;
  std::uint32_t serial = 0;
  std::uint32_t reply_serial = 0;
  std::string path;
  std::string interface;
  std::string member;
  std::string error_name;
  std::string destination;
  std::string signature;
  std::string body;

  /// The body's first value when it is a string or an object path; else empty.
  [[nodiscard]] std::string first_text() const;
};

/// The bytes on the wire.
[[nodiscard]] std::string encode(const BusMessage& message);

/// `bytes` is one whole message. Throws Error.
[[nodiscard]] BusMessage decode(std::string_view bytes);

/// The size of a whole message from its first 16 bytes. Throws Error for what is none, or is larger than 1 MiB.
[[nodiscard]] std::size_t message_size(std::string_view start);

/// A connection that has introduced itself. Every wait ends at a deadline with Error.
class Bus {
 public:
  using Deadline = std::chrono::steady_clock::time_point;

  Bus(const BusAddress& address, Deadline deadline);

  /// The answer, which may be an error; signals that come before it are kept for next_signal().
  BusMessage call(BusMessage message, Deadline deadline);
  BusMessage next_signal(Deadline deadline);

 private:
  void authenticate(Deadline deadline);
  void introduce(Deadline deadline);
  void send(std::string_view bytes, Deadline deadline);
  void receive(Deadline deadline);  ///< At least one byte more.
  std::string line(Deadline deadline);
  BusMessage next(Deadline deadline);
  void wait(short events, Deadline deadline);

  std::string name_;
  base::Fd socket_;
  std::string received_;
  std::deque<BusMessage> signals_;
  std::uint32_t serial_ = 0;
};

}  // namespace ecs::cgroup
