#include "log/settings.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "base/text.hpp"

namespace ecs::log {

namespace {

constexpr double kBytesPerMegabyte = 1'000'000;

/// The whole text as a number; nothing if it is none or out of range.
template <class T>
std::optional<T> number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  const auto* end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (result.ec != std::errc{} || result.ptr != end || text.empty()) return std::nullopt;
  return value;
}

std::string not_understood(std::string_view name, std::string_view value, std::string_view rule) {
  return fmt::format("{}: {} is {}", name, base::go_quote(value), rule);
}

constexpr std::string_view kLevelRule = "none of the levels debug, info, warn, error, crit and none; ignored";

/// The level that ECS_LOGLEVEL gives the file. The library words `critical` and `off` reach it as they are; the
/// driver's level knows only the documented ones.
std::optional<Level> inherited_level(std::string_view word) {
  if (word == "critical") return Level::kCritical;
  if (word == "off") return Level::kOff;
  return parse_level(word);
}

void read_levels(Settings& out, std::string_view level, std::string_view on_instance, bool has_driver) {
  if (!level.empty()) {
    if (const auto parsed = parse_level(level)) {
      out.driver_level = *parsed;
    } else {
      out.problems.push_back(not_understood("ECS_LOGLEVEL", level, kLevelRule));
    }
  }
  out.instance_level = has_driver ? Level::kOff : inherited_level(level).value_or(Level::kInfo);
  if (on_instance.empty()) return;
  if (const auto parsed = parse_level(on_instance)) {
    out.instance_level = *parsed;
  } else {
    out.problems.push_back(not_understood("ECS_LOGLEVEL_ON_INSTANCE", on_instance, kLevelRule));
  }
}

void read_format(Settings& out, std::string_view word) {
  if (word == "json") {
    out.format = Format::kJson;
  } else if (word == "windows") {
    out.format = Format::kMessageOnly;
  } else if (!word.empty() && word != "logfmt") {
    out.problems.push_back(not_understood("ECS_LOG_OUTPUT_FORMAT", word, "neither logfmt nor json; logfmt is used"));
  }
}

void read_rotation(Settings& out, std::string_view type, std::string_view size, std::string_view count) {
  if (type == "none") {
    out.rollover = Rollover::kNone;
  } else if (!type.empty() && type != "size") {
    out.rollover = Rollover::kHourly;
  }
  if (!size.empty()) {
    const auto megabytes = number<double>(size);
    const double bytes = megabytes.value_or(0) * kBytesPerMegabyte;
    if (bytes >= 1 && bytes < 1e18) {
      out.max_file_size = static_cast<std::uint64_t>(bytes);
    } else {
      out.problems.push_back(not_understood("ECS_LOG_MAX_FILE_SIZE_MB", size, "no size in megabytes; 5 is used"));
    }
  }
  if (!count.empty()) {
    if (const auto parsed = number<int>(count)) {
      out.max_roll_count = *parsed;
    } else {
      out.problems.push_back(not_understood("ECS_LOG_MAX_ROLL_COUNT", count, "no whole number; 24 is used"));
    }
  }
}

}  // namespace

std::optional<Level> parse_level(std::string_view word) {
  const std::string lower = base::lower(word);
  if (lower == "debug") return Level::kDebug;
  if (lower == "info") return Level::kInfo;
  if (lower == "warn") return Level::kWarn;
  if (lower == "error") return Level::kError;
  if (lower == "crit") return Level::kCritical;
  if (lower == "none") return Level::kOff;
  return std::nullopt;
}

Settings Settings::from_environment(const GetEnv& get) {
  const auto text = [&get](const char* name) -> std::string {
    const char* value = get(name);
    return value != nullptr ? value : "";
  };
  Settings out;
  out.file = text("ECS_LOGFILE");
  read_levels(out, text("ECS_LOGLEVEL"), text("ECS_LOGLEVEL_ON_INSTANCE"), !text("ECS_LOG_DRIVER").empty());
  read_format(out, text("ECS_LOG_OUTPUT_FORMAT"));
  read_rotation(out, text("ECS_LOG_ROLLOVER_TYPE"), text("ECS_LOG_MAX_FILE_SIZE_MB"), text("ECS_LOG_MAX_ROLL_COUNT"));
  return out;
}

void Settings::apply_flags(std::string_view both, std::string_view driver, std::string_view instance) {
  const auto apply = [this](std::string_view flag, std::string_view word) -> std::optional<Level> {
    if (word.empty()) return std::nullopt;
    const auto level = parse_level(word);
    if (!level) problems.push_back(not_understood(flag, word, kLevelRule));
    return level;
  };
  if (!both.empty()) {
    const auto level = apply("-loglevel", both);
    driver_level = level.value_or(driver_level);
    instance_level = level.value_or(instance_level);
    return;
  }
  driver_level = apply("-loglevel-driver", driver).value_or(driver_level);
  instance_level = apply("-loglevel-on-instance", instance).value_or(instance_level);
}

}  // namespace ecs::log
