// The request target of a call, spelt as the original's library spells it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "docker/api_version.hpp"

namespace ecs::docker {

/// Written in order of name, form-encoded.
using Query = std::map<std::string, std::string>;

/// `/v1.21/containers/json?all=1`. `path` begins with a slash; what a path cannot hold is percent-encoded, `/`, `:` and
/// `@` stay.
[[nodiscard]] std::string make_target(std::optional<ApiVersion> version, std::string_view path, const Query& query);

/// Value of a `filters` parameter: lists up to API version 1.21, maps from 1.22 on.
[[nodiscard]] std::string make_filters(const std::map<std::string, std::vector<std::string>>& filters,
                                       ApiVersion version);

}  // namespace ecs::docker
