#include "local/agent_link.hpp"

#include <fmt/format.h>

#include "acs/messages.hpp"
#include "base/mailbox.hpp"
#include "base/text.hpp"
#include "base/time_text.hpp"
#include "json/value.hpp"
#include "local/payload.hpp"
#include "log/log.hpp"

namespace ecs::local {
namespace {

constexpr std::size_t kQueuedFrames = 1024;
constexpr base::Duration kWriteLimit = std::chrono::minutes(1);

/// A connection: the reader owns it, the writer keeps it alive until it has ended too.
class Session final : public FrameSink {
 public:
  explicit Session(std::unique_ptr<net::WebSocket> socket) : socket_(std::move(socket)) {}

  void send(std::string frame) override {
    if (!frames_.try_push(std::move(frame))) socket_->abort();  // The agent reads nothing: it connects anew.
  }

  [[nodiscard]] net::WebSocket& socket() { return *socket_; }
  void close() { frames_.close(); }

  static base::Async<> write_all(std::shared_ptr<Session> self) {
    try {
      while (auto frame = co_await self->frames_.pop()) {
        co_await self->socket_->write_text(std::move(*frame), kWriteLimit);
      }
    } catch (const net::Error&) {
      // The reader sees the same end and says so.
    } catch (const net::WebSocketClosed&) {
    }
  }

