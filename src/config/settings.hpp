// The one table of all settings. Loader, documentation and tests walk it.
#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.hpp"

namespace ecs::config {

using Target =
    std::variant<std::string Config::*, base::Secret Config::*, bool Config::*, Flag Config::*, Duration Config::*,
                 std::int64_t Config::*, std::uint16_t Config::*, std::vector<std::uint16_t> Config::*,
                 std::vector<std::string> Config::*, std::map<std::string, std::string> Config::*,
                 PullBehavior Config::*, PropagateTags Config::*, IpCompatibility Config::*, PortRange Config::*>;

/// The grammar, where the type of the member does not say it all.
enum class Form : std::uint8_t {
  kPlain,
  kTrimmedNumber,  ///< A number with spaces around it.
  kCommaList,      ///< `a,b`, items as they are.
  kCidr,           ///< A text, or a list of texts, of the form 10.0.0.0/8.
  kSteadyRate,     ///< The first part of `steady,burst`.
  kBurstRate,      ///< The second.
};

/// When the environment's value is taken.
enum class Stage : std::uint8_t {
  kMerged,      ///< As the strongest layer; a zero value counts as unset.
  kAfterMerge,  ///< After all layers, and only from the environment; set but empty is a value.
};

/// What happens to a number outside [min, max].
struct Bounds {
  enum class Action : std::uint8_t {
    kNone,
    kClamp,   ///< A warning; the nearest allowed value.
    kReset,   ///< A warning; the built-in default.
    kIgnore,  ///< A warning; as if unset.
    kFatal,
  };
  Action action = Action::kNone;
  std::int64_t min = std::numeric_limits<std::int64_t>::min();
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
};

struct Setting {
  std::string_view env;  ///< Empty: not from the environment.
  std::string_view key;  ///< In file and user data, in any case; empty: not from there.
  Target target;
  Form form = Form::kPlain;
  Stage stage = Stage::kMerged;
  bool trimmed = false;     ///< White space is taken off after the merge.
  bool must_parse = false;  ///< A value of the wrong form is fatal instead of a warning.
  Bounds of_environment{};  ///< Durations in nanoseconds. Zero is always allowed: it means unset.
  Bounds of_result{};       ///< Checked after the merge.

  /// The variable's name, or the key's when there is none: for messages.
  [[nodiscard]] std::string_view name() const { return env.empty() ? key : env; }
};

[[nodiscard]] std::span<const Setting> settings();

/// The logging drivers that may be listed.
[[nodiscard]] bool is_logging_driver(std::string_view driver);

}  // namespace ecs::config
