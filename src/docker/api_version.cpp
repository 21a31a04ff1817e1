#include "docker/api_version.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace ecs::docker {
namespace {

std::optional<int> number(std::string_view text) {
  int value = 0;
  if (text.empty() || text.front() == '-') return std::nullopt;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

}  // namespace

std::optional<ApiVersion> ApiVersion::parse(std::string_view text) {
  const auto point = text.find('.');
  if (point == std::string_view::npos) return std::nullopt;
  const auto first = number(text.substr(0, point));
  const auto second = number(text.substr(point + 1));
  if (!first || !second) return std::nullopt;
  return ApiVersion{*first, *second};
}

std::string ApiVersion::text() const { return fmt::format("{}.{}", major, minor); }

bool EngineVersions::supports(ApiVersion version) const { return std::ranges::binary_search(supported, version); }

std::optional<ApiVersion> EngineVersions::distribution() const {
  const auto version = std::max(kDistributionFloor, base);
  return supports(version) ? std::optional(version) : std::nullopt;
}

EngineVersions derive_versions(std::optional<ApiVersion> oldest, ApiVersion newest, std::string server) {
  EngineVersions result{.supported = {}, .base = kDefaultFloor, .server = std::move(server)};
  for (auto version = kOldestKnown; version <= std::min(newest, kNewestKnown); ++version.minor) {
    if (!oldest || version >= *oldest) result.supported.push_back(version);
  }
  if (!result.supported.empty()) result.base = std::max(kDefaultFloor, result.supported.front());
  return result;
}

}  // namespace ecs::docker
