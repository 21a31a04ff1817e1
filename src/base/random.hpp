// Randomness: seeded from the kernel in programs, from a number in tests.
#pragma once

#include <cstdint>
#include <random>
#include <string>

namespace ecs::base {

class Random {
 public:
  Random();  ///< Seeded by the kernel.
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  [[nodiscard]] std::uint64_t next() { return engine_(); }
  /// Uniform in [0, bound); 0 when bound is 0.
  [[nodiscard]] std::uint64_t below(std::uint64_t bound);
  /// Uniform in [0, 1).
  [[nodiscard]] double fraction();
  [[nodiscard]] std::string hex(std::size_t digits);
  /// A version 4 UUID in lower case.
  [[nodiscard]] std::string uuid();

 private:
  std::mt19937_64 engine_;
};

}  // namespace ecs::base
