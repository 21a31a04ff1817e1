// Texts and JSON values into settings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/json/value.hpp>

#include "config/config.hpp"
#include "config/settings.hpp"

namespace ecs::config {

struct Problems {
  std::vector<std::string> warnings;
  std::vector<std::string> fatal;
};

/// The value of an environment variable into its place in `layer`. What has not the right form leaves the place as it
/// was and becomes a problem that names the variable and the rule.
void read_text(const Setting& setting, const std::string& text, Config& layer, Problems& problems);

/// The value of a key of file or user data. Throws json::Error naming the key and the rule.
void read_json(const Setting& setting, const boost::json::value& value, Config& layer);

/// Exactly `1 t T TRUE true True`, `0 f F FALSE false False`.
[[nodiscard]] std::optional<bool> parse_bool(std::string_view text);
/// Decimal digits with an optional sign, within 64 bits.
[[nodiscard]] std::optional<std::int64_t> parse_integer(std::string_view text);
/// Decimal digits, 0 to 65535.
[[nodiscard]] std::optional<std::uint16_t> parse_u16(std::string_view text);
/// `N` or `N-M`, not reversed.
[[nodiscard]] std::optional<PortRange> parse_port_range(std::string_view text);
/// `10.0.0.0/8`, `fd00::/8`.
[[nodiscard]] bool is_cidr(std::string_view text);

}  // namespace ecs::config
