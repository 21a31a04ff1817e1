// Writes the heads of HTTP/1.1 messages.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include <boost/beast/http/status.hpp>

#include "base/text.hpp"
#include "net/detail/http_parser.hpp"

namespace ecs::net::detail {

namespace {

bool breaks_line(std::string_view text) {
  return std::ranges::any_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

void check_word(std::string_view word, const char* what) {
  const bool bad = word.empty() ||
                   std::ranges::any_of(word, [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == 0x7f; });
  if (bad) throw std::invalid_argument(fmt::format("{} {} cannot be sent", what, base::go_quote(word)));
}

void add(std::string& head, std::string_view name, std::string_view value) {
  head.append(name).append(": ").append(value).append("\r\n");
}

void add_all(std::string& head, const Headers& headers) {
  for (const Header& header : headers) {
    check_word(header.name, "the header name");
    if (breaks_line(header.value)) {
      throw std::invalid_argument(fmt::format("the value of the header {} has a line break in it", header.name));
    }
    add(head, header.name, header.value);
  }
}

bool may_have_body(std::string_view method) { return method == "POST" || method == "PUT" || method == "PATCH"; }

}  // namespace

std::string request_head(const Request& request, std::string_view authority) {
  check_word(request.method, "the method");
  check_word(request.target, "the target");
  std::string head = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.target);
  if (!request.headers.find("Host")) add(head, "Host", authority);
  add_all(head, request.headers);
  const bool has_length = request.headers.find("Content-Length") || request.headers.find("Transfer-Encoding");
  if (!has_length && (!request.body.empty() || may_have_body(request.method))) {
    add(head, "Content-Length", std::to_string(request.body.size()));
  }
  return head += "\r\n";
}

std::string response_head(const Response& response, std::optional<std::size_t> body_size, bool keep_alive,
                          std::string_view date) {
  std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.status, reason_phrase(response.status));
  add_all(head, response.headers);
  if (!date.empty() && !response.headers.find("Date")) add(head, "Date", date);
  const bool has_length = response.headers.find("Content-Length") || response.headers.find("Transfer-Encoding");
  const bool bodiless = response.status < 200 || response.status == 204 || response.status == 304;
  if (!has_length && !bodiless) {
    if (body_size) {
      add(head, "Content-Length", std::to_string(*body_size));
    } else {
      add(head, "Transfer-Encoding", "chunked");
    }
  }
  if (!keep_alive && !response.headers.find("Connection")) add(head, "Connection", "close");
  return head += "\r\n";
}

std::string chunk(std::string_view data) { return fmt::format("{:x}\r\n{}\r\n", data.size(), data); }

std::string_view reason_phrase(int status) {
  const auto known = boost::beast::http::int_to_status(static_cast<unsigned>(status));
  const auto words = boost::beast::http::obsolete_reason(known);
  return {words.data(), words.size()};
}

}  // namespace ecs::net::detail
