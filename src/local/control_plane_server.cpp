// What is served, and to whom.
#include <fmt/format.h>

#include "json/encode.hpp"
#include "local/control_plane_impl.hpp"
#include "local/ecs_api.hpp"
#include "local/peer.hpp"
#include "local/status.hpp"
#include "net/http_client.hpp"

namespace ecs::local {
namespace {

constexpr base::Duration kAgentLimit = std::chrono::seconds(5);

struct Problem {
  static constexpr json::Rename kJsonNames[] = {{"type", "__type"}};
  std::string type;
  std::string message;
};
BOOST_DESCRIBE_STRUCT(Problem, (), (type, message))

net::Response reply(int status, std::string body) {
  net::Response response;
  response.status = status;
  response.headers.add("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

net::Response problem(int status, const std::string& type, const std::string& message) {
  return reply(status, json::encode(Problem{.type = type, .message = message}));
}

}  // namespace

std::optional<std::string> ControlPlane::Impl::refusal(const net::ServerExchange& exchange) const {
  const std::string_view host = exchange.request().headers.get("Host");
  if (!is_loopback_host(host)) {
    return fmt::format("this control plane answers on 127.0.0.1 and localhost only, not as '{}'", host);
  }
  return refuse_peer(exchange.remote(), users);
}

base::Async<> ControlPlane::Impl::answer(net::ServerExchange& exchange) {
  if (const auto why = refusal(exchange)) {
    co_return co_await exchange.respond(problem(403, "AccessDeniedException", *why));
  }
  const net::Request& request = exchange.request();
  const std::string path = request.target.substr(0, request.target.find('?'));
  if (path == "/" && request.method == "POST") {
    const std::string target(request.headers.get("X-Amz-Target"));
    net::Response response = co_await answer_api_call(*context, target, request.body);
    co_return co_await exchange.respond(std::move(response));
  }
  if (path == "/acs/ws") co_return co_await link->serve_acs(exchange);
  if (path == "/tcs/ws") co_return co_await serve_tcs(exchange);
  if (path.starts_with("/latest/")) co_return co_await exchange.respond(metadata->answer(request));
  co_await answer_local(exchange, path);
}

base::Async<> ControlPlane::Impl::answer_local(net::ServerExchange& exchange, std::string path) {
  const std::string& method = exchange.request().method;
  if (path == "/local/events" && method == "GET") co_return co_await events.stream(exchange);
  if (path == "/local/status" && method == "GET") {
    co_return co_await exchange.respond(reply(200, json::encode(status())));
  }
  if (path == "/local/state" && method == "GET") {
    net::Response response = co_await ask_agent("/state");
    co_return co_await exchange.respond(std::move(response));
  }
  if (path == "/local/down" && method == "POST") {
    ended.set();
    co_return co_await exchange.respond(reply(202, json::encode(status())));
  }
  co_await exchange.respond(problem(404, "NotFound", fmt::format("{} {} is not served here", method, path)));
}

/// What the agent itself knows: what its tasks wait for, their health, their restarts.
base::Async<net::Response> ControlPlane::Impl::ask_agent(std::string target) {
  if (!sockets) co_return problem(503, "ServerException", "the agent is not running yet");
  std::string failed;
  try {
    net::HttpClient client(connector, net::parse_url("unix://" + sockets->state().string()).endpoint);
    net::Request request;
    request.target = std::move(target);
    const net::Response answer = co_await client.exchange(std::move(request), kAgentLimit);
    co_return reply(answer.status, answer.body);
  } catch (const net::Error& error) {
    failed = error.what();
  }
  co_return problem(503, "ServerException", "the agent does not answer: " + failed);
}

}  // namespace ecs::local
