#include "net/detail/http_exchange.hpp"

#include <fmt/format.h>

#include <utility>

namespace ecs::net::detail {

namespace {

constexpr std::size_t kHeadLimit = 64U << 10U;
// What a parser may leave unread: the line before a chunk. Nobody needs more.
constexpr std::size_t kUnparsedLimit = 64U << 10U;
constexpr std::size_t kJoinLimit = 16U << 10U;

base::Async<boost::system::error_code> send(Connection& connection, Request request, std::string authority) {
  request.target.insert(0, connection.route.target_prefix);
  if (!connection.route.proxy_authorization.empty()) {
    request.headers.set("Proxy-Authorization", connection.route.proxy_authorization.reveal());
  }
  std::string head = request_head(request, authority);
  // One segment for a small request; a large body is not copied for that.
  if (request.body.size() <= kJoinLimit) {
    head += request.body;
    co_return co_await write_all(connection.stream(), head);
  }
  const auto error = co_await write_all(connection.stream(), head);
  if (error) co_return error;
  co_return co_await write_all(connection.stream(), request.body);
}

std::unique_ptr<HttpParser> make_parser(bool without_body) {
  auto parser = std::make_unique<HttpParser>(HttpParser::Kind::kResponse, kHeadLimit);
  if (without_body) parser->skip_body();
  return parser;
}

bool is_interim(HttpParser& parser) {
  const int status = parser.response().status;
  return status >= 100 && status < 200 && status != 101;
}

/// Gives the parser what is there; true when that moved it to a piece of body or to its end.
bool feed(Connection& connection, HttpParser& parser, const std::string& what) {
  connection.buffer.erase(0, parser.put(connection.buffer));
  if (parser.body_waiting() > 0 || parser.done()) return true;
  if (connection.buffer.size() > kUnparsedLimit) {
    throw Error(Error::Kind::kProtocol, what + ": the head of a chunk is too long");
  }
  return false;
}

}  // namespace

base::Async<std::unique_ptr<HttpParser>> send_request(Connection& connection, Request request, std::string authority,
                                                      Deadline& deadline, bool& answered) {
  const bool without_body = request.method == "HEAD";
  const auto write_error = co_await send(connection, std::move(request), std::move(authority));
  if (deadline.expired()) throw deadline.timeout("sending");
  auto parser = make_parser(without_body);
  while (true) {
    connection.buffer.erase(0, parser->put(connection.buffer));
    if (parser->head_done()) {
      if (!is_interim(*parser)) co_return parser;
      parser = make_parser(without_body);
      continue;
    }
    // Also when the request could not be sent: a server that refuses early says why, and closes.
    const auto error = co_await read_more(connection.stream(), connection.buffer, kReadChunk);
    if (deadline.expired()) throw deadline.timeout("waiting for the answer");
    if (error) throw deadline.failure(write_error ? write_error : error);
    answered = true;
  }
}

base::Async<> read_body_some(Connection& connection, HttpParser& parser, std::string what) {
  while (!feed(connection, parser, what)) {
    const auto error = co_await read_more(connection.stream(), connection.buffer, kReadChunk);
    if (is_eof(error)) {
      parser.put_eof();
    } else if (error) {
      throw io_error(error, what);
    }
  }
}

base::Async<> read_body_some(Connection& connection, HttpParser& parser, Deadline& deadline) {
  std::exception_ptr failure;
  try {
    co_await read_body_some(connection, parser, deadline.what());
  } catch (const Error&) {
    failure = std::current_exception();
  }
  if (deadline.expired()) throw deadline.timeout("reading the body");
  if (failure) std::rethrow_exception(failure);
}

base::Async<Response> read_answer(Connection& connection, HttpParser& parser, std::size_t max_body,
                                  Deadline& deadline) {
  std::string body;
  while (true) {
    body += parser.take_body();
    if (body.size() > max_body) {
      throw Error(Error::Kind::kProtocol,
                  fmt::format("{}: the answer's body is longer than {} bytes", deadline.what(), max_body));
    }
    if (parser.done()) break;
    co_await read_body_some(connection, parser, deadline);
  }
  Response response = std::move(parser.response());
  response.body = std::move(body);
  co_return response;
}

}  // namespace ecs::net::detail
