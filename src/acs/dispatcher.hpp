// From a decoded message to what is sent back: the rules of acs.md 7, 8 and 11, without a connection.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "acs/handler.hpp"
#include "acs/messages.hpp"
#include "base/async.hpp"

namespace ecs::acs {

/// Lives as long as the session: the sequence number and the last manifest survive a reconnect.
class Dispatcher {
 public:
  /// `sequence_number` is the highest manifest number that was made durable: -1 without checkpointing, 0 when there is
  /// none yet.
  Dispatcher(Handler& handler, std::int64_t sequence_number) : handler_(handler), sequence_number_(sequence_number) {}

  /// The frames to send in answer, often none. A message that is refused or fails is logged. Throws only when
  /// cancelled. One at a time.
  base::Async<std::vector<std::string>> dispatch(Inbound message);

  /// The highest of the payloads' and the manifests' sequence numbers.
  [[nodiscard]] std::int64_t sequence_number() const noexcept { return sequence_number_; }

 private:
  using Frames = std::vector<std::string>;
  base::Async<Frames> answer(Inbound message);
  base::Async<Frames> handle(HeartbeatMessage message);
  base::Async<Frames> handle(PayloadMessage message);
  base::Async<Frames> handle(IamRoleCredentialsMessage message);
  base::Async<Frames> handle(AttachTaskNetworkInterfacesMessage message);
  base::Async<Frames> handle(AttachInstanceNetworkInterfacesMessage message);
  base::Async<Frames> handle(ConfirmAttachmentMessage message);
  base::Async<Frames> handle(TaskManifestMessage message);
  base::Async<Frames> handle(TaskStopVerificationAck message);
  base::Async<Frames> handle(StageUpdateMessage message);
  base::Async<Frames> handle(PerformUpdateMessage message);
  base::Async<Frames> handle(Notice message);

  Handler& handler_;
  std::int64_t sequence_number_;
  std::string manifest_id_;  ///< Of the last accepted manifest; empty once its stops were confirmed.
};

}  // namespace ecs::acs
