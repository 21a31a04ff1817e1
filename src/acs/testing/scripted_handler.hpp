// A handler that notes what it is asked and answers as the test says.
#pragma once

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "acs/handler.hpp"
#include "base/event.hpp"

namespace ecs::acs::testing {

class ScriptedHandler final : public Handler {
 public:
  std::vector<PayloadMessage> payloads;
  std::vector<IamRoleCredentialsMessage> refreshed;
  std::vector<std::int64_t> saved;
  std::vector<std::string> stopped;
  std::vector<std::string> attached;
  int heartbeats = 0;

  bool complete = true;   ///< The answer to payload().
  bool known = true;      ///< The answer to credentials().
  bool attaches = false;  ///< The answer to the attachments.
  std::optional<std::vector<std::string>> running;
  std::optional<std::string> failure;  ///< Every call throws this.
  base::Event* gate = nullptr;         ///< payload() waits for it.

  base::Async<bool> payload(PayloadMessage message) override {
    payloads.push_back(std::move(message));
    if (gate != nullptr) co_await gate->wait();
    fail();
    co_return complete;
  }
  base::Async<bool> credentials(IamRoleCredentialsMessage message) override {
    refreshed.push_back(std::move(message));
    fail();
    co_return known;
  }
  void heartbeat() override { ++heartbeats; }
  std::optional<std::vector<std::string>> running_tasks() override { return running; }
  base::Async<> save_manifest_sequence(std::int64_t timeline) override {
    fail();
    saved.push_back(timeline);
    co_return;
  }
  base::Async<> stop_tasks(std::vector<std::string> arns) override {
    stopped.insert(stopped.end(), arns.begin(), arns.end());
    co_return;
  }
  base::Async<bool> attach_task_interfaces(AttachTaskNetworkInterfacesMessage message) override {
    return attach(message.message_id);
  }
  base::Async<bool> attach_instance_interfaces(AttachInstanceNetworkInterfacesMessage message) override {
    return attach(message.message_id);
  }
  base::Async<bool> confirm_attachment(ConfirmAttachmentMessage message) override { return attach(message.message_id); }

 private:
  base::Async<bool> attach(Text id) {
    attached.push_back(id.value_or(""));
    fail();
    co_return attaches;
  }
  void fail() const {
    if (failure) throw std::runtime_error(*failure);
  }
};

}  // namespace ecs::acs::testing
