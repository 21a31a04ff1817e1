#include <algorithm>
#include <string_view>

#include "engine/intake.hpp"
#include "json/value.hpp"

namespace ecs::engine {

namespace {

bool on(const acs::Flag& flag) { return flag.value_or(false); }

/// The member of a raw Docker document whatever its case; nothing when the text is no object (the create says so).
const boost::json::value* member(const boost::json::value& document, std::string_view name) {
  const auto* object = document.if_object();
  if (object == nullptr) return nullptr;
  const auto same = [](char a, char b) { return (a | 0x20) == (b | 0x20); };
  for (const auto& [key, value] : *object) {
    if (std::ranges::equal(std::string_view(key), name, same)) return &value;
  }
  return nullptr;
}

std::string_view of_host_config(const acs::Container& container) {
  if (!container.docker_config || !container.docker_config->host_config) return {};
  boost::json::value document;
  try {
    document = json::parse(*container.docker_config->host_config);
  } catch (const json::Error&) {
    return {};
  }
  if (const auto* log = member(document, "LogConfig")) {
    const auto* type = member(*log, "Type");
    if (type != nullptr && type->is_string() && type->get_string() == "awsfirelens")
      return "the awsfirelens log driver";
  }
  const auto* options = member(document, "SecurityOpt");
  if (options == nullptr || !options->is_array()) return {};
  const bool credential_spec = std::ranges::any_of(options->get_array(), [](const boost::json::value& option) {
    return option.is_string() && std::string_view(option.get_string()).starts_with("credentialspec");
  });
  return credential_spec ? "credential specs" : "";
}

std::string_view of_container(const acs::Container& c) {
  if (!c.secrets.empty()) return "secrets";
  if (!c.environment_files.empty()) return "environment files";
  if (c.registry_authentication && !c.registry_authentication->type.value_or("").empty()) {
    return "registry authentication";
  }
  if (c.logs_auth_strategy == "ExecutionRole") return "log authentication with the execution role";
  if (c.firelens_configuration) return "FireLens";
  if (!c.managed_agents.empty()) return "managed agents";
  if (!c.credential_specs.empty()) return "credential specs";
  return of_host_config(c);
}

std::string_view of_task(const acs::Task& t) {
  if (std::ranges::any_of(t.volumes, [](const acs::Volume& v) { return v.type == "efs"; })) return "EFS volumes";
  if (t.network_mode == "awsvpc" || !t.elastic_network_interfaces.empty()) return "network mode awsvpc";
  for (const acs::Association& association : t.associations) {
    if (association.type != "gpu") return "associations other than GPUs";
  }
  if (t.proxy_configuration) return "proxy configuration";
  if (on(t.enable_fault_injection)) return "fault injection";
  for (const acs::Attachment& attachment : t.attachments) {
    if (attachment.attachment_type == "serviceconnectdetail") return "Service Connect";
    if (attachment.attachment_type == "amazonebs") return "EBS volumes";
    if (attachment.attachment_type == "s3files") return "S3 files volumes";
  }
  return {};
}

}  // namespace

std::string unsupported(const acs::Task& payload) {
  if (const auto what = of_task(payload); !what.empty()) return std::string(what);
  for (const acs::Container& c : payload.containers) {
    const auto what = of_container(c);
    if (!what.empty()) return "container " + c.name.value_or("") + ": " + std::string(what);
  }
  return {};
}

}  // namespace ecs::engine
