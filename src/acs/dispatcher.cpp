#include "acs/dispatcher.hpp"

#include <algorithm>
#include <exception>
#include <set>
#include <utility>

#include "acs/validation.hpp"
#include "log/log.hpp"

namespace ecs::acs {

namespace {

std::string shown(const Text& text) { return text.value_or(""); }

/// Whether to go on with a message; logs the reason when not.
template <class Message>
bool acceptable(const Message& message) {
  const auto problem = problem_of(message);
  if (!problem) return true;
  log::error("Message from ACS is not valid and is ignored",
             {{"type", Message::kType}, {"messageID", shown(message.message_id)}, {"error", *problem}});
  return false;
}

template <class Message>
void log_unsupported(const Message& message) {
  log::warn("Message from ACS is not supported and is ignored",
            {{"type", Message::kType}, {"messageID", shown(message.message_id)}});
}

template <class Message>
std::string ack_of(const Message& message) {
  return encode(AckRequest{message.cluster_arn, message.container_instance_arn, message.message_id});
}

template <class Message>
std::string updates_disabled(const Message& message) {
  return encode(
      NackRequest{message.cluster_arn, message.container_instance_arn, message.message_id, "Updates are disabled"});
}

/// The acknowledgement of a payload and of every credential set in it.
std::vector<std::string> acks_of(const PayloadMessage& payload) {
  std::vector<std::string> frames = {ack_of(payload)};
  const auto add = [&](const std::optional<IamRoleCredentials>& credentials) {
    if (!credentials) return;
    frames.push_back(encode(IamRoleCredentialsAckRequest{payload.message_id, credentials->expiration.value_or(""),
                                                         credentials->credentials_id.value_or("")}));
  };
  for (const auto& task : payload.tasks) {
    if (!task) continue;
    add(task->role_credentials);
    add(task->execution_role_credentials);
  }
  return frames;
}

/// The tasks that run here although the manifest does not say so.
std::vector<TaskIdentifier> stop_candidates(const TaskManifestMessage& manifest, std::vector<std::string> running) {
  std::set<std::string, std::less<>> wanted;
  for (const auto& task : manifest.tasks) {
    if (task.task_arn && task.desired_status == "RUNNING") wanted.insert(*task.task_arn);
  }
  std::vector<TaskIdentifier> candidates;
  for (auto& arn : running) {
    if (!wanted.contains(arn)) candidates.push_back({std::move(arn), manifest.cluster_arn, "STOPPED"});
  }
  return candidates;
}

}  // namespace

base::Async<std::vector<std::string>> Dispatcher::dispatch(Inbound message) {
  const std::string type(type_of(message));
  try {
    co_return co_await answer(std::move(message));
  } catch (...) {
    const auto error = std::current_exception();
    if (base::is_cancellation(error)) throw;
    log::error("Message from ACS could not be handled", {{"type", type}, {"error", error}});
  }
  co_return Frames{};
}

base::Async<std::vector<std::string>> Dispatcher::answer(Inbound message) {
  const auto pass = [this]<class Message>(Message& m) { return handle(std::move(m)); };
  return std::visit(pass, message);
}

base::Async<std::vector<std::string>> Dispatcher::handle(HeartbeatMessage message) {
  handler_.heartbeat();
  co_return Frames{encode(HeartbeatAckRequest{std::move(message.message_id)})};
}

base::Async<std::vector<std::string>> Dispatcher::handle(PayloadMessage message) {
  if (!acceptable(message)) co_return Frames{};
  auto frames = acks_of(message);
  const auto id = shown(message.message_id);
  const auto number = message.seq_num;
  bool complete = false;
  std::exception_ptr failure;
  try {
    complete = co_await handler_.payload(std::move(message));
  } catch (...) {
    failure = std::current_exception();
    if (base::is_cancellation(failure)) throw;
  }
  // Raised whatever became of the tasks: a manifest older than this payload knows nothing of them.
  if (number) sequence_number_ = std::max(sequence_number_, *number);
  if (failure) std::rethrow_exception(failure);
  if (complete) co_return frames;
  log::error("Payload from ACS is not acknowledged: not every task could be handled", {{"messageID", id}});
  co_return Frames{};
}

base::Async<std::vector<std::string>> Dispatcher::handle(IamRoleCredentialsMessage message) {
  if (!acceptable(message)) co_return Frames{};
  const auto ack = encode(IamRoleCredentialsAckRequest{message.message_id, message.role_credentials->expiration,
                                                       message.role_credentials->credentials_id});
  const auto task = shown(message.task_arn);
  if (co_await handler_.credentials(std::move(message))) co_return Frames{ack};
  log::error("Credentials from ACS are for a task that is not here", {{"task", task}});
  co_return Frames{};
}

base::Async<std::vector<std::string>> Dispatcher::handle(AttachTaskNetworkInterfacesMessage message) {
  if (!acceptable(message)) co_return Frames{};
  if (co_await handler_.attach_task_interfaces(message)) co_return Frames{ack_of(message)};
  log_unsupported(message);
  co_return Frames{};
}

base::Async<std::vector<std::string>> Dispatcher::handle(AttachInstanceNetworkInterfacesMessage message) {
  if (!acceptable(message)) co_return Frames{};
  if (co_await handler_.attach_instance_interfaces(message)) co_return Frames{ack_of(message)};
  log_unsupported(message);
  co_return Frames{};
}

base::Async<std::vector<std::string>> Dispatcher::handle(ConfirmAttachmentMessage message) {
  if (!acceptable(message)) co_return Frames{};
  if (co_await handler_.confirm_attachment(message)) co_return Frames{ack_of(message)};
  log_unsupported(message);
  co_return Frames{};
}

base::Async<std::vector<std::string>> Dispatcher::handle(TaskManifestMessage message) {
  const auto number = message.timeline.value_or(0);
  if (number <= sequence_number_) {
    log::warn("Task manifest from ACS is older than what is known and is ignored",
              {{"messageID", shown(message.message_id)}, {"timeline", number}, {"sequenceNumber", sequence_number_}});
    co_return Frames{};
  }
  auto running = handler_.running_tasks();
  if (!running) {
    log_unsupported(message);
    co_return Frames{};
  }
  co_await handler_.save_manifest_sequence(number);
  sequence_number_ = number;
  manifest_id_ = shown(message.message_id);
  Frames frames = {ack_of(message)};
  auto candidates = stop_candidates(message, *std::move(running));
  if (!candidates.empty()) {
    frames.push_back(encode(TaskStopVerificationMessage{message.message_id, std::move(candidates)}));
  }
  co_return frames;
}

base::Async<std::vector<std::string>> Dispatcher::handle(TaskStopVerificationAck message) {
  if (manifest_id_.empty() || message.message_id != manifest_id_) {
    log::error("Stop confirmation from ACS belongs to no manifest and is ignored",
               {{"messageID", shown(message.message_id)}, {"manifestMessageID", manifest_id_}});
    co_return Frames{};
  }
  manifest_id_.clear();
  std::vector<std::string> arns;
  for (auto& task : message.stop_tasks) {
    if (task.task_arn) arns.push_back(*std::move(task.task_arn));
  }
  log::info("Stopping tasks that ACS has confirmed as unwanted", {{"tasks", arns}});
  co_await handler_.stop_tasks(std::move(arns));
  co_return Frames{};
}

base::Async<std::vector<std::string>> Dispatcher::handle(StageUpdateMessage message) {
  if (shown(message.message_id).empty()) {
    log::error("Message from ACS is not valid and is ignored",
               {{"type", StageUpdateMessage::kType}, {"error", "messageId: missing or empty"}});
    co_return Frames{};
  }
  co_return Frames{updates_disabled(message)};
}

base::Async<std::vector<std::string>> Dispatcher::handle(PerformUpdateMessage message) {
  co_return Frames{updates_disabled(message)};
}

base::Async<std::vector<std::string>> Dispatcher::handle(Notice message) {
  log::info("Notice from ACS", {{"type", message.type}, {"text", shown(message.message)}});
  co_return Frames{};
}

}  // namespace ecs::acs
