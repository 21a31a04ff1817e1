#include "engine/intake.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/text.hpp"
#include "engine/intake_resources.hpp"
#include "engine/overrides.hpp"
#include "engine/ports.hpp"
#include "json/encode.hpp"
#include "pause/image.hpp"
#include "task/dependencies.hpp"
#include "task/planner.hpp"

namespace ecs::engine {

namespace {

constexpr std::string_view kEndpoint = "http://169.254.170.2";

/// The payload makes no sense; what() is the cause: the original's words, then the member and its rule.
class BadTask : public std::runtime_error {
 public:
  explicit BadTask(const std::string& words) : std::runtime_error(words) {}
  BadTask(const std::string& words, const std::string& member, std::string_view rule)
      : std::runtime_error(words + " (" + member + ": " + std::string(rule) + ")") {}
};

std::string text(const acs::Text& value) { return value.value_or(""); }

/// As encoding/json says it: the control plane and its users know these words.
std::string does_not_fit(std::int64_t value, std::string_view field, std::string_view type) {
  return "json: cannot unmarshal number " + std::to_string(value) + " into Go struct field " + std::string(field) +
         " of type " + std::string(type);
}

std::int64_t unsigned_number(const acs::Integer& value, std::string_view field, const std::string& member) {
  const std::int64_t number = value.value_or(0);
  if (number < 0) throw BadTask(does_not_fit(number, field, "uint"), member, "0 or more");
  return number;
}

std::uint16_t port(const acs::Integer& value, std::string_view field, const std::string& member) {
  const std::int64_t number = value.value_or(0);
  if (number < 0 || number > std::numeric_limits<std::uint16_t>::max()) {
    throw BadTask(does_not_fit(number, field, "uint16"), member, "0 to 65535");
  }
  return static_cast<std::uint16_t>(number);
}

task::PortMapping convert_port(const acs::PortMapping& from, const std::string& member) {
  task::PortMapping to;
  to.container_port =
      port(from.container_port, "PortBinding.Containers.portMappings.ContainerPort", member + ".containerPort");
  to.host_port = port(from.host_port, "PortBinding.Containers.portMappings.HostPort", member + ".hostPort");
  to.container_port_range = text(from.container_port_range);
  to.protocol = from.protocol.value_or("tcp");
  if (to.protocol != "tcp" && to.protocol != "udp") {
    std::string quoted;
    json::append_string(quoted, to.protocol, true);
    throw BadTask("TransportProtocol must be \"tcp\" or \"udp\"; Got " + quoted, member + ".protocol", "tcp or udp");
  }
  return to;
}

void check_volume(const acs::Volume& volume) {
  if (text(volume.name).empty()) throw BadTask("invalid Volume; must include a name");
  const std::string type = volume.type.value_or("host");
  const bool has_block = (type == "host" && volume.host) || (type == "docker" && volume.docker_volume_configuration) ||
                         (type == "efs" && volume.efs_volume_configuration) ||
                         (type == "fsxWindowsFileServer" && volume.fsx_windows_file_server_volume_configuration);
  if (has_block) return;
  if (type == "host" || type == "docker" || type == "efs" || type == "fsxWindowsFileServer") {
    throw BadTask("invalid volume: empty volume configuration");
  }
  throw BadTask("unrecognized volume type: " + base::go_quote(type));
}

/// A volume that comes by an attachment has a name only.
bool is_attached(const acs::Task& payload, const acs::Volume& volume) {
  return (!volume.type || volume.type == "attachment") &&
         std::ranges::any_of(payload.attachments, [&](const acs::Attachment& attachment) {
           return std::ranges::any_of(attachment.attachment_properties, [&](const acs::AttachmentProperty& property) {
             return property.name == "volumeName" && property.value == volume.name;
           });
         });
}

std::string credentials_id(const std::optional<acs::IamRoleCredentials>& credentials, const std::string& member) {
  if (!credentials) return {};
  if (text(credentials->credentials_id).empty()) {
    throw BadTask("CredentialsId is empty", member + ".credentialsId", "not empty");
  }
  return *credentials->credentials_id;
}

task::TaskStatus desired_status(const acs::Text& word) {
  auto status = task::TaskStatus::kNone;
  if (word && !task::from_string(*word, status)) {
    throw BadTask("Unrecognized TaskStatus", "desiredStatus", "a status of a task, got " + base::go_quote(*word));
  }
  return status;
}

std::string network_mode(const acs::Text& word) {
  if (text(word).empty()) return "bridge";
  const bool known = *word == "awsvpc" || *word == "host" || *word == "bridge" || *word == "none";
  return known ? *word : "";
}

task::Container convert_container(const acs::Container& from, const std::string& member) {
  task::Container to;
  to.name = text(from.name);
  to.image = text(from.image);
  if (!from.command.empty()) to.command = from.command;
  to.entry_point = from.entry_point;
  to.cpu = unsigned_number(from.cpu, "Container.Containers.Cpu", member + ".cpu");
  to.memory = unsigned_number(from.memory, "Container.Containers.Memory", member + ".memory");
  to.essential = from.essential.value_or(false);
  to.environment = from.environment;
  to.links = from.links;
  for (const acs::VolumeFrom& v : from.volumes_from) {
    to.volumes_from.push_back({text(v.source_container), v.read_only.value_or(false)});
  }
  for (const acs::MountPoint& m : from.mount_points) {
    to.mount_points.push_back({text(m.source_volume), text(m.container_path), m.read_only.value_or(false)});
  }
  for (std::size_t i = 0; i < from.port_mappings.size(); ++i) {
    to.port_mappings.push_back(
        convert_port(from.port_mappings[i], member + ".portMappings[" + std::to_string(i) + "]"));
  }
  to.start_timeout = unsigned_number(from.start_timeout, "Container.Containers.StartTimeout", member + ".startTimeout");
  to.stop_timeout = unsigned_number(from.stop_timeout, "Container.Containers.StopTimeout", member + ".stopTimeout");
  to.health_check_type = text(from.health_check_type);
  if (from.docker_config) {
    to.docker_config = {text(from.docker_config->version), text(from.docker_config->config),
                        text(from.docker_config->host_config)};
  }
  if (from.restart_policy) {
    to.restart_policy = {.enabled = from.restart_policy->enabled.value_or(false),
                         .ignored_exit_codes = from.restart_policy->ignored_exit_codes,
                         .restart_attempt_period = from.restart_policy->restart_attempt_period.value_or(0)};
  }
  to.container_arn = text(from.container_arn);
  if (from.overrides) {
    Overrides overrides = parse_overrides(*from.overrides);
    if (!overrides.error.empty()) {
      throw BadTask(overrides.error, member + ".overrides", "{} or {\"command\": [...]}");
    }
    if (overrides.command) to.command = std::move(overrides.command);
  }
  return to;
}

task::Task convert_task(const acs::Task& payload, base::WallTime now) {
  task::Task to;
  to.arn = text(payload.arn);
  if (!to.arn.starts_with("arn:") || to.arn.find(":task/") == std::string::npos || to.id().empty()) {
    throw BadTask("malformed task ARN " + base::go_quote(to.arn));
  }
  to.desired = desired_status(payload.desired_status);
  to.family = text(payload.family);
  to.version = text(payload.version);
  to.cpu = payload.cpu.value_or(0);
  to.memory = payload.memory.value_or(0);
  to.network_mode = network_mode(payload.network_mode);
  to.pid_mode = text(payload.pid_mode);
  to.ipc_mode = text(payload.ipc_mode);
  to.launch_type = text(payload.launch_type);
  to.service_name = text(payload.service_name);
  to.group = text(payload.group);
  to.accepted_at = task::nanos(now);
  for (const acs::Volume& volume : payload.volumes) {
    if (!is_attached(payload, volume)) check_volume(volume);
  }
  if (payload.proxy_configuration && payload.proxy_configuration->type != "APPMESH") {
    throw BadTask("agent does not support proxy type other than app mesh");
  }
  to.credentials_id = credentials_id(payload.role_credentials, "roleCredentials");
  to.execution_credentials_id = credentials_id(payload.execution_role_credentials, "executionRoleCredentials");
  for (std::size_t i = 0; i < payload.containers.size(); ++i) {
    to.containers.push_back(convert_container(payload.containers[i], "containers[" + std::to_string(i) + "]"));
  }
  return to;
}

/// Links and volumesFrom order containers too. The text says what is wrong with them; empty when nothing is.
std::string add_implicit_dependencies(task::Task& task) {
  for (task::Container& c : task.containers) {
    for (const task::VolumeFrom& volume : c.volumes_from) {
      if (!task.find(volume.source_container)) {
        return "could not find volume source container with name " + volume.source_container;
      }
      c.depends_on.push_back({volume.source_container, task::Condition::kCreate});
    }
  }
  for (task::Container& c : task.containers) {
    for (const std::string& link : c.links) {
      const auto parts = base::split(link, ':');
      if (parts.size() > 2) return "invalid link format";
      if (!task.find(parts.front())) return "could not find container for link " + link;
      c.depends_on.push_back({parts.front(), task::Condition::kStart});
    }
  }
  return {};
}

/// A range that cannot be read: what the create would say of it, then the member and the rule. Empty when there is
/// none.
std::string bad_port_range(const task::Task& task) {
  for (const task::Container& c : task.containers) {
    for (std::size_t i = 0; i < c.port_mappings.size(); ++i) {
      const task::PortMapping& mapping = c.port_mappings[i];
      if (mapping.container_port != 0 || mapping.container_port_range.empty()) continue;
      const auto range = parse_port_range(mapping.container_port_range);
      if (range && range->first != 0) continue;
      return "HostConfigError: error retrieving docker port map: invalid range specified for port: " +
             mapping.container_port_range + " (container " + c.name + ", portMappings[" + std::to_string(i) +
             "].containerPortRange: FIRST-LAST, 1 to 65535, FIRST not above LAST)";
    }
  }
  return {};
}

/// One GPU belongs to one container. The text says what is wrong; empty when nothing is.
std::string add_gpus(const acs::Task& payload, const Settings& settings, task::Task& task) {
  for (const acs::Association& association : payload.associations) {
    if (association.type != "gpu") continue;
    const std::string gpu = text(association.name);
    if (association.containers.size() != 1) return "could not associate multiple containers to GPU " + gpu;
    const auto container = task.find(association.containers.front());
    if (!container) {
      return "could not find container with name " + association.containers.front() + " for associating GPU " + gpu;
    }
    task.containers[*container].gpus.push_back(gpu);
  }
  if (!settings.gpu_support || settings.external) return {};
  for (task::Container& c : task.containers) {
    if (c.gpus.empty()) continue;
    std::string& devices = c.environment["NVIDIA_VISIBLE_DEVICES"];
    devices.clear();
    for (const std::string& gpu : c.gpus) devices += (devices.empty() ? "" : ",") + gpu;
  }
  return {};
}

/// The text says which condition is unknown: nothing ever satisfies it. Empty when none is.
std::string add_dependencies(const acs::Task& payload, task::Task& task) {
  for (std::size_t i = 0; i < payload.containers.size(); ++i) {
    const auto& depends_on = payload.containers[i].depends_on;
    for (std::size_t k = 0; k < depends_on.size(); ++k) {
      auto condition = task::Condition::kStart;
      if (!task::from_string(text(depends_on[k].condition), condition)) {
        return "containers[" + std::to_string(i) + "].dependsOn[" + std::to_string(k) +
               "].condition: " + base::go_quote(text(depends_on[k].condition)) + " is no condition";
      }
      task.containers[i].depends_on.push_back({text(depends_on[k].container_name), condition});
    }
  }
  return {};
}

/// Containers that share namespaces with each other share those of one more, which starts before and ends after them.
void add_namespace_pause(task::Task& task) {
  if (task.pid_mode != "task" && task.ipc_mode != "task") return;
  const std::string name = "~internal~ecs~pause~namespace";
  for (task::Container& c : task.containers) c.depends_on.push_back({name, task::Condition::kStart});
  task::Container pause;
  pause.name = name;
  pause.image = pause::kImage;
  pause.essential = true;
  pause.type = task::ContainerType::kNamespacePause;
  task.containers.push_back(std::move(pause));
}

void complete_containers(task::Task& task, base::Random& random) {
  for (task::Container& c : task.containers) {
    c.docker_name = docker_name(task.family, task.version, c.name, random);
    if (c.internal()) continue;
    c.endpoint_id = random.uuid();
    c.environment["ECS_CONTAINER_METADATA_URI"] = std::string(kEndpoint) + "/v3/" + c.endpoint_id;
    c.environment["ECS_CONTAINER_METADATA_URI_V4"] = std::string(kEndpoint) + "/v4/" + c.endpoint_id;
    c.environment["ECS_AGENT_URI"] = std::string(kEndpoint) + "/api/" + c.endpoint_id;
    if (!task.credentials_id.empty()) {
      c.environment["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"] = "/v2/credentials/" + task.credentials_id;
    }
  }
}

/// A task that will not run: nothing of it is kept but what its report needs.
task::Task ended(task::Task task, std::string reason, base::WallTime now) {
  task.containers.clear();
  task.volumes.clear();
  task.resources.clear();
  task.desired = task.known = task::TaskStatus::kStopped;
  task.known_at = task::nanos(now);
  task.reason = std::move(reason);
  return task;
}

/// Why the task cannot run although it could be read; empty when it can.
std::string reason_against(const acs::Task& payload, const Settings& settings, task::Task& task, base::Random& random) {
  const std::string prefix = "resource cannot be initialized for task " + task.arn + ": ";
  std::set<std::string_view> names;
  for (const task::Container& c : task.containers) {
    if (!names.insert(c.name).second) return prefix + "more than one container has the name " + c.name;
  }
  std::string wrong = add_cgroup(task, settings);
  const std::string unknown_condition = add_dependencies(payload, task);
  const std::string misplaced = add_implicit_dependencies(task);
  if (wrong.empty()) wrong = misplaced;
  if (wrong.empty()) wrong = add_gpus(payload, settings, task);
  // An unknown task that is wanted STOPPED needs nothing to be possible: it only has to be reported.
  if (task.desired == task::TaskStatus::kStopped) return {};
  if (!wrong.empty()) return prefix + wrong;
  if (const auto what = unsupported(payload); !what.empty()) {
    return prefix + what + ": not supported by this version of the agent";
  }
  wrong = add_volumes(payload, task, random);
  if (!wrong.empty()) return prefix + wrong;
  const std::string unordered = unknown_condition.empty() ? task::why_no_order(task) : unknown_condition;
  if (!unordered.empty()) return "Task dependencies cannot be resolved, taskArn: " + task.arn + " (" + unordered + ")";
  return bad_port_range(task);
}

}  // namespace

std::string refusal_reason(const Refused& refused) {
  return "UnrecogniedTaskError: Error loading task - " + refused.cause;
}

std::string docker_name(const std::string& family, const std::string& version, const std::string& name,
                        base::Random& random) {
  std::string clean;
  for (const char c : name) {
    const bool kept = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
    if (kept) clean.push_back(c);
  }
  return "ecs-" + family + "-" + version + "-" + clean + "-" + random.hex(20);
}

Intake convert(const acs::Task& payload, const Settings& settings, base::Random& random, base::WallTime now) {
  task::Task task;
  try {
    task = convert_task(payload, now);
  } catch (const BadTask& bad) {
    return Refused{text(payload.arn), bad.what()};
  }
  task.policy.pull = settings.pull_behavior;
  task.policy.pull_upfront = settings.pull_dependent_containers_upfront;
  std::string reason = reason_against(payload, settings, task, random);
  if (!reason.empty()) return ended(std::move(task), std::move(reason), now);
  add_namespace_pause(task);
  complete_containers(task, random);
  return task;
}

}  // namespace ecs::engine
