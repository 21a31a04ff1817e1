// What Docker's Config and HostConfig are made of (Engine API 1.44, and the members that older versions had).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace ecs::engine::raw {

enum class Kind : std::uint8_t {
  kText,
  kNumber,
  kFlag,
  kTexts,   ///< A list of texts.
  kWords,   ///< A list of texts that may also be written as one text.
  kGroups,  ///< A list of lists of texts.
  kTextMap,
  kSet,       ///< A map whose values mean nothing: written as {}.
  kBindings,  ///< A map of lists of structs.
  kStruct,
  kStructs,  ///< A list of structs.
  kSize,     ///< Two numbers.
};

/// How the member looks when nobody sets it.
enum class Zero : std::uint8_t {
  kValue,      ///< Its zero: "", 0, false, a struct of zeros.
  kNull,       ///< null.
  kOmitted,    ///< Left out, as is a value that is empty or zero.
  kUnlessSet,  ///< Left out; any value that is given is written.
};

struct Member {
  std::string_view name;
  Kind kind;
  Zero zero = Zero::kValue;
  std::span<const Member> members{};  ///< Of a struct.
  std::int64_t most = INT64_MAX;      ///< Of a number.
  std::int64_t least = INT64_MIN;
};

[[nodiscard]] std::span<const Member> config();
[[nodiscard]] std::span<const Member> host_config();

}  // namespace ecs::engine::raw
