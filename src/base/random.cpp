#include "base/random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <system_error>

namespace ecs::base {

namespace {

std::uint64_t kernel_seed() {
  std::uint64_t seed = 0;
  if (getrandom(&seed, sizeof seed, 0) != static_cast<ssize_t>(sizeof seed)) {
    throw std::system_error(errno, std::generic_category(), "getrandom");
  }
  return seed;
}

}  // namespace

Random::Random() : engine_(kernel_seed()) {}

std::uint64_t Random::below(std::uint64_t bound) {
  return bound == 0 ? 0 : std::uniform_int_distribution<std::uint64_t>(0, bound - 1)(engine_);
}

double Random::fraction() { return std::uniform_real_distribution<double>(0.0, 1.0)(engine_); }

std::string Random::hex(std::size_t digits) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string out;
  out.reserve(digits);
  std::uint64_t bits = 0;
  for (std::size_t i = 0; i < digits; ++i) {
    if (i % 16 == 0) bits = next();
    out.push_back(kDigits[bits & 15U]);
    bits >>= 4U;
  }
  return out;
}

std::string Random::uuid() {
  std::string digits = hex(32);
  digits[12] = '4';
  digits[16] = "89ab"[below(4)];
  for (const std::size_t at : {8U, 13U, 18U, 23U}) digits.insert(at, 1, '-');
  return digits;
}

}  // namespace ecs::base
