#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>

#include "base/text.hpp"
#include "local/check.hpp"
#include "local/validate.hpp"

namespace ecs::local {
namespace {

const ContainerDefinition* find_container(const DefinitionView& view, std::string_view name) {
  const auto& all = view.request.container_definitions;
  const auto found = std::ranges::find(all, name, &ContainerDefinition::name);
  return found == all.end() ? nullptr : &*found;
}

/// The other container that `name` stands for.
const ContainerDefinition& check_other(const DefinitionView& view, const ContainerDefinition& self,
                                       std::string_view name, const std::string& member) {
  const ContainerDefinition* other = find_container(view, name);
  if (other == nullptr) throw client_error(fmt::format("{}: no container of this task is named '{}'", member, name));
  if (other == &self) throw client_error(fmt::format("{}: container '{}' cannot name itself", member, name));
  return *other;
}

std::optional<std::int32_t> parse_port(std::string_view text) {
  std::int32_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port < 1 || port > 65535) return std::nullopt;
  return port;
}

void check_port_range(const std::string& text, const std::string& member) {
  const auto parts = base::split(text, '-');
  const auto low = parts.size() == 2 ? parse_port(parts[0]) : std::nullopt;
  const auto high = parts.size() == 2 ? parse_port(parts[1]) : std::nullopt;
  if (!low || !high || *low >= *high) {
    throw client_error(
        fmt::format("{}: must be two ports, the lower first, as in '8000-8010'; got '{}'", member, text));
  }
}

void validate_port(const PortMapping& port, const DefinitionView& view, const std::string& path) {
  check_word(port.protocol, {"tcp", "udp"}, path + ".protocol");
  check_word(port.app_protocol, {"http", "http2", "grpc"}, path + ".appProtocol");
  if (port.container_port_range) {
    if (port.container_port) throw client_error(path + ".containerPortRange: not together with containerPort");
    if (port.host_port) throw client_error(path + ".hostPort: not together with containerPortRange");
    check_port_range(*port.container_port_range, path + ".containerPortRange");
    if (view.network_mode == "host") throw client_error(path + ".containerPortRange: not in network mode host");
    return;
  }
  require(port.container_port.has_value(), path + ".containerPort");
  check_range(port.container_port, 1, 65535, path + ".containerPort");
  check_range(port.host_port, 0, 65535, path + ".hostPort");
  if (view.network_mode == "host" && port.host_port.value_or(0) != 0 && *port.host_port != *port.container_port) {
    throw client_error(fmt::format("{}.hostPort: in network mode host it must equal containerPort {}, got {}", path,
                                   *port.container_port, *port.host_port));
  }
}

void validate_links(const ContainerDefinition& container, const DefinitionView& view, const std::string& path) {
  const auto links = container.links.value_or(Texts());
  if (!links.empty() && view.network_mode != "bridge") {
    throw client_error(fmt::format("{}.links: only in network mode bridge, not {}", path, view.network_mode));
  }
  for (std::size_t i = 0; i < links.size(); ++i) {
    const std::string entry = at(path + ".links", i);
    const auto parts = base::split(links[i], ':');
    if (parts.empty() || parts.size() > 2 || std::ranges::any_of(parts, &std::string::empty)) {
      throw client_error(fmt::format("{}: must be 'container' or 'container:alias', got '{}'", entry, links[i]));
    }
    check_other(view, container, parts[0], entry);
  }
}

void validate_dependency(const ContainerDependency& dependency, const ContainerDefinition& container,
                         const DefinitionView& view, const std::string& path) {
  require(!dependency.container_name.value_or("").empty(), path + ".containerName");
  require(dependency.condition.has_value(), path + ".condition");
  check_word(*dependency.condition, {"START", "COMPLETE", "SUCCESS", "HEALTHY"}, path + ".condition");
  const auto& other = check_other(view, container, *dependency.container_name, path + ".containerName");
  const bool has_check =
      other.health_check && !other.health_check->command.empty() && other.health_check->command.front() != "NONE";
  if (*dependency.condition == "HEALTHY" && !has_check) {
    throw client_error(fmt::format("{}.condition: HEALTHY needs a healthCheck on container '{}'", path, other.name));
  }
  if ((*dependency.condition == "COMPLETE" || *dependency.condition == "SUCCESS") && other.essential) {
    throw client_error(fmt::format("{}.condition: {} is not possible on the essential container '{}'", path,
                                   *dependency.condition, other.name));
  }
}

void validate_mounts(const ContainerDefinition& container, const DefinitionView& view, const std::string& path) {
  for (std::size_t i = 0; i < container.mount_points.size(); ++i) {
    const std::string entry = at(path + ".mountPoints", i);
    const MountPoint& mount = container.mount_points[i];
    require(!mount.source_volume.value_or("").empty(), entry + ".sourceVolume");
    require(!mount.container_path.value_or("").empty(), entry + ".containerPath");
    if (std::ranges::find(view.request.volumes, *mount.source_volume, &Volume::name) == view.request.volumes.end()) {
      throw client_error(
          fmt::format("{}.sourceVolume: no volume of this task is named '{}'", entry, *mount.source_volume));
    }
  }
}

}  // namespace

void validate_ports(const ContainerDefinition& container, const DefinitionView& view, const std::string& path) {
  if (!container.port_mappings.empty() && view.network_mode == "none") {
    throw client_error(path + ".portMappings: not in network mode none");
  }
  for (std::size_t i = 0; i < container.port_mappings.size(); ++i) {
    validate_port(container.port_mappings[i], view, at(path + ".portMappings", i));
  }
}

void validate_references(const ContainerDefinition& container, const DefinitionView& view, const std::string& path) {
  validate_links(container, view, path);
  const auto dependencies = container.depends_on.value_or(std::vector<ContainerDependency>());
  for (std::size_t i = 0; i < dependencies.size(); ++i) {
    validate_dependency(dependencies[i], container, view, at(path + ".dependsOn", i));
  }
  for (std::size_t i = 0; i < container.volumes_from.size(); ++i) {
    const std::string member = at(path + ".volumesFrom", i) + ".sourceContainer";
    require(!container.volumes_from[i].source_container.value_or("").empty(), member);
    check_other(view, container, *container.volumes_from[i].source_container, member);
  }
  validate_mounts(container, view, path);
}

}  // namespace ecs::local
