#include "base/random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace ecs::base {

std::uint64_t Random::next() {
  if (engine_) return (*engine_)();
  if (left_ == 0) {
    // Up to 256 bytes come whole and uninterrupted.
    static_assert(sizeof batch_ <= 256);
    if (::getrandom(batch_.data(), sizeof batch_, 0) != static_cast<ssize_t>(sizeof batch_)) {
      throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    left_ = batch_.size();
  }
  // Each number is forgotten as it is handed out.
  return std::exchange(batch_[--left_], 0);
}

std::uint64_t Random::below(std::uint64_t bound) {
  if (bound == 0) return 0;
  // Numbers of the incomplete last stretch would favour the small ones.
  const std::uint64_t unfair = (std::uint64_t{0} - bound) % bound;
  std::uint64_t number = next();
  while (number < unfair) number = next();
  return number % bound;
}

double Random::fraction() {
  constexpr unsigned kMantissa = 53;
  return static_cast<double>(next() >> (64U - kMantissa)) / static_cast<double>(std::uint64_t{1} << kMantissa);
}

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
