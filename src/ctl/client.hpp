// A control plane as its clients see it.
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "base/async.hpp"
#include "ctl/ps_table.hpp"
#include "json/decode.hpp"
#include "json/encode.hpp"
#include "local/api_types.hpp"
#include "local/control_plane.hpp"
#include "net/http_client.hpp"

namespace ecs::ctl {

/// The control plane refused a call: `ClientException: family: required, but missing or empty`.
class CallRefused : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// A line of the agent's event stream; members that the kind does not have are empty.
struct AgentEvent {
  std::string kind;
  std::string task;
  std::string container;
  std::string status;
  std::string reason;
  std::optional<std::int32_t> exit_code;
  std::string runtime_id;
  std::string image;
  std::string layer;
  std::string detail;
  std::int64_t current = 0;
  std::int64_t total = 0;
};

class EventLines {
 public:
  explicit EventLines(std::unique_ptr<net::BodyReader> reader) : reader_(std::move(reader)) {}
  /// Nothing at the end. Throws net::Error when the stream breaks. Lines that cannot be read are left out.
  base::Async<std::optional<AgentEvent>> next();

 private:
  std::unique_ptr<net::BodyReader> reader_;
  std::string buffer_;
};

class Client {
 public:
  Client(net::Connector& connector, const std::string& endpoint);

  /// One call of the ECS API. Throws CallRefused, or net::Error when nobody answers.
  template <class Response, class Request>
  base::Async<Response> call(std::string operation, Request request) {
    const std::string body = co_await post(std::move(operation), json::encode(request));
    co_return json::decode<Response>(body);
  }
  /// The same with a body as it is.
  base::Async<std::string> post(std::string operation, std::string body);

  base::Async<local::Status> status();
  /// Throws CallRefused while the agent does not answer.
  base::Async<AgentState> agent_state();
  base::Async<> ask_to_end();
  base::Async<EventLines> events();

 private:
  std::shared_ptr<net::HttpClient> http_;
};

}  // namespace ecs::ctl
