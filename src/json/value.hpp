// Parsed documents whose shape is not known beforehand. Heavier than decode.hpp: include it only for that.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <boost/json/value.hpp>

#include "json/encode.hpp"
#include "json/error.hpp"

namespace ecs::json {

/// Exactly one document, at most 200 levels deep. Of equal names the last counts. As in encoding/json, invalid UTF-8
/// and lone surrogates read as U+FFFD. Throws Error with the offset.
[[nodiscard]] boost::json::value parse(std::string_view text);

/// The first document of the text; what follows it is ignored. Throws Error.
[[nodiscard]] boost::json::value parse_first(std::string_view text);

[[nodiscard]] std::string write(const boost::json::value& value, EncodeOptions options = {});

/// A mapped value as a document, to be changed or embedded.
template <class T>
[[nodiscard]] boost::json::value to_value(const T& value) {
  return parse(encode(value, {.sort = false}));
}

}  // namespace ecs::json
