// What an HTTP server sends, given to the client's code; and the same bytes to the server's parser. The way the bytes
// are cut must make no difference to what is accepted, and to what comes out of it. (Which error refuses a broken head
// that ends early does depend on it: the parser may see the fault or the end first.)
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/loop.hpp"
#include "net/detail/http_exchange.hpp"
#include "net/testing/fake_stream.hpp"

namespace ecs::net {
namespace {

constexpr std::size_t kMaxBody = 1U << 16U;

struct Result {
  int status = 0;
  std::string body;
  std::string headers;
  bool refused = false;
  friend bool operator==(const Result&, const Result&) = default;
};

base::Async<> exchange(detail::Connection& connection, base::Clock& clock, std::string method, Result& result) {
  detail::Deadline deadline(clock, std::chrono::seconds(1), "fuzz");
  try {
    Request request;
    request.method = std::move(method);
    bool answered = false;
    auto parser = co_await detail::send_request(connection, std::move(request), "host", deadline, answered);
    const Response response = co_await detail::read_answer(connection, *parser, kMaxBody, deadline);
    result.status = response.status;
    result.body = response.body;
    for (const Header& header : response.headers) result.headers += header.name + "\n" + header.value + "\n";
  } catch (const Error&) {
    result.refused = true;
  }
}

Result run(const std::string& bytes, std::size_t piece, const std::string& method) {
  base::Loop loop;
  base::VirtualClock clock(loop);
  detail::Connection connection;
  connection.route.stream = std::make_unique<testing::FakeStream>(loop.executor(), bytes, piece);
  Result result;
  loop.run_until_done(exchange(connection, clock, method, result));
  return result;
}

Result parse_request(std::string rest, std::size_t piece) {
  detail::HttpParser parser(detail::HttpParser::Kind::kRequest, 1U << 14U);
  Result result;
  try {
    std::string buffer;
    while (!rest.empty() && !parser.done()) {
      buffer += rest.substr(0, piece);
      rest.erase(0, piece);
      buffer.erase(0, parser.put(buffer));
      result.body += parser.take_body();
    }
    parser.put_eof();
    result.headers = parser.request().method + " " + parser.request().target;
  } catch (const Error&) {
    result = Result();
    result.refused = true;
  }
  return result;
}

}  // namespace
}  // namespace ecs::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ecs::net;
  if (size < 2 || size > (1U << 14U)) return 0;
  const std::string method = (data[0] & 1U) != 0 ? "HEAD" : "GET";
  const std::size_t piece = data[1] + std::size_t{1};
  const std::string bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  if (run(bytes, piece, method) != run(bytes, bytes.size() + 1, method)) std::abort();
  if (parse_request(bytes, piece) != parse_request(bytes, bytes.size() + 1)) std::abort();
  return 0;
}
