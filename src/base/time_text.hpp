// Times and durations as the wires write them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace ecs::base {

/// `2026-11-22T08:00:33Z`, UTC, whole seconds.
[[nodiscard]] std::string rfc3339(WallTime time);
/// `2026-11-22T08:00:33.123456789Z`, trailing zeros of the fraction dropped, as Go's RFC3339Nano.
[[nodiscard]] std::string rfc3339_nano(WallTime time);
/// Reads RFC 3339 with any fraction and offset; nothing when the text is not of that form, or before 1678 or after 2261
/// (so Go's zero time, `0001-01-01T00:00:00Z`, is nothing).
[[nodiscard]] std::optional<WallTime> parse_rfc3339(std::string_view text);
/// `20261122T080033Z`, for Signature Version 4.
[[nodiscard]] std::string amz_date(WallTime time);
/// Seconds since 1970 with millisecond precision, as AWS JSON 1.1 writes timestamps.
[[nodiscard]] double epoch_seconds(WallTime time);
/// The nearest microsecond; far-off values (about 290 years) are cut.
[[nodiscard]] WallTime from_epoch_seconds(double seconds);

/// Go's form: `4m0s`, `1h0m0s`, `1.5s`, `250ms`, `0s`.
[[nodiscard]] std::string go_duration(Duration duration);
/// Go's grammar: one or more `<decimal><unit>`, units ns us µs ms s m h, an optional sign, or a bare `0`.
[[nodiscard]] std::optional<Duration> parse_go_duration(std::string_view text);

}  // namespace ecs::base
