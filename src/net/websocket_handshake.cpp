#include <fmt/format.h>
#include <openssl/rand.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/text.hpp"
#include "net/detail/http_exchange.hpp"
#include "net/detail/websocket_connection.hpp"
#include "net/websocket.hpp"

namespace ecs::net {

namespace detail {

std::string accept_key(std::string_view key) {
  const std::string text = std::string(key) + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 1.3
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return base::base64_encode(std::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

bool has_token(std::string_view list, std::string_view token) {
  const auto parts = base::split(list, ',');
  return std::ranges::any_of(parts,
                             [token](const std::string& p) { return base::equal_ignoring_case(base::trim(p), token); });
}

}  // namespace detail

namespace {

using detail::Deadline;

constexpr std::size_t kRefusalLimit = 1024;  // acs.md 3.7
constexpr std::size_t kKeyBytes = 16;

std::string make_key() {
  std::array<unsigned char, kKeyBytes> bytes{};
  RAND_bytes(bytes.data(), static_cast<int>(bytes.size()));
  return base::base64_encode(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

Request upgrade_request(std::string target, const Headers& headers, const std::string& key) {
  Request request;
  request.target = std::move(target);
  request.headers = {
      {"Connection", "Upgrade"}, {"Upgrade", "websocket"}, {"Sec-WebSocket-Version", "13"}, {"Sec-WebSocket-Key", key}};
  for (const Header& header : headers) request.headers.add(header.name, header.value);
  return request;
}

bool is_accepted(const Response& response, const std::string& key) {
  return response.status == 101 && detail::has_token(response.headers.get("Upgrade"), "websocket") &&
         detail::has_token(response.headers.get("Connection"), "upgrade") &&
         response.headers.get("Sec-WebSocket-Accept") == detail::accept_key(key);
}

/// What there is of the body, at most as much as the original looks at.
base::Async<std::string> read_refusal(detail::Connection& connection, detail::HttpParser& parser, Deadline& deadline) {
  std::string body = parser.take_body();
  try {
    while (body.size() < kRefusalLimit && !parser.done()) {
      co_await detail::read_body_some(connection, parser, deadline);
      body += parser.take_body();
    }
  } catch (const Error&) {
    // A body that breaks off is still worth telling.
  }
  body.resize(std::min(body.size(), kRefusalLimit));
  co_return body;
}

base::Async<std::unique_ptr<WebSocket>> upgrade(detail::Connection connection, Request request, std::string authority,
                                                std::string key, base::Clock& clock, Deadline& deadline) {
  const detail::Watch watch(deadline, connection.stream());
  bool answered = false;
  auto parser = co_await detail::send_request(connection, std::move(request), std::move(authority), deadline, answered);
  Response& response = parser->response();
  if (is_accepted(response, key)) {
    deadline.watch(nullptr);
    co_return detail::make_websocket(std::move(connection.route.stream), clock, detail::WebSocketRole::kClient,
                                     std::move(connection.buffer));
  }
  response.body = co_await read_refusal(connection, *parser, deadline);
  const std::string message =
      response.status == 101 ? std::string("the server's answer to the websocket handshake does not fit the request")
                             : fmt::format("the server answered {} to the websocket handshake", response.status);
  throw HandshakeRefused(std::move(response), message);
}

}  // namespace

base::Async<std::unique_ptr<WebSocket>> connect_websocket(Connector& connector, Endpoint endpoint, std::string target,
                                                          Headers headers, base::Duration limit) {
  Deadline deadline(connector.clock(), limit, "websocket handshake with " + describe(endpoint));
  ConnectOptions options;
  options.dial = limit;
  options.tls_handshake = limit;
  detail::Connection connection;
  try {
    connection.route.stream = co_await connector.connect(endpoint, options);
  } catch (const Error&) {
    if (deadline.expired()) throw deadline.timeout("connecting");
    throw;
  }
  std::string key = make_key();
  Request request = upgrade_request(std::move(target), headers, key);
  co_return co_await upgrade(std::move(connection), std::move(request), endpoint.authority, std::move(key),
                             connector.clock(), deadline);
}

}  // namespace ecs::net
