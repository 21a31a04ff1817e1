#include "config/loader.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <exception>
#include <filesystem>
#include <system_error>

#include "base/file.hpp"
#include "base/text.hpp"
#include "config/layers.hpp"
#include "config/read_value.hpp"
#include "config/settings.hpp"
#include "json/json.hpp"
#include "log/log.hpp"

namespace ecs::config {

namespace {

constexpr std::string_view kDefaultFile = "/etc/ecs_container_agent/config.json";
constexpr std::string_view kUserDataMember = "ECSAgentConfiguration";
constexpr std::string_view kEphemeralPorts = "/proc/sys/net/ipv4/ip_local_port_range";

std::string numbered(const std::vector<std::string>& problems) {
  std::string text = "Multiple error:";
  for (std::size_t i = 0; i < problems.size(); ++i) text += fmt::format("\n\t{}: {}", i, problems[i]);
  return text;
}

}  // namespace

Error::Error(std::vector<std::string> problems)
    : std::runtime_error(numbered(problems)), problems_(std::move(problems)) {}

Environment process_environment() {
  Environment all;
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    const auto equals = text.find('=');
    if (equals != std::string_view::npos) all.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return all;
}

struct Loader::Impl {
  Impl(Environment e, const Host& h) : environment(std::move(e)), host(h) {}

  Environment environment;
  Host host;
  Config config = zero_config();
  Problems problems;
  std::size_t logged = 0;
  bool external_by_environment = false;

  [[nodiscard]] std::string_view env(std::string_view name) const {
    const auto found = environment.find(std::string(name));
    return found == environment.end() ? std::string_view() : std::string_view(found->second);
  }

  void warn(std::string text) { problems.warnings.push_back(std::move(text)); }

  /// Each warning goes to the log once, as soon as its layer has been read.
  void log_warnings() {
    for (; logged < problems.warnings.size(); ++logged) log::warn(problems.warnings[logged]);
  }

