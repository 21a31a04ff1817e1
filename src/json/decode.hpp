// JSON text to C++ types.
//
// Types are strict: a number is no string, 1.0 is no integer, -1 does not fit an unsigned. A missing member and a null
// leave the default. Unknown members are ignored unless Options refuse them. A name matches exactly or, failing that,
// with ASCII case ignored (encoding/json's rule); of two names that match one member the later counts.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "json/error.hpp"
#include "json/mapping.hpp"

namespace ecs::json {

struct Options {
  bool fold_case = true;
  bool reject_unknown = false;
};

namespace detail {
void decode_text(std::string_view text, const Type& type, void* out, const Options& options);
void decode_value(const boost::json::value& value, const Type& type, void* out, const Options& options,
                  std::string path);
}  // namespace detail

/// Reads one JSON document. Throws Error.
template <class T>
[[nodiscard]] T decode(std::string_view text, Options options = {}) {
  T out{};
  detail::decode_text(text, detail::type_of<T>(), &out, options);
  return out;
}

/// The same over what `out` already holds: members that are absent keep their value. On Error `out` is half changed.
template <class T>
void decode_into(std::string_view text, T& out, Options options = {}) {
  detail::decode_text(text, detail::type_of<T>(), &out, options);
}

/// Maps a parsed value; `path` is put before the path of an Error.
template <class T>
[[nodiscard]] T from_value(const boost::json::value& value, Options options = {}, std::string path = {}) {
  T out{};
  detail::decode_value(value, detail::type_of<T>(), &out, options, std::move(path));
  return out;
}

}  // namespace ecs::json
