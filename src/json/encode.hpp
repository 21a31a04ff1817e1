// C++ types to JSON text, byte for byte as Go's encoding/json formats numbers and strings.
#pragma once

#include <string>
#include <string_view>

#include "json/error.hpp"
#include "json/mapping.hpp"

namespace ecs::json {

struct EncodeOptions {
  bool escape_html =
      false;         ///< < > & as \u003c \u003e \u0026: what encoding/json does by default. AWS SDK bodies do not.
  bool sort = true;  ///< Names in byte order; otherwise in order of declaration (raw values: as they were read).
  int indent = 0;    ///< Spaces per level; 0 is one line without spaces.
};

namespace detail {
[[nodiscard]] std::string encode(const Type& type, const void* value, const EncodeOptions& options);
}

/// Absent optionals are left out (inside a list they are null). Secrets are written in clear. Throws Error for NaN and
/// infinities, which JSON cannot hold.
template <class T>
[[nodiscard]] std::string encode(const T& value, EncodeOptions options = {}) {
  return detail::encode(detail::type_of<T>(), &value, options);
}

/// Appends `text` as a JSON string. Invalid UTF-8 becomes \ufffd.
void append_string(std::string& out, std::string_view text, bool escape_html = false);

/// The shortest form that reads back as the same number: 0.25, 1e+21, 1e-7.
[[nodiscard]] std::string number(double value);

}  // namespace ecs::json
