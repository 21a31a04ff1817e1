// Randomness: the kernel's in programs, a fixed sequence in tests.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <random>
#include <string>

namespace ecs::base {

class Random {
 public:
  /// The kernel's generator: its output cannot be guessed, so it serves for identifiers that open doors. Throws
  /// std::system_error if the kernel has none.
  Random() = default;
  /// The same sequence for the same seed.
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  [[nodiscard]] std::uint64_t next();
  /// Uniform in [0, bound); 0 when bound is 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
  /// Uniform in [0, 1).
  [[nodiscard]] double fraction();
  [[nodiscard]] std::string hex(std::size_t digits);
  /// A version 4 UUID in lower case.
  [[nodiscard]] std::string uuid();

 private:
  static constexpr std::size_t kBatch = 32;

  std::optional<std::mt19937_64> engine_;
  std::array<std::uint64_t, kBatch> batch_{};
  std::size_t left_ = 0;
};

}  // namespace ecs::base
