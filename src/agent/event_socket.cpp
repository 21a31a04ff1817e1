#include "agent/event_socket.hpp"

#include <chrono>
#include <optional>
#include <stdexcept>

#include <boost/describe/class.hpp>

#include "base/clock.hpp"
#include "base/time_text.hpp"
#include "json/json.hpp"
#include "log/log.hpp"
#include "net/stream.hpp"

namespace ecs::agent {

namespace {

constexpr std::size_t kQueued = 4096;

struct Line {
  std::string time;
  std::string kind;
  std::string task;
  std::optional<std::string> container;
  std::optional<std::string> status;
  std::optional<std::string> reason;
  std::optional<int> exit_code;
  std::optional<std::string> runtime_id;
  std::optional<std::string> image;
  std::optional<std::string> layer;
  std::optional<std::string> detail;
  std::optional<std::int64_t> current;
  std::optional<std::int64_t> total;
};
BOOST_DESCRIBE_STRUCT(Line, (),
                      (time, kind, task, container, status, reason, exit_code, runtime_id, image, layer, detail,
                       current, total))

std::string kind_word(engine::Event::Kind kind) {
  switch (kind) {
    case engine::Event::Kind::kTaskStatus:
      return "task-status";
    case engine::Event::Kind::kContainerStatus:
      return "container-status";
    case engine::Event::Kind::kPullProgress:
      return "pull-progress";
    case engine::Event::Kind::kHealth:
      return "health";
  }
  return "unknown";
}

std::optional<std::string> unless_empty(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

}  // namespace

std::string event_line(const engine::Event& event) {
  Line line;
  line.time = base::rfc3339_nano(event.time);
  line.kind = kind_word(event.kind);
  line.task = event.task;
  line.container = unless_empty(event.container);
  line.status = unless_empty(event.status);
  line.reason = unless_empty(event.reason);
  line.exit_code = event.exit_code;
  line.runtime_id = unless_empty(event.runtime_id);
  line.image = unless_empty(event.image);
  if (event.kind == engine::Event::Kind::kPullProgress) {
    line.layer = event.layer;
    line.detail = event.detail;
    line.current = event.current;
    line.total = event.total;
  }
  return json::encode(line) + "\n";
}

EventSocket::EventSocket(net::Connector& connector, const std::string& address)
    : connector_(connector), endpoint_(net::parse_url(address).endpoint), lines_(kQueued) {
  if (endpoint_.transport != net::Endpoint::Transport::kUnix) {
    throw std::invalid_argument("ECS_LOCAL_EVENTS: expected unix:///path, got " + address);
  }
}

void EventSocket::emit(const engine::Event& event) { (void)lines_.try_push(event_line(event)); }

base::Async<> EventSocket::run() {
  while (true) {
    try {
      co_await write_until_it_breaks();
    } catch (const net::Error& e) {
      log::debug("The local event stream is down", {{"error", e}});
    }
    co_await connector_.clock().sleep_for(std::chrono::seconds(1));
  }
}

base::Async<> EventSocket::write_until_it_breaks() {
  const auto stream = co_await connector_.connect(endpoint_, {});
  while (true) {
    auto line = co_await lines_.pop();
    co_await net::write(*stream, std::move(*line));
  }
}

}  // namespace ecs::agent
