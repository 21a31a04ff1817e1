// Reads HTTP/1.1 messages from bytes. The only door to Beast's parser.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "net/http.hpp"
#include "net/stream.hpp"

namespace ecs::net::detail {

/// One message. Bytes go in by put(), the body comes out in pieces by take_body().
class HttpParser {
 public:
  enum class Kind { kRequest, kResponse };

  /// A head of more than `header_limit` bytes is an error.
  HttpParser(Kind kind, std::size_t header_limit);
  ~HttpParser();
  HttpParser(const HttpParser&) = delete;
  HttpParser& operator=(const HttpParser&) = delete;

  /// The message has no body whatever its head says: an answer to HEAD or to CONNECT.
  void skip_body();

  /// The number of bytes used; the others are to be given again with more behind them, or, when done(), belong to the
  /// next message. Throws Error::kProtocol.
  std::size_t put(std::string_view bytes);
  /// The peer ended the stream. Throws Error::kEof when that is in the middle of the message.
  void put_eof();

  [[nodiscard]] bool head_done() const;
  [[nodiscard]] bool done() const;
  /// Why the head was refused: 431 when it was too long, else 400. For servers.
  [[nodiscard]] int refusal() const;

  /// Once the head is done. Without body.
  [[nodiscard]] Request& request();
  [[nodiscard]] Response& response();
  /// Once done: whether the connection may be used again.
  [[nodiscard]] bool keep_alive() const;
  /// What came of the body since the last call.
  [[nodiscard]] std::string take_body();
  [[nodiscard]] std::size_t body_waiting() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// The head of a message as sent. Host comes first and Content-Length last, unless the headers have them. Throws
/// std::invalid_argument when a line break would get into the head.
[[nodiscard]] std::string request_head(const Request& request, std::string_view authority);
/// `body_size` unset: chunked. `date` may be empty. An answer without a body by its status gets no length.
[[nodiscard]] std::string response_head(const Response& response, std::optional<std::size_t> body_size, bool keep_alive,
                                        std::string_view date);
/// One chunk of a chunked body.
[[nodiscard]] std::string chunk(std::string_view data);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

/// The standard words for a status: `Not Found`.
[[nodiscard]] std::string_view reason_phrase(int status);

}  // namespace ecs::net::detail
