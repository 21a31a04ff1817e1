#include "acs/validation.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <span>

namespace ecs::acs {

namespace {

bool empty(const Text& text) { return !text || text->empty(); }

Problem missing(std::string_view member) { return fmt::format("{}: missing or empty", member); }

/// The gateway with its prefix length: `10.0.0.1/24`.
Problem gateway_problem(const Text& gateway, std::string_view version) {
  if (!gateway) return fmt::format("eni message validation: no subnet gateway {} address in the message", version);
  if (std::ranges::count(*gateway, '/') == 1) return std::nullopt;
  return fmt::format("eni message validation: invalid subnet gateway {} address {}", version, *gateway);
}

template <class Message>
Problem interfaces_problem(const Message& message) {
  if (empty(message.message_id)) return missing("messageId");
  if (empty(message.cluster_arn)) return missing("clusterArn");
  if (empty(message.container_instance_arn)) return missing("containerInstanceArn");
  if (message.wait_timeout_ms.value_or(0) <= 0) return "waitTimeoutMs: must be greater than 0";
  if (message.elastic_network_interfaces.empty()) return missing("elasticNetworkInterfaces");
  for (std::size_t i = 0; i < message.elastic_network_interfaces.size(); ++i) {
    if (const auto problem = problem_of(message.elastic_network_interfaces[i])) {
      return fmt::format("elasticNetworkInterfaces[{}]: {}", i, *problem);
    }
  }
  return std::nullopt;
}

/// The value of an attachment property; nothing when it is not there.
std::optional<std::string_view> property(const Attachment& attachment, std::string_view name) {
  for (const auto& one : attachment.attachment_properties) {
    if (one.name == name) return *one.value;
  }
  return std::nullopt;
}

Problem require(const Attachment& attachment, std::span<const std::string_view> names) {
  for (const auto name : names) {
    if (!property(attachment, name)) return fmt::format("attachment.attachmentProperties: {}: missing", name);
  }
  return std::nullopt;
}

Problem ebs_problem(const Attachment& attachment) {
  static constexpr std::array<std::string_view, 5> kRequired = {"volumeId", "volumeSizeGib", "deviceName",
                                                                "sourceVolumeHostPath", "volumeName"};
  static constexpr std::array<std::string_view, 5> kFileSystems = {"xfs", "ext2", "ext3", "ext4", "ntfs"};
  if (auto problem = require(attachment, kRequired)) return problem;
  const auto file_system = property(attachment, "fileSystem");
  if (!file_system || std::ranges::find(kFileSystems, *file_system) != kFileSystems.end()) return std::nullopt;
  return fmt::format("attachment.attachmentProperties: fileSystem: {} is none of xfs, ext2, ext3, ext4, ntfs",
                     *file_system);
}

/// The older form, which says in a property what it is.
Problem resource_problem(const Attachment& attachment) {
  static constexpr std::array<std::string_view, 2> kElastic = {"volumeID", "deviceName"};
  static constexpr std::array<std::string_view, 5> kEphemeral = {"volumeID", "deviceName", "volumeSizeInGiB",
                                                                 "requestedSizeInGiB", "resourceID"};
  const auto type = property(attachment, "resourceType");
  if (type == "ElasticBlockStorage") return require(attachment, kElastic);
  if (type == "EphemeralStorage") return require(attachment, kEphemeral);
  return "attachment.attachmentProperties: resourceType: must be ElasticBlockStorage or EphemeralStorage";
}

}  // namespace

bool is_arn(std::string_view text) { return text.starts_with("arn:") && std::ranges::count(text, ':') >= 5; }

Problem problem_of(const PayloadMessage& message) {
  if (empty(message.message_id)) return missing("messageId");
  if (empty(message.cluster_arn)) return missing("clusterArn");
  if (empty(message.container_instance_arn)) return missing("containerInstanceArn");
  return std::nullopt;
}

Problem problem_of(const IamRoleCredentialsMessage& message) {
  if (empty(message.message_id)) return missing("messageId");
  if (empty(message.task_arn)) return missing("taskArn");
  if (!message.role_credentials) return missing("roleCredentials");
  if (empty(message.role_credentials->credentials_id)) return missing("roleCredentials.credentialsId");
  if (message.role_type == "TaskApplication" || message.role_type == "TaskExecution") return std::nullopt;
  return "roleType: must be TaskApplication or TaskExecution";
}

Problem problem_of(const AttachTaskNetworkInterfacesMessage& message) {
  if (empty(message.task_arn)) return missing("taskArn");
  return interfaces_problem(message);
}

Problem problem_of(const AttachInstanceNetworkInterfacesMessage& message) { return interfaces_problem(message); }

Problem problem_of(const ConfirmAttachmentMessage& message) {
  if (empty(message.message_id)) return missing("messageId");
  if (!is_arn(message.cluster_arn.value_or(""))) return "clusterArn: not an ARN";
  if (!is_arn(message.container_instance_arn.value_or(""))) return "containerInstanceArn: not an ARN";
  if (!message.attachment) return missing("attachment");
  const Attachment& attachment = *message.attachment;
  if (!is_arn(attachment.attachment_arn.value_or(""))) return "attachment.attachmentArn: not an ARN";
  for (std::size_t i = 0; i < attachment.attachment_properties.size(); ++i) {
    const auto& one = attachment.attachment_properties[i];
    if (empty(one.name)) return missing(fmt::format("attachment.attachmentProperties[{}].name", i));
    if (empty(one.value)) return missing(fmt::format("attachment.attachmentProperties[{}].value", i));
  }
  return attachment.attachment_type == "amazonebs" ? ebs_problem(attachment) : resource_problem(attachment);
}

Problem problem_of(const ElasticNetworkInterface& interface) {
  const bool only_ipv6 = !interface.ipv6_addresses.empty() && interface.ipv4_addresses.empty();
  if (!only_ipv6 && interface.ipv4_addresses.empty()) {
    return "eni message validation: no ipv4 addresses in the message";
  }
  if (auto problem = only_ipv6 ? gateway_problem(interface.subnet_gateway_ipv6_address, "ipv6")
                               : gateway_problem(interface.subnet_gateway_ipv4_address, "ipv4")) {
    return problem;
  }
  if (!interface.mac_address) return "eni message validation: empty eni mac address in the message";
  if (!interface.ec2_id) return "eni message validation: empty eni id in the message";
  const auto protocol = interface.interface_association_protocol.value_or("default");
  if (protocol != "default" && protocol != "vlan") {
    return fmt::format("invalid interface association protocol: {}", protocol);
  }
  const auto& vlan = interface.interface_vlan_properties;
  if (protocol == "vlan" && (!vlan || empty(vlan->vlan_id) || empty(vlan->trunk_interface_mac_address))) {
    return "vlan interface properties missing";
  }
  return std::nullopt;
}

}  // namespace ecs::acs
