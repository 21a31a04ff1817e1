// Small text helpers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ecs::base {

[[nodiscard]] std::string_view trim(std::string_view text);
[[nodiscard]] std::string lower(std::string_view text);
[[nodiscard]] bool equal_ignoring_case(std::string_view a, std::string_view b);
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
[[nodiscard]] std::string join(const std::vector<std::string>& parts, std::string_view separator);
[[nodiscard]] std::string hex_encode(std::string_view bytes);
[[nodiscard]] std::string base64_encode(std::string_view bytes);
/// URL-safe alphabet, padded: the form of X-Registry-Auth.
[[nodiscard]] std::string base64url_encode(std::string_view bytes);
[[nodiscard]] std::string sha256_hex(std::string_view bytes);

/// Percent-encoding. kPath keeps `/`; kForm turns a space into `+` (Go's query encoder); unreserved characters of
/// RFC 3986 are always kept.
enum class PercentStyle { kStrict, kPath, kForm };
[[nodiscard]] std::string percent_encode(std::string_view text, PercentStyle style = PercentStyle::kStrict);
[[nodiscard]] std::string percent_decode(std::string_view text, PercentStyle style = PercentStyle::kStrict);

/// Go's %q: double quotes with Go's escapes.
[[nodiscard]] std::string go_quote(std::string_view text);

/// The last part of an ARN: what follows the last `/`.
[[nodiscard]] std::string_view last_arn_part(std::string_view arn);

}  // namespace ecs::base
