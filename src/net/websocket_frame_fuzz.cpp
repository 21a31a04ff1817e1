// What a websocket server sends, given to the client's code. The way the bytes are cut must make no difference, and
// all that the client answers must be whole, masked control frames.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>

#include "base/loop.hpp"
#include "net/detail/websocket_connection.hpp"
#include "net/detail/websocket_frame.hpp"
#include "net/testing/fake_stream.hpp"

namespace ecs::net {
namespace {

struct Result {
  std::string messages;
  std::string end;
  std::string answers;
  friend bool operator==(const Result&, const Result&) = default;
};

base::Async<> read_all(WebSocket& socket, Result& result) {
  try {
    while (true) {
      const WebSocketMessage message = co_await socket.read();
      result.messages += (message.binary ? "b" : "t") + std::to_string(message.data.size()) + ":" + message.data;
    }
  } catch (const WebSocketClosed& e) {
    result.end = "closed " + std::to_string(e.code()) + " " + e.reason();
  } catch (const Error& e) {
    result.end = e.what();
  }
}

/// The client's frames without their random keys.
std::string unmasked(std::string_view frames) {
  std::string all;
  while (!frames.empty()) {
    const auto head = detail::parse_frame_head(frames);
    if (!head || !head->mask || !head->final || head->size + head->length > frames.size()) std::abort();
    std::string payload(frames.substr(head->size, head->length));
    detail::apply_mask(payload, 0, *head->mask, 0);
    all += std::to_string(static_cast<int>(head->opcode)) + ":" + payload + "\n";
    if (head->opcode != detail::Opcode::kPong && head->opcode != detail::Opcode::kClose) std::abort();
    frames.remove_prefix(head->size + head->length);
  }
  return all;
}

Result run(const std::string& bytes, std::size_t piece, const std::string& early) {
  base::Loop loop;
  base::VirtualClock clock(loop);
  auto stream = std::make_unique<testing::FakeStream>(loop.executor(), bytes, piece);
  const auto written = stream->written();
  const auto socket = detail::make_websocket(std::move(stream), clock, detail::WebSocketRole::kClient, early);
  Result result;
  loop.run_until_done(read_all(*socket, result));
  result.answers = unmasked(*written);
  return result;
}

}  // namespace
}  // namespace ecs::net

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ecs::net;
  if (size < 1 || size > (1U << 14U)) return 0;
  const std::size_t piece = data[0] + std::size_t{1};
  const std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if (run(bytes, piece, "") != run("", 1, bytes)) std::abort();
  return 0;
}
