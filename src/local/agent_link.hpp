// The control plane's end of ACS and of telemetry.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "base/event.hpp"
#include "base/random.hpp"
#include "base/scope.hpp"
#include "local/acs_outbox.hpp"
#include "local/operations.hpp"
#include "local/state.hpp"
#include "net/http_server.hpp"

namespace ecs::local {

/// Sends tasks to the agents of their instances. Writers of connections, and the saving of acknowledgements, run in
/// `scope`, which must be joined before this goes.
class AgentLink final : public TaskSender {
 public:
  AgentLink(State& state, base::Clock& clock, base::Random& random, base::Scope& scope, OutboxRule rule = {});
  ~AgentLink() override;

  void send(const TaskRecord& task) override;
  void forget(const std::string& task_arn) override;

  /// Posts what had not been acknowledged when the control plane last ended.
  void restore();

  /// One ACS connection, until it ends. Refuses instances that are not registered, as ACS does.
  base::Async<> serve_acs(net::ServerExchange& exchange);

  /// One frame of the agent. Frames that are no message, and acknowledgements of what nobody waits for, are logged.
  void receive(const std::string& instance_arn, std::string_view frame);

  [[nodiscard]] bool connected(const std::string& instance_arn) const;
  [[nodiscard]] std::size_t waiting(const std::string& instance_arn) const;
  /// Pulsed when a connection comes or goes.
  [[nodiscard]] base::Event& changed() { return changed_; }

  /// For tests: the outbox of an instance, made when there is none.
  AcsOutbox& outbox(const std::string& instance_arn);

 private:
  void acknowledged(const std::string& instance_arn, const std::string& message_id);
  void set_connected(const std::string& instance_arn, const std::string& target, bool connected);
  [[nodiscard]] std::string payload_frame(const TaskRecord& task, const std::string& message_id);

  State& state_;
  base::Clock& clock_;
  base::Random& random_;
  base::Scope& scope_;
  OutboxRule rule_;
  std::map<std::string, std::unique_ptr<AcsOutbox>> outboxes_;
  std::int64_t sequence_ = 0;
  base::Event changed_;
};

/// One telemetry connection, until it ends: every report is acknowledged and dropped.
base::Async<> serve_tcs(net::ServerExchange& exchange);

/// The value of `key` in the query of a request target, decoded; empty when it is not there.
[[nodiscard]] std::string query_value(std::string_view target, std::string_view key);

}  // namespace ecs::local
