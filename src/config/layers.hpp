// Layers of settings: reading one from JSON, merging, checking the result.
#pragma once

#include <boost/json/value.hpp>

#include "config/config.hpp"
#include "config/read_value.hpp"

namespace ecs::config {

/// A layer in which nothing is set.
[[nodiscard]] Config zero_config();

/// Reads the keys of file or user data. Unknown keys are ignored; names match in any case, an exact match is
/// preferred. Throws json::Error naming the key. The result says whether the deprecated key ClusterArn was there,
/// which stands in for Cluster if `cluster_arn_counts`.
bool read_layer(const boost::json::value& value, Config& layer, bool cluster_arn_counts);

/// Fills what is zero in `upper` from `lower`. Zero is: an empty text, list or map, 0, false, an unset switch.
void merge(Config& upper, const Config& lower);

/// Takes white space off the settings that are marked so.
void trim_texts(Config& config);

/// The bounds of the table.
void check_bounds(Config& config, Problems& problems);

/// The rules that concern more than a number: logging drivers, rates, polling.
void check_together(Config& config, Problems& problems);

}  // namespace ecs::config
