// What a request asks for, as Go's net/http reads it: clients see its rules in redirects and in what does not match.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http.hpp"

namespace ecs::metadata {

struct Target {
  std::string path;   ///< As sent, still percent-encoded; at least `/`.
  std::string query;  ///< Without the question mark.
  /// The segments of the path, decoded: `/v1/tasks` is `v1`, `tasks`. A path that ends with a slash has an empty last
  /// one.
  std::vector<std::string> segments;

  [[nodiscard]] bool is(std::string_view plain_path) const;
};

/// Nothing when the text is no path (or address with a path), or has a bad percent escape before the query.
[[nodiscard]] std::optional<Target> parse_target(std::string_view text);

/// The path without repeated slashes, `.` and `..`; a slash at its end is kept.
[[nodiscard]] std::string clean_path(std::string_view path);

/// The first value of a query parameter; nothing when it is not there. Pairs that cannot be read do not count: those
/// with a semicolon or a bad percent escape.
[[nodiscard]] std::optional<std::string> query_value(std::string_view query, std::string_view name);

/// 301 to `location`, with the short page that Go writes for GET.
[[nodiscard]] net::Response moved_permanently(std::string_view method, const std::string& location);

}  // namespace ecs::metadata
