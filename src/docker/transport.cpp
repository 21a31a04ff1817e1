#include "docker/transport.hpp"

#include <fmt/format.h>

#include <utility>

#include <boost/describe.hpp>

#include "base/text.hpp"
#include "base/time_text.hpp"
#include "docker/engine_client.hpp"
#include "json/decode.hpp"

namespace ecs::docker {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kMaxErrorText = 1U << 20U;
constexpr base::Duration kErrorTextLimit = 30s;

struct ErrorAnswer {
  std::string message;
};
BOOST_DESCRIBE_STRUCT(ErrorAnswer, (), (message))

// Engines answer in JSON from API version 1.24 on, and in plain text before.
std::string message_of(const std::string& body) {
  if (!base::trim(body).starts_with('{')) return body;
  try {
    return json::decode<ErrorAnswer>(body).message;
  } catch (const json::Error&) {
    return body;
  }
}

net::HttpClientOptions options_for(Transport::Lane lane, const net::Endpoint& endpoint) {
  net::HttpClientOptions options;
  options.connect.dial = 10s;
  options.connect.use_proxy = endpoint.transport != net::Endpoint::Transport::kUnix;
  switch (lane) {
    case Transport::Lane::kQuick:
      options.max_connections = 32;
      options.max_idle = 8;
      break;
    case Transport::Lane::kOnce:
      options.max_connections = 256;
      options.max_idle = 0;
      break;
    case Transport::Lane::kStream:
      options.max_connections = 1024;
      options.max_idle = 4;
      break;
  }
  return options;
}

bool is_success(int status) { return (status >= 200 && status < 300) || status == 304; }

Error error_of_answer(int status, const std::string& body, const std::string& what) {
  if (status >= 400) return Error::from_answer(status, message_of(body));
  return Error(Error::Kind::kProtocol, fmt::format("the Docker daemon answered {} with status {}", what, status));
}

// `Post "http://%2Fvar%2Frun%2Fdocker.sock/v1.21/containers/x/start"`: how the original names a call that broke.
std::string name_call(const Call& call, const net::Endpoint& endpoint) {
  auto method = base::lower(call.method);
  method.front() = static_cast<char>(method.front() - 'a' + 'A');
  const auto place =
      endpoint.transport == net::Endpoint::Transport::kUnix ? base::percent_encode(endpoint.path) : endpoint.authority;
  return fmt::format("{} \"http://{}{}\"", method, place, make_target(call.version, call.path, call.query));
}

net::Request request_of(const Call& call) {
  net::Request request{.method = call.method,
                       .target = make_target(call.version, call.path, call.query),
                       .headers = call.headers,
                       .body = call.body};
  if (!call.body.empty() && !request.headers.find("Content-Type"))
    request.headers.set("Content-Type", "application/json");
  return request;
}

}  // namespace

base::Async<std::optional<std::string>> Body::read(std::optional<base::Duration> limit) {
  try {
    co_return co_await reader_->read(limit);
  } catch (const net::Error& error) {
    if (error.kind() == net::Error::Kind::kTimeout && limit) {
      throw Error(Error::Kind::kTimeout, fmt::format("{}: no data for {}", what_, base::go_duration(*limit)));
    }
    throw Error(Error::Kind::kBroken, fmt::format("{}: {}", what_, error.what()));
  }
}

Transport::Transport(net::Connector& connector, std::string docker_host)
    : connector_(connector),
      host_(docker_host.empty() ? std::string(kDefaultHost) : std::move(docker_host)),
      endpoint_(parse_docker_host(host_)),
      quick_(connector, endpoint_, options_for(Lane::kQuick, endpoint_)),
      once_(connector, endpoint_, options_for(Lane::kOnce, endpoint_)),
      stream_(connector, endpoint_, options_for(Lane::kStream, endpoint_)) {}

net::HttpClient& Transport::client(Lane lane) {
  if (lane == Lane::kQuick) return quick_;
  return lane == Lane::kOnce ? once_ : stream_;
}

Error Transport::explain(const net::Error& error, const Call& call, base::Duration elapsed) const {
  const std::string text(error.what());
  switch (error.kind()) {
    case net::Error::Kind::kTimeout:
      if (elapsed >= call.limit) return Error::timeout(call.transition, call.limit);
      [[fallthrough]];  // Only dialling has a shorter limit of its own.
    case net::Error::Kind::kResolve:
    case net::Error::Kind::kConnect:
    case net::Error::Kind::kTls:
      if (text.find("ermission denied") != std::string::npos) {
        return Error(Error::Kind::kConnection,
                     fmt::format("permission denied while trying to connect to the Docker daemon socket at {}: {}",
                                 host_, text));
      }
      return Error(Error::Kind::kConnection,
                   fmt::format("Cannot connect to the Docker daemon at {}. Is the docker daemon running?", host_));
    case net::Error::Kind::kProtocol:
      return Error(Error::Kind::kProtocol,
                   fmt::format("error during connect: {}: {}", name_call(call, endpoint_), text));
    case net::Error::Kind::kEof:
      return Error(Error::Kind::kBroken, fmt::format("error during connect: {}: EOF", name_call(call, endpoint_)));
    case net::Error::Kind::kReset:
      break;
  }
  return Error(Error::Kind::kBroken, fmt::format("error during connect: {}: {}", name_call(call, endpoint_), text));
}

base::Async<net::Response> Transport::send(Lane lane, Call call) {
  const auto started = clock().now();
  net::Response response;
  try {
    response = co_await client(lane).exchange(request_of(call), call.limit);
  } catch (const net::Error& error) {
    throw explain(error, call, clock().now() - started);
  }
  if (!is_success(response.status)) {
    throw error_of_answer(response.status, response.body, name_call(call, endpoint_));
  }
  co_return response;
}

base::Async<std::unique_ptr<Body>> Transport::open(Call call) {
  const auto started = clock().now();
  std::unique_ptr<net::BodyReader> reader;
  try {
    reader = co_await stream_.open(request_of(call), call.limit);
  } catch (const net::Error& error) {
    throw explain(error, call, clock().now() - started);
  }
  const auto status = reader->head().status;
  auto body = std::make_unique<Body>(std::move(reader), name_call(call, endpoint_));
  if (is_success(status)) co_return body;

  std::string text;
  while (text.size() < kMaxErrorText) {
    auto piece = co_await body->read(kErrorTextLimit);
    if (!piece) break;
    text += *piece;
  }
  throw error_of_answer(status, text, name_call(call, endpoint_));
}

}  // namespace ecs::docker
