// One HTTP exchange on one connection.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/async.hpp"
#include "base/clock.hpp"
#include "base/secret.hpp"
#include "net/detail/http_parser.hpp"
#include "net/detail/io.hpp"
#include "net/endpoint.hpp"
#include "net/http.hpp"

namespace ecs::net::detail {

inline constexpr std::size_t kReadChunk = 16U << 10U;

struct Connection {
  Connector::HttpRoute route;
  std::string buffer;  ///< Read, but not used yet.
  bool reused = false;
  base::Instant idle_since{};

  [[nodiscard]] Stream& stream() const { return *route.stream; }
};

/// Sends the request and reads the head of its answer; interim answers (100) are skipped. `answered` becomes true with
/// the first byte of an answer. Throws Error. The deadline watches the connection meanwhile.
base::Async<std::unique_ptr<HttpParser>> send_request(Connection& connection, Request request, std::string authority,
                                                      Deadline& deadline, bool& answered);

/// Reads until the parser holds a piece of the body or is done.
base::Async<> read_body_some(Connection& connection, HttpParser& parser, Deadline& deadline);
/// Without a time limit. `what` is for messages.
base::Async<> read_body_some(Connection& connection, HttpParser& parser, std::string what);

/// The rest of the answer. A body over `max_body` is Error::kProtocol.
base::Async<Response> read_answer(Connection& connection, HttpParser& parser, std::size_t max_body, Deadline& deadline);

}  // namespace ecs::net::detail
