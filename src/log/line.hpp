// The grammar of a log line.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "log/log.hpp"
#include "log/settings.hpp"

namespace ecs::log {

struct Event {
  Level level;
  base::WallTime time;
  std::string_view message;
  std::span<const Field> fields;
  std::string_view source_file;  ///< Only its last part is written, and only when there are no fields.
};

/// One line with its end of line. Whatever the texts hold, it stays one line, and in JSON a valid object.
/// kMessageOnly has no end of line.
///
/// logfmt: level= time= msg= and then the fields as given, or module=. JSON: the same with the fields by name; of two
/// with one name the last counts.
[[nodiscard]] std::string format_line(Format format, const Event& event);

/// The logfmt line without its time and its end.
[[nodiscard]] std::string format_untimed(const Event& event);

}  // namespace ecs::log
