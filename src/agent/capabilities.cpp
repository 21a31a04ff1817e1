#include "agent/capabilities.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <stdexcept>
#include <string_view>

namespace ecs::agent {

namespace {

constexpr std::string_view kLegacyPrefix = "com.amazonaws.ecs.capability.";
constexpr std::string_view kPrefix = "ecs.capability.";

struct LogDriver {
  std::string_view name;
  std::string_view since;  ///< Engine API version.
};
constexpr std::array<LogDriver, 10> kLogDrivers{{{"json-file", "1.18"},
                                                 {"syslog", "1.18"},
                                                 {"journald", "1.19"},
                                                 {"gelf", "1.20"},
                                                 {"fluentd", "1.20"},
                                                 {"awslogs", "1.21"},
                                                 {"splunk", "1.22"},
                                                 {"logentries", "1.25"},
                                                 {"sumologic", "1.29"},
                                                 {"none", "1.19"}}};

// Engine API versions that control planes know; the gaps are the original's.
constexpr std::array<std::string_view, 13> kAdvertisedVersions{"1.17", "1.18", "1.19", "1.20", "1.21", "1.22", "1.23",
                                                               "1.24", "1.25", "1.28", "1.29", "1.30", "1.32"};

class List {
 public:
  void legacy(std::string_view name) { add(kLegacyPrefix, name); }
  void modern(std::string_view name, std::optional<std::string> value = {}) { add(kPrefix, name, std::move(value)); }
  std::vector<aws::Attribute> take() { return std::move(all_); }

 private:
  void add(std::string_view prefix, std::string_view name, std::optional<std::string> value = {}) {
    all_.push_back({fmt::format("{}{}", prefix, name), std::move(value)});
  }
  std::vector<aws::Attribute> all_;
};

bool supports(const std::vector<std::string>& versions, std::string_view version) {
  return std::ranges::find(versions, version) != versions.end();
}

int minor(std::string_view version) { return std::atoi(std::string(version.substr(version.find('.') + 1)).c_str()); }

void add_api_versions(const std::vector<std::string>& usable, List& list) {
  if (usable.empty()) return;
  // An engine that refuses versions below 1.24 or later still does what the older ones could do.
  const bool floor_raised = minor(usable.front()) >= 24;
  for (const auto version : kAdvertisedVersions) {
    if (supports(usable, version) || (floor_raised && minor(version) < minor(usable.front()))) {
      list.legacy(fmt::format("docker-remote-api.{}", version));
    }
  }
}

void add_log_drivers(const config::Config& config, const std::vector<std::string>& usable, List& list) {
  for (const auto& name : config.logging_drivers) {
    const auto known = std::ranges::find(kLogDrivers, name, &LogDriver::name);
    if (known == kLogDrivers.end() || usable.empty() || minor(usable.back()) < minor(known->since)) continue;
    list.legacy(fmt::format("logging-driver.{}", name));
  }
}

std::string architecture() {
  utsname names{};
  if (uname(&names) != 0) return "";
  const std::string_view machine = names.machine;
  return std::string(machine == "aarch64" ? "arm64" : machine);
}

std::vector<std::string> as_text(const std::vector<std::uint16_t>& ports) {
  std::vector<std::string> text;
  text.reserve(ports.size());
  for (const auto port : ports) text.push_back(std::to_string(port));
  return text;
}

}  // namespace

std::vector<aws::Attribute> capabilities(const config::Config& config, const CapabilityFacts& facts) {
  List list;
  list.modern("container-ordering");
  list.modern("full-sync");
  list.modern("network.container-port-range");
  list.modern("container-restart-policy");
  if (!config.privileged_disabled.on()) list.legacy("privileged-container");
  add_api_versions(facts.docker_api_versions, list);
  add_log_drivers(config, facts.docker_api_versions, list);
  if (config.selinux_capable.on()) list.legacy("selinux");
  if (config.apparmor_capable.on()) list.legacy("apparmor");
  if (config.task_cpu_mem_limit.on()) {
    list.modern("task-cpu-mem-limit");
    list.modern("increased-task-cpu-limit");
  }
  // The health check came with version 1.24 of the Engine API.
  const auto& versions = facts.docker_api_versions;
  if (!versions.empty() && minor(versions.back()) >= 24 && !config.docker_health_check_disabled.on()) {
    list.modern("container-health-check");
  }
  for (const auto& name : facts.volume_drivers) list.modern(fmt::format("docker-plugin.{}", name));
  if (const auto& driver = facts.gpu_driver_version; config.gpu_support && !driver.empty()) {
    list.modern("nvidia-driver-version." + driver);
    list.modern("gpu-driver-version", driver);
  }
  list.modern("pid-ipc-namespace-sharing");
  if (!config.external.on()) {
    list.modern("aws-appmesh");
    list.modern("task-eia");
    if (facts.optimized_cpu) list.modern("task-eia.optimized-cpu");
  }
  for (const auto& name : config.volume_plugin_capabilities) list.modern(name);
  if (config.external.on()) list.modern("external");
  list.modern("ipv6-only");
  return list.take();
}

std::vector<aws::Attribute> registration_attributes(const config::Config& config, const CapabilityFacts& facts,
                                                    bool first, const std::string& outpost_arn) {
  std::vector<aws::Attribute> all;
  if (first) {
    for (const auto& [name, value] : config.instance_attributes) all.push_back({name, value});
  }
  for (auto& attribute : capabilities(config, facts)) all.push_back(std::move(attribute));
  all.push_back({"ecs.os-type", "linux"});
  all.push_back({"ecs.os-family", "LINUX"});
  if (!config.detailed_os_family.empty()) all.push_back({"ecs.os-type-detailed", config.detailed_os_family});
  if (config.external.on()) all.push_back({"ecs.cpu-architecture", architecture()});
  if (!outpost_arn.empty()) all.push_back({"ecs.outpost-arn", outpost_arn});
  return all;
}

std::vector<aws::Resource> registration_resources(const config::Config& config, int cpus, std::int64_t memory_mib) {
  if (memory_mib < config.reserved_memory) {
    throw std::invalid_argument(fmt::format("ECS_RESERVED_MEMORY: {} MiB are reserved, but this host has only {} MiB",
                                            config.reserved_memory, memory_mib));
  }
  return {aws::Resource::integer("CPU", std::int64_t{cpus} * 1024),
          aws::Resource::integer("MEMORY", memory_mib - config.reserved_memory),
          aws::Resource::string_set("PORTS", as_text(config.reserved_ports)),
          aws::Resource::string_set("PORTS_UDP", as_text(config.reserved_udp_ports))};
}

}  // namespace ecs::agent
