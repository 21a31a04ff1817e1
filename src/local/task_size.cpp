// Task-level cpu and memory are texts, in CPU units or vCPUs, in MiB or GB.
#include <fmt/format.h>

#include <charconv>
#include <cmath>
#include <optional>

#include "base/text.hpp"
#include "local/error.hpp"
#include "local/payload.hpp"

namespace ecs::local {
namespace {

constexpr double kUnitsPerCpu = 1024;
constexpr double kMibPerGb = 1024;

std::optional<double> parse_number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

/// `text` is a whole number, or a number followed by `unit` that counts `factor` each.
std::optional<double> parse_size(std::string_view text, std::string_view unit, double factor) {
  const std::string lowered = base::lower(base::trim(text));
  std::string_view rest = lowered;
  double scale = 1;
  if (rest.ends_with(unit)) {
    rest = base::trim(rest.substr(0, rest.size() - unit.size()));
    scale = factor;
  }
  const auto number = parse_number(rest);
  if (!number) return std::nullopt;
  const double value = *number * scale;
  return value == std::floor(value) ? std::optional(value) : std::nullopt;
}

}  // namespace

std::size_t gpu_count(const ContainerDefinition& container) {
  for (const auto& one : container.resource_requirements) {
    const std::string text = one.value.value_or("");
    std::size_t count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (one.type == "GPU" && error == std::errc() && end == text.data() + text.size() && count < 100) return count;
  }
  return 0;
}

std::int32_t parse_cpu(const std::string& text, const std::string& member) {
  const auto value = parse_size(text, "vcpu", kUnitsPerCpu);
  if (!value || *value < 128 || *value > 196608) {
    throw client_error(
        fmt::format("{}: must be CPU units from 128 to 196608 ('256') or vCPUs ('0.25 vCPU'), got '{}'", member, text));
  }
  return static_cast<std::int32_t>(*value);
}

std::int32_t parse_memory(const std::string& text, const std::string& member) {
  const auto value = parse_size(text, "gb", kMibPerGb);
  if (!value || *value < 6 || *value > 33554432) {
    throw client_error(
        fmt::format("{}: must be MiB from 6 up ('512') or gigabytes ('0.5 GB'), got '{}'", member, text));
  }
  return static_cast<std::int32_t>(*value);
}

}  // namespace ecs::local
