#include "net/detail/server_exchange.hpp"

#include <array>
#include <ctime>
#include <stdexcept>
#include <utility>

#include "base/text.hpp"
#include "net/detail/websocket_connection.hpp"

namespace ecs::net::detail {

Exchange::Exchange(ServerConnection& connection, base::Clock& clock, base::Duration write_timeout, Request request,
                   bool keep_alive)
    : connection_(connection),
      clock_(clock),
      write_timeout_(write_timeout),
      request_(std::move(request)),
      keep_alive_(keep_alive) {}

void Exchange::move_to(State from, State to) {
  if (state_ != from) throw std::logic_error("a request is answered twice, or out of order");
  state_ = to;
}

base::Async<> Exchange::write(std::string data) {
  Deadline deadline(clock_, write_timeout_, "writing the answer to " + request_.target);
  const Watch watch(deadline, *connection_.stream);
  const auto error = co_await write_all(*connection_.stream, data);
  if (!error && !deadline.expired()) co_return;
  keep_alive_ = false;
  throw deadline.failure(error);
}

/// `Sun, 22 Nov 2026 08:00:33 GMT`.
std::string Exchange::date() const {
  const auto wall = std::chrono::time_point_cast<std::chrono::seconds>(clock_.wall());
  const std::time_t seconds = wall.time_since_epoch().count();
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  const std::size_t size = std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  return {text.data(), size};
}

base::Async<> Exchange::respond(Response response) {
  if (has_token(response.headers.get("Connection"), "close")) keep_alive_ = false;
  std::string data = response_head(response, response.body.size(), keep_alive_, date());
  move_to(State::kOpen, State::kDone);
  const bool bodiless = request_.method == "HEAD" || response.status == 204 || response.status == 304;
  if (!bodiless) data += response.body;
  co_await write(std::move(data));
}

base::Async<> Exchange::begin(Response head) {
  std::string data = response_head(head, std::nullopt, keep_alive_, date());
  move_to(State::kOpen, State::kStreaming);
  bodiless_ = request_.method == "HEAD";
  co_await write(std::move(data));
}

base::Async<> Exchange::send(std::string piece) {
  if (state_ != State::kStreaming) throw std::logic_error("a piece of an answer that was not begun");
  // An empty chunk would end the answer.
  if (!piece.empty() && !bodiless_) co_await write(chunk(piece));
}

base::Async<> Exchange::finish() {
  move_to(State::kStreaming, State::kDone);
  if (!bodiless_) co_await write(std::string(kLastChunk));
}

bool Exchange::wants_websocket() const {
  return has_token(request_.headers.get("Connection"), "upgrade") &&
         has_token(request_.headers.get("Upgrade"), "websocket") &&
         request_.headers.get("Sec-WebSocket-Version") == "13" && request_.headers.find("Sec-WebSocket-Key");
}

base::Async<std::unique_ptr<WebSocket>> Exchange::accept_websocket() {
  if (!wants_websocket()) throw std::logic_error("the request does not ask for a websocket");
  move_to(State::kOpen, State::kUpgraded);
  Response response;
  response.status = 101;
  response.headers = {{"Upgrade", "websocket"},
                      {"Connection", "Upgrade"},
                      {"Sec-WebSocket-Accept", accept_key(request_.headers.get("Sec-WebSocket-Key"))}};
  co_await write(response_head(response, std::nullopt, true, {}));
  co_return make_websocket(std::move(connection_.stream), clock_, WebSocketRole::kServer,
                           std::move(connection_.buffer));
}

}  // namespace ecs::net::detail
