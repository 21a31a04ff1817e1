#include "ctl/client.hpp"

#include <boost/describe/class.hpp>

#include "local/status.hpp"

namespace ecs::ctl {

BOOST_DESCRIBE_STRUCT(AgentEvent, (),
                      (kind, task, container, status, reason, exit_code, runtime_id, image, layer, detail, current,
                       total))

namespace {

constexpr base::Duration kLimit = std::chrono::seconds(30);
constexpr base::Duration kStatusLimit = std::chrono::seconds(3);
constexpr base::Duration kSilence = std::chrono::seconds(30);  // The stream shows a sign of life every two seconds.

struct Problem {
  static constexpr json::Rename kJsonNames[] = {{"type", "__type"}};
  std::string type;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(Problem, (), (type, message))

[[noreturn]] void refuse(const net::Response& response) {
  Problem problem;
  try {
    problem = json::decode<Problem>(response.body);
  } catch (const json::Error&) {
    problem.message = response.body;
  }
  throw CallRefused(problem.type + (problem.type.empty() ? "" : ": ") + problem.message);
}

net::Request get(std::string target) {
  net::Request request;
  request.target = std::move(target);
  return request;
}

}  // namespace

base::Async<std::optional<AgentEvent>> EventLines::next() {
  while (true) {
    const auto end = buffer_.find('\n');
    if (end == std::string::npos) {
      auto piece = co_await reader_->read(kSilence);
      if (!piece) co_return std::nullopt;
      buffer_ += *piece;
      continue;
    }
    const std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 1);
    if (line.empty()) continue;
    try {
      co_return json::decode<AgentEvent>(line);
    } catch (const json::Error&) {
      continue;  // Another version's event: nothing that this program could show.
    }
  }
}

Client::Client(net::Connector& connector, const std::string& endpoint)
    : http_(std::make_shared<net::HttpClient>(connector, net::parse_url(endpoint).endpoint)) {}

base::Async<std::string> Client::post(std::string operation, std::string body) {
  net::Request request;
  request.method = "POST";
  request.headers.add("Content-Type", "application/x-amz-json-1.1");
  request.headers.add("X-Amz-Target", "AmazonEC2ContainerServiceV20141113." + operation);
  request.body = std::move(body);
  net::Response response = co_await http_->exchange(std::move(request), kLimit);
  if (response.status != 200) refuse(response);
  co_return std::move(response.body);
}

base::Async<local::Status> Client::status() {
  const net::Response response = co_await http_->exchange(get("/local/status"), kStatusLimit);
  if (response.status != 200) refuse(response);
  co_return json::decode<local::Status>(response.body);
}

base::Async<AgentState> Client::agent_state() {
  const net::Response response = co_await http_->exchange(get("/local/state"), kLimit);
  if (response.status != 200) refuse(response);
  co_return json::decode<AgentState>(response.body);
}

base::Async<> Client::ask_to_end() {
  net::Request request;
  request.method = "POST";
  request.target = "/local/down";
  const net::Response response = co_await http_->exchange(std::move(request), kLimit);
  if (response.status != 202) refuse(response);
}

base::Async<EventLines> Client::events() {
  auto reader = co_await http_->open(get("/local/events"), kLimit);
  if (reader->head().status != 200) throw CallRefused("the event stream is not served");
  co_return EventLines(std::move(reader));
}

}  // namespace ecs::ctl