  void read_environment();
  void read_file();
  void merge_after(Config& result);
  void check(Config& result);
  Config defaults();
  PortRange ephemeral_ports();
};

void Loader::Impl::read_environment() {
  for (const Setting& setting : settings()) {
    if (setting.env.empty() || setting.stage != Stage::kMerged) continue;
    // Plain booleans take their default here, so that a default of true cannot be told from a value.
    const auto found = environment.find(std::string(setting.env));
    read_text(setting, found == environment.end() ? std::string() : found->second, config, problems);
  }
  if (!env("ECS_DATADIR").empty() && !config.checkpoint.is_explicit()) config.checkpoint.set(true);
  log_warnings();
}

void Loader::Impl::read_file() {
  std::string path(env("ECS_AGENT_CONFIG_FILE_PATH"));
  if (base::trim(path).empty()) path = kDefaultFile;
  try {
    const auto text = host.read_file(path);
    if (!text || base::trim(*text).empty()) return;
    Config layer = zero_config();
    const bool deprecated = read_layer(json::parse(*text), layer, true);
    if (deprecated) warn(fmt::format("{}: the key ClusterArn is deprecated, use Cluster", path));
    merge(config, layer);
  } catch (const json::Error& e) {
    problems.fatal.push_back(fmt::format("configuration file {}: {}", path, e.what()));
  } catch (const std::system_error& e) {
    problems.fatal.push_back(fmt::format("configuration file {}: {}", path, e.code().message()));
  }
  log_warnings();
}

PortRange Loader::Impl::ephemeral_ports() {
  try {
    if (auto text = host.read_file(std::string(kEphemeralPorts))) {
      std::ranges::replace(*text, '\t', ' ');
      const auto all = base::trim(*text);
      const auto first = parse_u16(all.substr(0, all.find(' ')));
      const auto last = parse_u16(all.substr(all.rfind(' ') + 1));
      if (first && last && *first <= *last) return {*first, *last};
    }
  } catch (const std::system_error&) {
    // Told below: it makes no difference why the file gave no range.
  }
  const PortRange fallback = Config{}.dynamic_host_ports;
  warn(fmt::format("{} gives no port range, {}-{} is used", kEphemeralPorts, fallback.first, fallback.last));
  return fallback;
}

Config Loader::Impl::defaults() {
  Config all;
  // Plain booleans have had theirs: see read_environment.
  for (const Setting& setting : settings()) {
    if (const auto* member = std::get_if<bool Config::*>(&setting.target)) all.** member = false;
  }
  if (config.dynamic_host_ports == PortRange{}) all.dynamic_host_ports = ephemeral_ports();
  if (!config.ip_compatibility.is_set()) {
    try {
      all.ip_compatibility = host.default_routes();
    } catch (const std::exception& e) {
      warn(fmt::format("the host's default routes cannot be read, IPv4 only is assumed: {}", e.what()));
      all.ip_compatibility = {.ipv4 = true, .ipv6 = false};
    }
  }
  return all;
}

void Loader::Impl::merge_after(Config& result) {
  for (const Setting& setting : settings()) {
    const auto found = environment.find(std::string(setting.env));
    if (setting.stage == Stage::kAfterMerge && found != environment.end()) {
      read_text(setting, found->second, result, problems);
    }
  }
  if (result.task_eni.on()) {
    result.eni_trunking.set_fallback(true);
  } else {
    result.eni_trunking.clear();
  }
  if (result.ip_compatibility.ipv6_only()) result.exclude_ipv6_port_bindings.set_fallback(false);
  if (result.prometheus_metrics) result.reserved_ports.push_back(51680);
}

void Loader::Impl::check(Config& result) {
  if (result.region.empty()) {
    problems.fatal.push_back("AWSRegion: missing; set AWS_DEFAULT_REGION or let instance metadata answer");
  }
  check_bounds(result, problems);
  check_together(result, problems);
}

Loader::Loader(Environment environment, const Host& host)
    : impl_(std::make_unique<Impl>(std::move(environment), host)) {
  impl_->read_environment();
  // The file may switch the later external behaviours on, but not these two.
  impl_->external_by_environment = impl_->config.external.on();
  if (impl_->external_by_environment && impl_->config.region.empty()) {
    throw Error({"AWS_DEFAULT_REGION: must be set in the environment when ECS_EXTERNAL is on"});
  }
  impl_->read_file();
}

Loader::~Loader() = default;

bool Loader::wants_instance_metadata() const { return !impl_->external_by_environment; }

void Loader::add_user_data(std::string_view text) {
  try {
    const auto whole = json::parse(text);
    if (!whole.is_object()) throw json::Error({}, "expected object");
    Config layer = zero_config();
    for (const auto& [key, value] : whole.get_object()) {
      if (!base::equal_ignoring_case(std::string_view(key), kUserDataMember) || value.is_null()) continue;
      if (read_layer(value, layer, false)) impl_->warn("user data: the key ClusterArn is deprecated, use Cluster");
    }
    merge(impl_->config, layer);
  } catch (const json::Error& e) {
    log::debug("User data is no agent configuration", {{"error", std::string_view(e.what())}});
  }
  impl_->log_warnings();
}

void Loader::user_data_failed(std::string_view why) {
  impl_->warn(fmt::format("user data cannot be read: {}", why));
  impl_->log_warnings();
}

RegionSource Loader::region_source() const {
  if (!impl_->config.region.empty()) return RegionSource::kKnown;
  return impl_->config.no_instance_identity ? RegionSource::kPlacement : RegionSource::kIdentityDocument;
}

void Loader::set_region(std::string region) { impl_->config.region = std::move(region); }

Config Loader::finish() {
  Config result = impl_->config;
  trim_texts(result);
  const Config defaults = impl_->defaults();
  merge(result, defaults);
  impl_->merge_after(result);
  impl_->check(result);
  impl_->log_warnings();
  if (!impl_->problems.fatal.empty()) throw Error(impl_->problems.fatal);
  return result;
}

const std::vector<std::string>& Loader::warnings() const { return impl_->problems.warnings; }

}  // namespace ecs::config