 private:
  std::unique_ptr<net::WebSocket> socket_;
  base::Mailbox<std::string> frames_{kQueuedFrames};
};

/// Reads until the connection ends; the reason why it did.
template <class OnFrame>
base::Async<std::string> read_all(net::WebSocket& socket, OnFrame& on_frame) {
  try {
    while (true) {
      const net::WebSocketMessage message = co_await socket.read();
      on_frame(message.data);
    }
  } catch (const net::WebSocketClosed& closed) {
    co_return closed.what();
  } catch (const net::Error& error) {
    co_return error.what();
  }
}

TaskIdentity identity_of(const TaskRecord& record) {
  TaskIdentity identity{.task_arn = record.task.task_arn,
                        .cluster_arn = record.task.cluster_arn,
                        .group = record.task.group,
                        .container_arns = {},
                        .gpu_ids = {}};
  for (const auto& container : record.task.containers) {
    identity.container_arns.push_back(container.container_arn);
    identity.gpu_ids.push_back(container.gpu_ids.value_or(Texts()));
  }
  return identity;
}

base::Async<> save_quietly(State& state, std::string task_arn) {
  const auto found = state.tasks().find(task_arn);
  if (found == state.tasks().end()) co_return;
  try {
    co_await state.save(found->second);
  } catch (const store::Error& error) {
    log::error("Acknowledgement could not be saved", {{"task", task_arn}, {"error", error}});
  }
}

net::Response refusal(const std::string& type, const std::string& message) {
  boost::json::object body;
  body[type] = message;
  net::Response response;
  response.status = 400;
  response.headers.add("Content-Type", "application/json");
  response.body = json::write(body);
  return response;
}

}  // namespace

std::string query_value(std::string_view target, std::string_view key) {
  const auto mark = target.find('?');
  if (mark == std::string_view::npos) return {};
  for (const auto& pair : base::split(target.substr(mark + 1), '&')) {
    const auto equals = pair.find('=');
    if (pair.substr(0, equals) != key) continue;
    if (equals == std::string::npos) return {};
    return base::percent_decode(std::string_view(pair).substr(equals + 1), base::PercentStyle::kForm);
  }
  return {};
}

AgentLink::AgentLink(State& state, base::Clock& clock, base::Random& random, base::Scope& scope, OutboxRule rule)
    : state_(state),
      clock_(clock),
      random_(random),
      scope_(scope),
      rule_(rule),
      sequence_(static_cast<std::int64_t>(base::epoch_seconds(clock.wall()))) {}

AgentLink::~AgentLink() = default;

AcsOutbox& AgentLink::outbox(const std::string& instance_arn) {
  auto& outbox = outboxes_[instance_arn];
  if (!outbox) outbox = std::make_unique<AcsOutbox>(clock_, random_, rule_);
  return *outbox;
}

std::string AgentLink::payload_frame(const TaskRecord& record, const std::string& message_id) {
  acs::PayloadMessage message;
  message.message_id = message_id;
  message.cluster_arn = record.task.cluster_arn;
  message.container_instance_arn = record.task.container_instance_arn;
  message.generated_at = static_cast<std::int64_t>(base::epoch_seconds(clock_.wall()) * 1000);
  message.seq_num = ++sequence_;
  message.timeline = sequence_;
  const auto& definition = state_.definitions().at(record.task.task_definition_arn).definition;
  acs::Task task = to_payload(definition, record.task.overrides, identity_of(record));
  task.desired_status = record.task.desired_status;
  message.tasks.emplace_back(std::move(task));
  return acs::encode(message);
}

void AgentLink::send(const TaskRecord& record) {
  if (!state_.definitions().contains(record.task.task_definition_arn)) {
    log::error("Task without its definition is not sent", {{"task", record.task.task_arn}});
    return;
  }
  std::string message_id = random_.uuid();
  std::string frame = payload_frame(record, message_id);
  outbox(record.task.container_instance_arn).post(record.task.task_arn, std::move(message_id), std::move(frame));
}

void AgentLink::forget(const std::string& task_arn) {
  for (auto& [arn, outbox] : outboxes_) outbox->drop(task_arn);
}

void AgentLink::restore() {
  for (const auto& [arn, record] : state_.tasks()) {
    if (record.task.last_status == "STOPPED") continue;
    const bool acked = record.task.desired_status == "STOPPED" ? record.stop_acked : record.run_acked;
    if (!acked) send(record);
  }
}

void AgentLink::acknowledged(const std::string& instance_arn, const std::string& message_id) {
  const auto task_arn = outbox(instance_arn).acknowledge(message_id);
  if (!task_arn) {
    log::debug("Acknowledgement of no waiting message", {{"messageId", message_id}});
    return;
  }
  const auto found = state_.tasks().find(*task_arn);
  if (found == state_.tasks().end()) return;
  TaskRecord& record = found->second;
  (record.task.desired_status == "STOPPED" ? record.stop_acked : record.run_acked) = true;
  scope_.spawn("save acknowledgement", save_quietly(state_, *task_arn));
}

void AgentLink::receive(const std::string& instance_arn, std::string_view frame) {
  try {
    const acs::Outbound message = acs::decode_outbound(frame);
    if (const auto* ack = std::get_if<acs::AckRequest>(&message)) {
      acknowledged(instance_arn, ack->message_id.value_or(""));
    } else if (const auto* nack = std::get_if<acs::NackRequest>(&message)) {
      log::warn("Agent refused a message",
                {{"messageId", nack->message_id.value_or("")}, {"reason", nack->reason.value_or("")}});
    }
  } catch (const acs::DecodeError& error) {
    log::warn("Frame of the agent is no message", {{"error", error}});
  }
}

bool AgentLink::connected(const std::string& instance_arn) const {
  const auto found = outboxes_.find(instance_arn);
  return found != outboxes_.end() && found->second->connected();
}

std::size_t AgentLink::waiting(const std::string& instance_arn) const {
  const auto found = outboxes_.find(instance_arn);
  return found == outboxes_.end() ? 0 : found->second->waiting();
}

void AgentLink::set_connected(const std::string& instance_arn, const std::string& target, bool connected) {
  ContainerInstance& instance = state_.instances().at(instance_arn).instance;
  instance.agent_connected = connected;
  if (connected) {
    const std::string docker = query_value(target, "dockerVersion");
    instance.version_info = {.agent_version = query_value(target, "agentVersion"),
                             .agent_hash = query_value(target, "agentHash"),
                             .docker_version = docker};
  }
  changed_.pulse();
}

base::Async<> AgentLink::serve_acs(net::ServerExchange& exchange) {
  const std::string target = exchange.request().target;
  const std::string arn = query_value(target, "containerInstanceArn");
  if (!exchange.wants_websocket()) {
    co_return co_await exchange.respond(refusal("BadRequestException", "ACS is a websocket"));
  }
  if (!state_.instances().contains(arn)) {
    co_return co_await exchange.respond(
        refusal("InvalidInstanceException", fmt::format("containerInstanceArn: '{}' is not registered here", arn)));
  }
  const auto session = std::make_shared<Session>(co_await exchange.accept_websocket());
  scope_.spawn("acs writer", Session::write_all(session));
  // Ends the connection's part in everything, however the reader ends.
  const auto leave = [this, &arn, &target](Session* ending) {
    outbox(arn).disconnect(*ending);
    set_connected(arn, target, outbox(arn).connected());
    ending->close();
  };
  const std::unique_ptr<Session, decltype(leave)> connection(session.get(), leave);
  outbox(arn).connect(*session);
  set_connected(arn, target, true);
  log::info("Agent connected", {{"containerInstance", arn}});
  auto on_frame = [this, &arn](const std::string& frame) { receive(arn, frame); };
  const std::string why = co_await read_all(session->socket(), on_frame);
  log::info("Agent disconnected", {{"containerInstance", arn}, {"reason", why}});
}

base::Async<> serve_tcs(net::ServerExchange& exchange) {
  if (!exchange.wants_websocket()) {
    co_return co_await exchange.respond(refusal("BadRequestException", "telemetry is a websocket"));
  }
  const std::unique_ptr<net::WebSocket> socket = co_await exchange.accept_websocket();
  try {
    while (true) {
      const net::WebSocketMessage message = co_await socket->read();
      // A report may carry signed headers in front of its body.
      const auto body = message.data.rfind("\r\n\r\n");
      const std::string_view text = std::string_view(message.data).substr(body == std::string::npos ? 0 : body + 4);
      const bool metrics = text.find("PublishMetricsRequest") != std::string_view::npos;
      const bool health = text.find("PublishHealthRequest") != std::string_view::npos;
      if (!metrics && !health) continue;
      co_await socket->write_text(fmt::format(R"({{"type":"{}","message":{{"message":"ok"}}}})",
                                              metrics ? "AckPublishMetric" : "AckPublishHealth"),
                                  kWriteLimit);
    }
  } catch (const net::WebSocketClosed&) {
    // Telemetry comes back by itself.
  } catch (const net::Error&) {
  }
}

}  // namespace ecs::local
