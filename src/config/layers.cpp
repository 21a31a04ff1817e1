#include "config/layers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>

#include "base/text.hpp"
#include "base/time_text.hpp"
#include "config/settings.hpp"
#include "json/json.hpp"

namespace ecs::config {

namespace {

constexpr std::string_view kDeprecatedCluster = "ClusterArn";

template <class T>
bool is_zero(const T& value) {
  if constexpr (std::is_same_v<T, Flag>) {
    return !value.is_explicit();
  } else if constexpr (requires { value.empty(); }) {
    return value.empty();
  } else {
    return value == T{};
  }
}

const Setting* find_setting(std::string_view key) {
  const Setting* folded = nullptr;
  for (const Setting& setting : settings()) {
    if (setting.key.empty()) continue;
    if (setting.key == key) return &setting;
    if (folded == nullptr && base::equal_ignoring_case(setting.key, key)) folded = &setting;
  }
  return folded;
}

/// Puts a number back into its bounds, or says that it cannot.
template <class T>
void check_number(const Setting& setting, Config& config, T Config::* member, Problems& problems) {
  const Bounds& bounds = setting.of_result;
  std::int64_t value = 0;
  const auto show = [](std::int64_t number) {
    if constexpr (std::is_same_v<T, Duration>) {
      return base::go_duration(Duration(number));
    } else {
      return std::to_string(number);
    }
  };
  if constexpr (std::is_same_v<T, Duration>) {
    value = (config.*member).count();
  } else {
    value = config.*member;
  }
  if (value >= bounds.min && value <= bounds.max) return;
  const auto nearest = value < bounds.min ? bounds.min : bounds.max;
  // What the environment says has passed bounds of its own: a fatal value comes from the file or user data.
  const bool by_key = bounds.action == Bounds::Action::kFatal && !setting.key.empty();
  const auto rule = fmt::format("{}: {} is not allowed, it must be {} {}", by_key ? setting.key : setting.name(),
                                show(value), value < bounds.min ? "at least" : "at most", show(nearest));
  if (bounds.action == Bounds::Action::kFatal) {
    problems.fatal.push_back(rule);
  } else {
    problems.warnings.push_back(rule + "; the default is used");
    config.*member = Config{}.*member;
  }
}

}  // namespace

Config zero_config() {
  Config config;
  for (const Setting& setting : settings()) {
    const auto clear = [&]<class T>(T Config::* member) {
      if constexpr (std::is_same_v<T, Flag>) {
        (config.*member).clear();
      } else {
        config.*member = T{};
      }
    };
    if (setting.stage == Stage::kMerged) std::visit(clear, setting.target);
  }
  return config;
}

bool read_layer(const boost::json::value& value, Config& layer, bool cluster_arn_counts) {
  if (value.is_null()) return false;
  if (!value.is_object()) throw json::Error({}, "expected an object of settings");
  std::string cluster_arn;
  for (const auto& [key, member] : value.get_object()) {
    if (const Setting* setting = find_setting(std::string_view(key))) {
      read_json(*setting, member, layer);
    } else if (base::equal_ignoring_case(std::string_view(key), kDeprecatedCluster) && !member.is_null()) {
      if (!member.is_string()) throw json::Error(std::string(kDeprecatedCluster), "expected string");
      cluster_arn = std::string(member.get_string());
    }
  }
  if (cluster_arn_counts && layer.cluster.empty()) layer.cluster = cluster_arn;
  return !cluster_arn.empty();
}

void merge(Config& upper, const Config& lower) {
  for (const Setting& setting : settings()) {
    const auto fill = [&](auto member) {
      if (is_zero(upper.*member)) upper.*member = lower.*member;
    };
    if (setting.stage == Stage::kMerged) std::visit(fill, setting.target);
  }
}

void trim_texts(Config& config) {
  for (const Setting& setting : settings()) {
    const auto* member = std::get_if<std::string Config::*>(&setting.target);
    if (setting.trimmed && member != nullptr) config.** member = std::string(base::trim(config.**member));
  }
}

void check_bounds(Config& config, Problems& problems) {
  for (const Setting& setting : settings()) {
    if (setting.of_result.action == Bounds::Action::kNone) continue;
    if (const auto* duration = std::get_if<Duration Config::*>(&setting.target)) {
      check_number(setting, config, *duration, problems);
    } else if (const auto* number = std::get_if<std::int64_t Config::*>(&setting.target)) {
      check_number(setting, config, *number, problems);
    }
  }
}

void check_together(Config& config, Problems& problems) {
  std::vector<std::string> unknown;
  for (const auto& driver : config.logging_drivers) {
    if (!is_logging_driver(driver)) unknown.push_back(driver);
  }
  if (!unknown.empty()) {
    problems.fatal.push_back(
        fmt::format("ECS_AVAILABLE_LOGGING_DRIVERS: unknown logging drivers: {}", base::join(unknown, ", ")));
  }
  if (config.metadata_steady_rate <= 0 || config.metadata_burst_rate <= 0) {
    problems.warnings.emplace_back("ECS_TASK_METADATA_RPS_LIMIT: both rates must be at least 1; 40,60 is used");
    config.metadata_steady_rate = Config{}.metadata_steady_rate;
    config.metadata_burst_rate = Config{}.metadata_burst_rate;
  }
  const auto wait =
      std::clamp<Duration>(config.polling_metrics_wait, std::chrono::seconds(5), std::chrono::seconds(20));
  if (config.poll_metrics.on() && wait != config.polling_metrics_wait) {
    problems.warnings.push_back(
        fmt::format("ECS_POLLING_METRICS_WAIT_DURATION: {} is not allowed, it must be from 5s to 20s; {} is used",
                    base::go_duration(config.polling_metrics_wait), base::go_duration(wait)));
    config.polling_metrics_wait = wait;
  }
}

}  // namespace ecs::config
