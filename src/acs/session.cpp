#include "acs/session.hpp"

#include <fmt/core.h>

#include <array>
#include <exception>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "aws/sigv4.hpp"
#include "base/text.hpp"
#include "config/version.hpp"
#include "log/log.hpp"

namespace ecs::acs {

namespace {

using namespace std::chrono_literals;

// acs.md 6.
constexpr base::BackoffRule kBackoff{.min = 250ms, .max = 2min, .multiple = 1.5, .jitter = 0.2};
constexpr base::Duration kInactivePause = 1h;

/// What the query tells of the engine: `containerd` stands bare.
std::string engine_word(const std::string& version) {
  return version == "containerd" ? version : "DockerVersion: " + version;
}

std::string query_of(const SessionOptions& options, bool send_credentials) {
  std::string query;
  const auto add = [&query](std::string_view key, std::string_view value) {
    query +=
        fmt::format("{}{}={}", query.empty() ? "" : "&", key, base::percent_encode(value, base::PercentStyle::kForm));
  };
  // In alphabetical order.
  add("agentHash", config::kBuildHash);
  add("agentVersion", config::kCompatibleVersion);
  add("clusterArn", options.cluster);
  add("containerInstanceArn", options.container_instance_arn);
  if (!options.docker_version.empty()) add("dockerVersion", engine_word(options.docker_version));
  add("protocolVersion", "2");
  add("sendCredentials", send_credentials ? "true" : "false");
  add("seqNum", "1");
  return query;
}

/// The text of a refused handshake, with the service's own error when the body holds one.
std::string refusal_text(const net::HandshakeRefused& refused, const std::string& host) {
  const auto& body = refused.response().body;
  if (auto error = decode_refusal(body)) return *std::move(error);
  return fmt::format("websocket client: unable to dial {} response: {}: websocket: bad handshake", host, body);
}

}  // namespace

std::string session_url(const SessionOptions& options, const std::string& endpoint, bool send_credentials) {
  if (endpoint.empty()) throw std::invalid_argument("the poll endpoint is empty");
  const auto colon = endpoint.find("://");
  const auto scheme = colon == std::string::npos ? std::string() : base::lower(endpoint.substr(0, colon));
  if (scheme != "http" && scheme != "https") {
    throw std::invalid_argument(fmt::format("wsclient: unknown scheme {}", scheme));
  }
  return fmt::format("{}{}ws?{}", endpoint, endpoint.ends_with('/') ? "" : "/", query_of(options, send_credentials));
}

Session::Session(SessionOptions options, SessionParts parts)
    : options_(std::move(options)),
      parts_(std::move(parts)),
      dispatcher_(parts_.handler, options_.sequence_number),
      backoff_(kBackoff, parts_.random) {}

base::Async<> Session::run() {
  while (true) {
    const End end = co_await once();
    const auto pause = pause_after(end);
    if (pause > base::Duration::zero()) co_await parts_.clock.sleep_for(pause);
  }
}

base::Async<End> Session::once() {
  auto opened = co_await open();
  if (!opened.socket) co_return std::move(opened.failure);
  // From now on the control plane sends credentials at its own pace.
  send_credentials_ = false;
  last_connected_ = parts_.clock.wall();
  log::info("Connected to ACS", {{"containerInstanceARN", options_.container_instance_arn}});
  struct Flag {
    bool& flag;
    ~Flag() { flag = false; }
  };
  connected_ = true;
  const Flag disconnect{connected_};
  const Connection::Parts parts{.scope = parts_.scope,
                                .clock = parts_.clock,
                                .random = parts_.random,
                                .dispatcher = dispatcher_,
                                .settled = [this] { backoff_.reset(); }};
  const auto connection = Connection::make(parts, std::move(opened.socket));
  co_return co_await connection->serve();
}

base::Async<Session::Opened> Session::open() {
  Opened opened;
  std::string host;
  try {
    opened.socket = co_await handshake(host);
  } catch (const net::HandshakeRefused& e) {
    opened.failure = error_end(refusal_text(e, host));
  } catch (...) {
    const auto error = std::current_exception();
    if (base::is_cancellation(error)) throw;
    opened.failure = error_end(base::describe(error));
  }
  co_return opened;
}

base::Async<std::unique_ptr<net::WebSocket>> Session::handshake(std::string& host) {
  const auto endpoint = co_await parts_.discover();
  if (!endpoint) throw std::runtime_error("no endpoint returned");
  const auto url = net::parse_url(session_url(options_, *endpoint, send_credentials_));
  host = url.endpoint.authority;
  log::info("Connecting to ACS", {{"host", host}, {"target", url.target}});
  const auto credentials = co_await parts_.credentials.get();
  net::Headers headers{{"User-Agent", "Go-http-client/1.1"}};
  const aws::SigningScope scope{options_.region, "ecs", parts_.clock.wall()};
  for (const auto& header : aws::sign_handshake(url.endpoint.authority, url.target, credentials, scope)) {
    headers.add(header.name, header.value);
  }
  co_return co_await parts_.connector.connect(url.endpoint, url.target, std::move(headers));
}

base::Duration Session::pause_after(const End& end) {
  switch (end.kind) {
    case End::Kind::kNormal:
      log::info("ACS has closed the connection; reconnecting at once", {{"reason", end.text}});
      backoff_.reset();
      return base::Duration::zero();
    case End::Kind::kInactive:
      log::error("The container instance is deregistered; tasks keep running, the next attempt is in an hour",
                 {{"containerInstanceARN", options_.container_instance_arn}, {"error", end.text}});
      if (parts_.on_inactive) parts_.on_inactive();
      return kInactivePause;
    case End::Kind::kError:
      break;
  }
  const auto pause = backoff_.next();
  log::warn("No connection to ACS; trying again after a pause", {{"pause", pause}, {"error", end.text}});
  return pause;
}

}  // namespace ecs::acs
