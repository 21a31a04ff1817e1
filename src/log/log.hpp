// Log lines: logfmt or JSON, to stdout ("driver") and to a file ("instance"), each with its own level. One logger per
// process, usable from any thread, before configure() as well: it then writes info and above to stdout.
//
//   log::info("Task changed", {{"task", id}, {"knownStatus", log::bare("RUNNING")}, {"retries", 2}});
//   log::warn("Could not read the file");          // without fields the line names the source file instead
#pragma once

#include <chrono>
#include <concepts>
#include <cstdint>
#include <exception>
#include <initializer_list>
#include <source_location>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/secret.hpp"

namespace ecs::log {

enum class Level { kDebug, kInfo, kWarn, kError, kCritical, kOff };

/// `debug`, `info`, `warn`, `error`, `critical`; `off`.
[[nodiscard]] std::string_view to_string(Level level) noexcept;

/// A word of the program itself (a status, a kind): written without quotes.
struct Bare {
  std::string text;
};
[[nodiscard]] inline Bare bare(std::string_view text) { return {std::string(text)}; }

/// The value of a field. logfmt: strings and errors quoted as Go does, the rest bare (`2`, `true`, `1m0s`, `[a b]`).
/// JSON: strings, numbers, booleans and arrays; a duration in nanoseconds.
class Value {
 public:
  using Data = std::variant<std::string, Bare, std::int64_t, std::uint64_t, double, bool, std::chrono::nanoseconds,
                            std::vector<std::string>>;

  Value(std::string text) : data_(std::move(text)) {}
  Value(std::string_view text) : data_(std::string(text)) {}
  Value(const char* text) : data_(std::string(text)) {}
  Value(Bare word) : data_(std::move(word)) {}
  Value(bool yes) : data_(yes) {}
  Value(double number) : data_(number) {}
  template <std::signed_integral T>
  Value(T number) : data_(std::int64_t{number}) {}
  template <std::unsigned_integral T>
    requires(!std::same_as<T, bool>)
  Value(T number) : data_(std::uint64_t{number}) {}
  template <class Rep, class Period>
  Value(std::chrono::duration<Rep, Period> time) : data_(std::chrono::duration_cast<std::chrono::nanoseconds>(time)) {}
  Value(std::vector<std::string> list) : data_(std::move(list)) {}
  Value(const base::Secret&) : data_(std::string("[redacted]")) {}
  Value(const std::exception& error) : data_(std::string(error.what())) {}
  Value(const std::exception_ptr& error);

  [[nodiscard]] const Data& data() const noexcept { return data_; }

 private:
  Data data_;
};

struct Field {
  std::string_view key;
  Value value;
};

using Fields = std::initializer_list<Field>;
using Where = std::source_location;

/// Writes one line, if a sink's level lets it through. Never throws.
void write(Level level, std::string_view message, std::span<const Field> fields, const Where& where) noexcept;

/// Whether a line of this level would be written at all: for lines that cost something to put together.
[[nodiscard]] bool enabled(Level level) noexcept;

inline void debug(std::string_view message, Fields fields = {}, const Where& where = Where::current()) noexcept {
  write(Level::kDebug, message, {fields.begin(), fields.size()}, where);
}
inline void info(std::string_view message, Fields fields = {}, const Where& where = Where::current()) noexcept {
  write(Level::kInfo, message, {fields.begin(), fields.size()}, where);
}
inline void warn(std::string_view message, Fields fields = {}, const Where& where = Where::current()) noexcept {
  write(Level::kWarn, message, {fields.begin(), fields.size()}, where);
}
inline void error(std::string_view message, Fields fields = {}, const Where& where = Where::current()) noexcept {
  write(Level::kError, message, {fields.begin(), fields.size()}, where);
}
inline void critical(std::string_view message, Fields fields = {}, const Where& where = Where::current()) noexcept {
  write(Level::kCritical, message, {fields.begin(), fields.size()}, where);
}

}  // namespace ecs::log
