// The settings of the logger: where lines go, in which form, and how files are rotated.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "log/log.hpp"

namespace ecs::log {

enum class Format { kLogfmt, kJson, kMessageOnly };
enum class Rollover { kSize, kHourly, kNone };

/// `debug info warn error crit none` in any case; nothing for any other word.
[[nodiscard]] std::optional<Level> parse_level(std::string_view word);

struct Settings {
  Level driver_level = Level::kInfo;
  Level instance_level = Level::kInfo;
  std::string file;  ///< Empty: no file.
  Format format = Format::kLogfmt;
  Rollover rollover = Rollover::kSize;
  std::uint64_t max_file_size = 5'000'000;  ///< Bytes.
  int max_roll_count = 24;                  ///< Rolled files that stay; 0 or less: all.
  std::vector<std::string> problems;        ///< What was not understood; configure() writes each as an error line.

  using GetEnv = std::function<const char*(const char* name)>;

  /// ECS_LOGLEVEL, ECS_LOGLEVEL_ON_INSTANCE, ECS_LOGFILE, ECS_LOG_DRIVER, ECS_LOG_ROLLOVER_TYPE,
  /// ECS_LOG_OUTPUT_FORMAT, ECS_LOG_MAX_FILE_SIZE_MB and ECS_LOG_MAX_ROLL_COUNT. A value that is not understood gives
  /// the default and a problem.
  [[nodiscard]] static Settings from_environment(const GetEnv& get);

  /// -loglevel (wins over everything), -loglevel-driver and -loglevel-on-instance; empty means not given.
  void apply_flags(std::string_view both, std::string_view driver, std::string_view instance);
};

/// Puts the settings in force. The file is opened with the first line; if that fails, lines still go to stdout.
void configure(Settings settings);

/// The settings in force.
[[nodiscard]] Settings settings();

/// Changes the levels of a running logger.
void set_level(Level driver, Level instance);

}  // namespace ecs::log
