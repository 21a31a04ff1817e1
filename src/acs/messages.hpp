// The messages of ACS and their envelope (acs.md 4 and 8).
#pragma once

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <boost/describe/class.hpp>

#include "acs/task_shapes.hpp"
#include "json/encode.hpp"

namespace ecs::acs {

// Each message has its wire type as kType.

struct HeartbeatMessage {
  static constexpr std::string_view kType = "HeartbeatMessage";
  Text message_id;
  Flag healthy;
};
BOOST_DESCRIBE_STRUCT(HeartbeatMessage, (), (message_id, healthy))

struct HeartbeatAckRequest {
  static constexpr std::string_view kType = "HeartbeatAckRequest";
  Text message_id;
};
BOOST_DESCRIBE_STRUCT(HeartbeatAckRequest, (), (message_id))

struct PayloadMessage {
  static constexpr std::string_view kType = "PayloadMessage";
  Text message_id;
  Text cluster_arn;
  Text container_instance_arn;
  std::vector<std::optional<Task>> tasks;  ///< A null in the list is an invalid task without an ARN.
  Integer generated_at;                    ///< Milliseconds since 1970.
  Integer seq_num;
  Integer timeline;
};
BOOST_DESCRIBE_STRUCT(PayloadMessage, (),
                      (message_id, cluster_arn, container_instance_arn, tasks, generated_at, seq_num, timeline))

struct AckRequest {
  static constexpr std::string_view kType = "AckRequest";
  Text cluster;
  Text container_instance;
  Text message_id;
};
BOOST_DESCRIBE_STRUCT(AckRequest, (), (cluster, container_instance, message_id))

struct NackRequest {
  static constexpr std::string_view kType = "NackRequest";
  Text cluster;
  Text container_instance;
  Text message_id;
  Text reason;
};
BOOST_DESCRIBE_STRUCT(NackRequest, (), (cluster, container_instance, message_id, reason))

struct IamRoleCredentialsMessage {
  static constexpr std::string_view kType = "IAMRoleCredentialsMessage";
  Text message_id;
  Text task_arn;
  Text task_cluster_arn;
  Text role_type;  ///< TaskApplication or TaskExecution.
  std::optional<IamRoleCredentials> role_credentials;
};
BOOST_DESCRIBE_STRUCT(IamRoleCredentialsMessage, (),
                      (message_id, task_arn, task_cluster_arn, role_type, role_credentials))

struct IamRoleCredentialsAckRequest {
  static constexpr std::string_view kType = "IAMRoleCredentialsAckRequest";
  Text message_id;
  Text expiration;
  Text credentials_id;
};
BOOST_DESCRIBE_STRUCT(IamRoleCredentialsAckRequest, (), (message_id, expiration, credentials_id))

struct AttachTaskNetworkInterfacesMessage {
  static constexpr std::string_view kType = "AttachTaskNetworkInterfacesMessage";
  Text message_id;
  Text cluster_arn;
  Text container_instance_arn;
  Text task_arn;
  Text task_cluster_arn;
  Integer generated_at;
  Integer wait_timeout_ms;
  std::vector<ElasticNetworkInterface> elastic_network_interfaces;
};
BOOST_DESCRIBE_STRUCT(AttachTaskNetworkInterfacesMessage, (),
                      (message_id, cluster_arn, container_instance_arn, task_arn, task_cluster_arn, generated_at,
                       wait_timeout_ms, elastic_network_interfaces))

struct AttachInstanceNetworkInterfacesMessage {
  static constexpr std::string_view kType = "AttachInstanceNetworkInterfacesMessage";
  Text message_id;
  Text cluster_arn;
  Text container_instance_arn;
  Integer generated_at;
  Integer wait_timeout_ms;
  std::vector<ElasticNetworkInterface> elastic_network_interfaces;
};
BOOST_DESCRIBE_STRUCT(AttachInstanceNetworkInterfacesMessage, (),
                      (message_id, cluster_arn, container_instance_arn, generated_at, wait_timeout_ms,
                       elastic_network_interfaces))

struct ConfirmAttachmentMessage {
  static constexpr std::string_view kType = "ConfirmAttachmentMessage";
  Text message_id;
  Text cluster_arn;
  Text container_instance_arn;
  Text task_arn;
  Text task_cluster_arn;
  Integer generated_at;
  Integer wait_timeout_ms;
  std::optional<Attachment> attachment;
};
BOOST_DESCRIBE_STRUCT(ConfirmAttachmentMessage, (),
                      (message_id, cluster_arn, container_instance_arn, task_arn, task_cluster_arn, generated_at,
                       wait_timeout_ms, attachment))

struct TaskIdentifier {
  Text task_arn;
  Text task_cluster_arn;
  Text desired_status;
};
BOOST_DESCRIBE_STRUCT(TaskIdentifier, (), (task_arn, task_cluster_arn, desired_status))

struct TaskManifestMessage {
  static constexpr std::string_view kType = "TaskManifestMessage";
  Text message_id;
  Text cluster_arn;
  Text container_instance_arn;
  Integer generated_at;
  Integer timeline;
  std::vector<TaskIdentifier> tasks;
};
BOOST_DESCRIBE_STRUCT(TaskManifestMessage, (),
                      (message_id, cluster_arn, container_instance_arn, generated_at, timeline, tasks))

struct TaskStopVerificationMessage {
  static constexpr std::string_view kType = "TaskStopVerificationMessage";
  Text message_id;
  std::vector<TaskIdentifier> stop_candidates;
};
BOOST_DESCRIBE_STRUCT(TaskStopVerificationMessage, (), (message_id, stop_candidates))

struct TaskStopVerificationAck {
  static constexpr std::string_view kType = "TaskStopVerificationAck";
  Text message_id;
  Integer generated_at;
  std::vector<TaskIdentifier> stop_tasks;
};
BOOST_DESCRIBE_STRUCT(TaskStopVerificationAck, (), (message_id, generated_at, stop_tasks))

struct UpdateInfo {
  Text location;
  Text signature;
};
BOOST_DESCRIBE_STRUCT(UpdateInfo, (), (location, signature))

struct StageUpdateMessage {
  static constexpr std::string_view kType = "StageUpdateMessage";
  Text message_id;
  Text cluster_arn;
  Text container_instance_arn;
  std::optional<UpdateInfo> update_info;
};
BOOST_DESCRIBE_STRUCT(StageUpdateMessage, (), (message_id, cluster_arn, container_instance_arn, update_info))

struct PerformUpdateMessage {
  static constexpr std::string_view kType = "PerformUpdateMessage";
  Text message_id;
  Text cluster_arn;
  Text container_instance_arn;
  std::optional<UpdateInfo> update_info;
};
BOOST_DESCRIBE_STRUCT(PerformUpdateMessage, (), (message_id, cluster_arn, container_instance_arn, update_info))

/// A message of a known type that asks for nothing: CloseMessage, ErrorMessage, the exceptions, and the agent's own
/// requests should they ever come back.
struct Notice {
  std::string type;
  Text message;
};

using Inbound =
    std::variant<HeartbeatMessage, PayloadMessage, IamRoleCredentialsMessage, AttachTaskNetworkInterfacesMessage,
                 AttachInstanceNetworkInterfacesMessage, ConfirmAttachmentMessage, TaskManifestMessage,
                 TaskStopVerificationAck, StageUpdateMessage, PerformUpdateMessage, Notice>;

/// A frame that is not a message: not JSON, a member of the wrong type, no type or an unknown one. The message of the
/// error says which, and names the member's path.
class DecodeError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Reads one frame: an envelope, or the bare form of an error, `{"ServerException":"x"}`. Names are matched whatever
/// their case, unknown members are ignored, null is absent, types are strict. Throws DecodeError.
[[nodiscard]] Inbound decode(std::string_view frame);

/// The wire type of a message, for log lines.
[[nodiscard]] std::string_view type_of(const Inbound& message);

/// As decode, for the other end of the wire (the local control plane, test peers): what the agent sends.
using Outbound = std::variant<HeartbeatAckRequest, AckRequest, NackRequest, IamRoleCredentialsAckRequest,
                              TaskStopVerificationMessage>;
[[nodiscard]] Outbound decode_outbound(std::string_view frame);

namespace detail {
[[nodiscard]] std::string envelope(std::string_view type, std::string_view message);
}

/// The frame of a message: compact, keys in alphabetical order, absent members left out. For every message above that
/// has a kType.
template <class Message>
[[nodiscard]] std::string encode(const Message& message) {
  return detail::envelope(Message::kType, json::encode(message, {.escape_html = true}));
}

/// The error in the body of a refused handshake (acs.md 3.7): `InvalidClusterException: x`; nothing when the body is in
/// neither of the two forms.
[[nodiscard]] std::optional<std::string> decode_refusal(std::string_view body);

}  // namespace ecs::acs
