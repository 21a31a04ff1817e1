// What the session asks of the rest of the agent. Calls come one at a time, in the order of the messages; a call that
// takes long delays the messages behind it, never the answers to pings.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "acs/messages.hpp"
#include "base/async.hpp"

namespace ecs::acs {

/// An exception out of any of these (other than a cancellation) is logged, the message gets no acknowledgement, and the
/// session goes on.
class Handler {
 public:
  Handler() = default;
  Handler(const Handler&) = delete;
  Handler& operator=(const Handler&) = delete;
  virtual ~Handler() = default;

  /// Converts and saves each task: STOPPED ones are handed over first, then the others; a task that is refused is
  /// reported by the handler itself. True when every task was converted and is durable: the payload and its credentials
  /// are then acknowledged. False suppresses every acknowledgement (acs.md 8.2). The envelope has been validated.
  virtual base::Async<bool> payload(PayloadMessage message) = 0;

  /// Stores the credentials, then gives them to the task in the role of `role_type`. True when the task is known. The
  /// message has been validated: ids are not empty and the role is TaskApplication or TaskExecution (acs.md 8.3).
  virtual base::Async<bool> credentials(IamRoleCredentialsMessage message) = 0;

  /// A heartbeat came: the moment for the instance's health checks. Must not block.
  virtual void heartbeat() {}

  /// The ARNs of the tasks held whose desired status is RUNNING, for the comparison with a manifest; nothing when this
  /// handler has no part in manifests, which are then logged as not supported and not acknowledged (acs.md 8.7).
  virtual std::optional<std::vector<std::string>> running_tasks() { return std::nullopt; }

  /// Makes the sequence number of an accepted manifest durable. A failure drops the manifest.
  virtual base::Async<> save_manifest_sequence(std::int64_t timeline);

  /// Sets the desired status of those of these tasks that exist to STOPPED.
  virtual base::Async<> stop_tasks(std::vector<std::string> arns);

  /// Network interfaces and volumes to wait for. True when the handler tracks them: the message is acknowledged; false,
  /// the default, when it does not support them: logged, no acknowledgement. The messages have been validated.
  virtual base::Async<bool> attach_task_interfaces(AttachTaskNetworkInterfacesMessage message);
  virtual base::Async<bool> attach_instance_interfaces(AttachInstanceNetworkInterfacesMessage message);
  virtual base::Async<bool> confirm_attachment(ConfirmAttachmentMessage message);
};

}  // namespace ecs::acs
