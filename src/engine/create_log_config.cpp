#include "engine/create_log_config.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <string_view>
#include <utility>

#include "aws/endpoint.hpp"
#include "json/value.hpp"

namespace ecs::engine {

namespace {

namespace bj = boost::json;

// Engines in the field do not know the endpoints of these.
constexpr auto kUnknownToEngines =
    std::to_array<std::string_view>({"us-isob-east-1", "us-iso-east-1", "us-iso-west-1", "eu-isoe-west-1",
                                     "us-isof-south-1", "us-isof-east-1", "us-isob-west-1", "eusc-de-east-1"});
constexpr std::string_view kEndpoint = "awslogs-endpoint";
constexpr std::pair<int, int> kEndpointSince{18, 9};

std::string_view text_of(const bj::object& object, std::string_view name) {
  const auto* value = object.if_contains(name);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : std::string_view();
}

/// The first two numbers of `20.10.24+dfsg1`; zeros when there are none.
std::pair<int, int> year_and_month(std::string_view version) {
  std::pair<int, int> both{0, 0};
  const char* const end = version.data() + version.size();
  const auto [point, error] = std::from_chars(version.data(), end, both.first);
  if (error == std::errc() && point != end && *point == '.') std::from_chars(point + 1, end, both.second);
  return both;
}

void add_dual_stack_endpoint(const CreateInput& input, bj::object& options) {
  const std::string_view region = text_of(options, "awslogs-region");
  if (region.empty() || !text_of(options, kEndpoint).empty()) return;
  if (year_and_month(input.server_version) < kEndpointSince) return;
  options[kEndpoint] = aws::resolve_endpoint("", "logs", region, {}, true);
}

}  // namespace

void complete_log_config(const CreateInput& input, bj::object& host) {
  bj::object& log = host["LogConfig"].get_object();
  bj::object options;
  if (const auto* given = log["Config"].if_object()) options = *given;
  if (text_of(log, "Type") == "awslogs") {
    if (input.settings.ipv6_only) {
      add_dual_stack_endpoint(input, options);
    } else if (std::ranges::find(kUnknownToEngines, input.settings.region) != kUnknownToEngines.end()) {
      options[kEndpoint] = aws::resolve_endpoint("", "logs", input.settings.region, {});
    }
  }
  // The engine loses lines without a word when a non-blocking log has no buffer of a given size.
  if (text_of(options, "mode") == "non-blocking" && !options.contains("max-buffer-size")) {
    options["max-buffer-size"] = "10m";
  }
  if (!options.empty()) log["Config"] = std::move(options);
}

}  // namespace ecs::engine
