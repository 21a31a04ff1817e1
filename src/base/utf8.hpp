// UTF-8, one character at a time.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace ecs::base {

struct Rune {
  char32_t code;       ///< U+FFFD when the bytes are no UTF-8.
  std::size_t length;  ///< Bytes taken: 1 for a byte that is no UTF-8, 0 at the end of the text.
  bool valid;
};

/// The character that `text` starts with. Overlong forms, surrogates and codes above U+10FFFF are no UTF-8.
[[nodiscard]] Rune first_rune(std::string_view text) noexcept;

/// Appends a character; a surrogate or a code above U+10FFFF as U+FFFD.
void append_rune(std::string& out, char32_t code);

}  // namespace ecs::base
