#include "net/detail/http_parser.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>
#include <variant>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

namespace ecs::net::detail {

namespace beast = boost::beast;
namespace http = boost::beast::http;

namespace {

std::string to_string(beast::string_view text) { return {text.data(), text.size()}; }

template <bool kIsRequest>
class Parser final : public http::basic_parser<kIsRequest> {
 public:
  using Message = std::conditional_t<kIsRequest, Request, Response>;

  explicit Parser(std::size_t header_limit) {
    this->header_limit(static_cast<std::uint32_t>(header_limit));
    this->body_limit(boost::none);
    this->eager(true);
  }

  Message message;
  std::string body;

 private:
  void on_request_impl(http::verb, beast::string_view method, beast::string_view target, int,
                       beast::error_code&) override {
    if constexpr (kIsRequest) {
      message.method = to_string(method);
      message.target = to_string(target);
    }
  }
  void on_response_impl(int status, beast::string_view, int, beast::error_code&) override {
    if constexpr (!kIsRequest) message.status = status;
  }
  void on_field_impl(http::field, beast::string_view name, beast::string_view value, beast::error_code&) override {
    // Trailers come here, too; nobody wants them.
    if (!in_body_) message.headers.add(to_string(name), to_string(value));
  }
  void on_header_impl(beast::error_code&) override { in_body_ = true; }
  void on_body_init_impl(const boost::optional<std::uint64_t>&, beast::error_code&) override {}
  std::size_t on_body_impl(beast::string_view piece, beast::error_code&) override {
    body.append(piece.data(), piece.size());
    return piece.size();
  }
  void on_chunk_header_impl(std::uint64_t, beast::string_view, beast::error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, beast::string_view piece, beast::error_code&) override {
    body.append(piece.data(), piece.size());
    return piece.size();
  }
  void on_finish_impl(beast::error_code&) override {}

  bool in_body_ = false;
};

}  // namespace

struct HttpParser::Impl {
  Impl(Kind k, std::size_t header_limit) : kind(k) {
    if (k == Kind::kRequest) {
      parser.emplace<Parser<true>>(header_limit);
    } else {
      parser.emplace<Parser<false>>(header_limit);
    }
  }

  template <class F>
  auto visit(F&& f) {
    if (auto* request = std::get_if<Parser<true>>(&parser)) return f(*request);
    return f(std::get<Parser<false>>(parser));
  }

  [[noreturn]] void fail(const beast::error_code& error) {
    refusal = error == http::error::header_limit ? 431 : 400;
    throw Error(error == http::error::partial_message ? Error::Kind::kEof : Error::Kind::kProtocol,
                fmt::format("bad HTTP {}: {}", kind == Kind::kRequest ? "request" : "answer", error.message()));
  }

  Kind kind;
  std::variant<std::monostate, Parser<true>, Parser<false>> parser;
  int refusal = 400;
};

HttpParser::HttpParser(Kind kind, std::size_t header_limit) : impl_(std::make_unique<Impl>(kind, header_limit)) {}
HttpParser::~HttpParser() = default;

void HttpParser::skip_body() {
  impl_->visit([](auto& parser) { parser.skip(true); });
}

std::size_t HttpParser::put(std::string_view bytes) {
  if (bytes.empty() || done()) return 0;
  beast::error_code error;
  const std::size_t used = impl_->visit(
      [&](auto& parser) { return parser.put(boost::asio::const_buffer(bytes.data(), bytes.size()), error); });
  if (error && error != http::error::need_more) impl_->fail(error);
  return used;
}

void HttpParser::put_eof() {
  if (done()) return;
  beast::error_code error = http::error::partial_message;
  impl_->visit([&error](auto& parser) {
    if (parser.got_some()) parser.put_eof(error);
  });
  if (error) impl_->fail(error);
}

bool HttpParser::head_done() const {
  return impl_->visit([](auto& parser) { return parser.is_header_done(); });
}

bool HttpParser::done() const {
  return impl_->visit([](auto& parser) { return parser.is_done(); });
}

int HttpParser::refusal() const { return impl_->refusal; }
Request& HttpParser::request() { return std::get<Parser<true>>(impl_->parser).message; }
Response& HttpParser::response() { return std::get<Parser<false>>(impl_->parser).message; }

bool HttpParser::keep_alive() const {
  return impl_->visit([](auto& parser) { return parser.keep_alive(); });
}

std::string HttpParser::take_body() {
  return impl_->visit([](auto& parser) { return std::exchange(parser.body, std::string()); });
}

std::size_t HttpParser::body_waiting() const {
  return impl_->visit([](auto& parser) { return parser.body.size(); });
}

}  // namespace ecs::net::detail
