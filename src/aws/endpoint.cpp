#include "aws/endpoint.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/text.hpp"

namespace ecs::aws {

namespace {

struct Partition {
  std::string_view region_prefix;
  std::string_view suffix;
  std::string_view dual_stack_suffix;
};

constexpr std::array<Partition, 8> kPartitions = {{
    {"cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"},
    {"us-gov-", "amazonaws.com", "api.aws"},
    {"us-iso-", "c2s.ic.gov", "api.aws.ic.gov"},
    {"us-isob-", "sc2s.sgov.gov", "api.aws.scloud"},
    {"us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"},
    {"eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"},
    {"eusc-", "amazonaws.eu", "api.amazonwebservices.eu"},
    {"", "amazonaws.com", "api.aws"},
}};

std::string find(const std::map<std::string, std::string>& environment, const std::string& name) {
  const auto found = environment.find(name);
  return found == environment.end() ? std::string() : found->second;
}

std::string upper(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return c == '-' ? '_' : static_cast<char>(std::toupper(c)); });
  return out;
}

}  // namespace

std::string resolve_endpoint(std::string_view configured, std::string_view service, std::string_view region,
                             const std::map<std::string, std::string>& environment, bool dual_stack) {
  if (!configured.empty()) {
    const bool has_scheme = configured.starts_with("http://") || configured.starts_with("https://");
    return (has_scheme ? "" : "https://") + std::string(configured);
  }
  const auto is_on = [&](const char* name) { return base::equal_ignoring_case(find(environment, name), "true"); };
  if (!is_on("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS")) {
    for (const auto& name : {"AWS_ENDPOINT_URL_" + upper(service), std::string("AWS_ENDPOINT_URL")}) {
      if (auto url = find(environment, name); !url.empty()) return url;
    }
  }
  const auto partition =
      std::ranges::find_if(kPartitions, [&](const Partition& one) { return region.starts_with(one.region_prefix); });
  const bool dual = dual_stack || is_on("AWS_USE_DUALSTACK_ENDPOINT");
  return fmt::format("https://{}{}.{}.{}", service, is_on("AWS_USE_FIPS_ENDPOINT") ? "-fips" : "", region,
                     dual ? partition->dual_stack_suffix : partition->suffix);
}

}  // namespace ecs::aws
