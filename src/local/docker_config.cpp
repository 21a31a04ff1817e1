// The two JSON texts in Docker's capitalised form that the agent lays over what it builds itself (engine.md 4.3).
#include <fmt/format.h>

#include "json/value.hpp"
#include "local/payload.hpp"
#include "local/required_attributes.hpp"

namespace ecs::local {
namespace {

using boost::json::array;
using boost::json::object;

constexpr std::int64_t kMib = 1024 * 1024;
constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

array texts(const Texts& all) {
  array out;
  for (const auto& text : all) out.emplace_back(text);
  return out;
}

object texts(const TextMap& all) {
  object out;
  for (const auto& [key, value] : all) out[key] = value;
  return out;
}

template <class T>
void set(object& out, std::string_view key, const std::optional<T>& value) {
  if (value) out[key] = *value;
}

void set_list(object& out, std::string_view key, const std::optional<Texts>& value) {
  if (value && !value->empty()) out[key] = texts(*value);
}

object health_check(const HealthCheck& check) {
  object out;
  out["Test"] = texts(check.command);
  const auto set_seconds = [&out](std::string_view key, const OptionalInt& seconds) {
    if (seconds) out[key] = *seconds * kNanosecondsPerSecond;
  };
  set_seconds("Interval", check.interval);
  set_seconds("Timeout", check.timeout);
  set_seconds("StartPeriod", check.start_period);
  set(out, "Retries", check.retries);
  return out;
}

object config(const ContainerDefinition& container) {
  object out;
  set(out, "User", container.user);
  set(out, "WorkingDir", container.working_directory);
  set(out, "Hostname", container.hostname);
  set(out, "NetworkDisabled", container.disable_networking);
  set(out, "OpenStdin", container.interactive);
  set(out, "Tty", container.pseudo_terminal);
  if (container.docker_labels && !container.docker_labels->empty()) out["Labels"] = texts(*container.docker_labels);
  if (container.health_check) out["Healthcheck"] = health_check(*container.health_check);
  return out;
}

std::string device_permissions(const Device& device) {
  std::string out;
  for (const auto& permission : device.permissions.value_or(Texts{"read", "write", "mknod"})) out += permission[0];
  return out;
}

array devices(const std::vector<Device>& all) {
  array out;
  for (const auto& device : all) {
    object& entry = out.emplace_back(object()).get_object();
    entry["PathOnHost"] = *device.host_path;
    entry["PathInContainer"] = device.container_path.value_or(*device.host_path);
    entry["CgroupPermissions"] = device_permissions(device);
  }
  return out;
}

object tmpfs(const std::vector<Tmpfs>& all) {
  object out;
  for (const auto& mount : all) {
    std::string options = fmt::format("size={}m", mount.size.value_or(0));
    for (const auto& option : mount.mount_options.value_or(Texts())) options += "," + option;
    out[*mount.container_path] = options;
  }
  return out;
}

void add_linux(object& out, const LinuxParameters& linux_parameters, const OptionalInt& memory) {
  if (linux_parameters.capabilities) {
    set_list(out, "CapAdd", linux_parameters.capabilities->add);
    set_list(out, "CapDrop", linux_parameters.capabilities->drop);
  }
  if (linux_parameters.devices && !linux_parameters.devices->empty())
    out["Devices"] = devices(*linux_parameters.devices);
  if (linux_parameters.tmpfs && !linux_parameters.tmpfs->empty()) out["Tmpfs"] = tmpfs(*linux_parameters.tmpfs);
  set(out, "Init", linux_parameters.init_process_enabled);
  if (linux_parameters.shared_memory_size) out["ShmSize"] = *linux_parameters.shared_memory_size * kMib;
  if (!linux_parameters.max_swap || !memory) return;
  // Docker counts memory and swap together. Swappiness has a meaning only with a swap limit.
  out["MemorySwap"] = (std::int64_t{*memory} + *linux_parameters.max_swap) * kMib;
  set(out, "MemorySwappiness", linux_parameters.swappiness);
}

array ulimits(const std::vector<Ulimit>& all) {
  array out;
  for (const auto& ulimit : all) {
    object& entry = out.emplace_back(object()).get_object();
    entry["Name"] = *ulimit.name;
    entry["Soft"] = *ulimit.soft_limit;
    entry["Hard"] = *ulimit.hard_limit;
  }
  return out;
}

void add_name_resolution(object& out, const ContainerDefinition& container) {
  set_list(out, "Dns", container.dns_servers);
  set_list(out, "DnsSearch", container.dns_search_domains);
  if (!container.extra_hosts || container.extra_hosts->empty()) return;
  array hosts;
  for (const auto& host : *container.extra_hosts) hosts.emplace_back(*host.hostname + ":" + *host.ip_address);
  out["ExtraHosts"] = std::move(hosts);
}

object host_config(const ContainerDefinition& container, const std::string& network_mode) {
  object out;
  out["NetworkMode"] = network_mode;
  add_name_resolution(out, container);
  set(out, "Privileged", container.privileged);
  set(out, "ReadonlyRootfs", container.readonly_root_filesystem);
  set_list(out, "SecurityOpt", container.docker_security_options);
  if (container.memory_reservation) out["MemoryReservation"] = *container.memory_reservation * kMib;
  if (container.ulimits && !container.ulimits->empty()) out["Ulimits"] = ulimits(*container.ulimits);
  if (container.linux_parameters) add_linux(out, *container.linux_parameters, container.memory);
  if (!container.system_controls.empty()) {
    object controls;
    for (const auto& control : container.system_controls) controls[*control.name_space] = *control.value;
    out["Sysctls"] = std::move(controls);
  }
  if (container.log_configuration) {
    object& logging = (out["LogConfig"] = object()).get_object();
    logging["Type"] = *container.log_configuration->log_driver;
    logging["Config"] = texts(container.log_configuration->options.value_or(TextMap()));
  }
  return out;
}

}  // namespace

acs::DockerConfig docker_config(const ContainerDefinition& container, const std::string& network_mode) {
  acs::DockerConfig out;
  out.version = fmt::format("1.{}", docker_api_minor(container));
  out.config = json::write(config(container));
  out.host_config = json::write(host_config(container, network_mode));
  return out;
}

}  // namespace ecs::local
