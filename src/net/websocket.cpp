#include "net/websocket.hpp"

#include <fmt/format.h>
#include <openssl/rand.h>

#include <list>
#include <utility>

#include "base/event.hpp"
#include "net/detail/io.hpp"
#include "net/detail/websocket_connection.hpp"
#include "net/detail/websocket_frame.hpp"

namespace ecs::net::detail {

namespace {

constexpr std::size_t kChunk = 16U << 10U;
// Pongs and close frames are small: a peer that does not take one in this time takes nothing.
constexpr base::Duration kControlLimit = std::chrono::seconds(10);
constexpr std::uint16_t kAbnormal = 1006;

/// Lets coroutines through one by one, in the order of their coming.
class Turnstile {
 public:
  class Pass {
   public:
    explicit Pass(Turnstile& turnstile)
        : turnstile_(turnstile), place_(turnstile.queue_.insert(turnstile.queue_.end(), 0)) {}
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    ~Pass() {
      turnstile_.queue_.erase(place_);
      turnstile_.moved_.pulse();
    }
    [[nodiscard]] base::Async<> wait() {
      while (place_ != turnstile_.queue_.begin()) co_await turnstile_.moved_.wait();
    }

   private:
    Turnstile& turnstile_;
    std::list<char>::iterator place_;
  };

  [[nodiscard]] bool free() const { return queue_.empty(); }

 private:
  std::list<char> queue_;
  base::Event moved_;
};

class Connection final : public WebSocket {
 public:
  Connection(std::unique_ptr<Stream> stream, base::Clock& clock, WebSocketRole role, std::string early)
      : stream_(std::move(stream)),
        clock_(clock),
        client_(role == WebSocketRole::kClient),
        buffer_(std::move(early)),
        reader_(!client_, kMaxMessage) {}

  base::Async<WebSocketMessage> read() override;
  base::Async<> write_text(std::string data, base::Duration limit) override;
  base::Async<> close(std::uint16_t code, std::string reason) override;
  void abort() noexcept override { stream_->close(); }

 private:
  [[nodiscard]] std::optional<FrameReader::Event> take_event();
  base::Async<FrameReader::Event> next_event();
  base::Async<> send(Opcode opcode, std::string payload, base::Duration limit, std::string what);
  base::Async<> send_now(Opcode opcode, std::string payload, Deadline& deadline);
  base::Async<> answer_ping(std::string payload);
  [[noreturn]] void end(const CloseStatus& status);

  std::unique_ptr<Stream> stream_;
  base::Clock& clock_;
  bool client_;
  std::string buffer_;     ///< Read, not taken by reader_ yet.
  std::size_t taken_ = 0;  ///< Of buffer_.
  FrameReader reader_;
  Turnstile writers_;
  std::optional<std::string> waiting_pong_;
  bool close_sent_ = false;
};

std::optional<MaskKey> make_mask(bool client) {
  if (!client) return std::nullopt;
  MaskKey key{};
  RAND_bytes(key.data(), static_cast<int>(key.size()));
  return key;
}

std::optional<FrameReader::Event> Connection::take_event() {
  std::string_view rest = std::string_view(buffer_).substr(taken_);
  std::optional<FrameReader::Event> event = reader_.take(rest);
  taken_ = buffer_.size() - rest.size();
  if (!event) {
    buffer_.erase(0, taken_);
    taken_ = 0;
  }
  return event;
}

base::Async<FrameReader::Event> Connection::next_event() {
  while (true) {
    if (auto event = take_event()) co_return std::move(*event);
    const auto error = co_await read_more(*stream_, buffer_, kChunk);
    if (is_eof(error)) {
      stream_->close();
      throw WebSocketClosed(kAbnormal, "", "the peer ended the connection without a close frame");
    }
    if (error) throw io_error(error, "reading from the websocket");
  }
}

base::Async<WebSocketMessage> Connection::read() {
  std::optional<FrameError> broken;
  std::optional<CloseStatus> closed;
  while (!broken && !closed) {
    try {
      FrameReader::Event event = co_await next_event();
      switch (event.kind) {
        case FrameReader::Kind::kMessage:
          co_return WebSocketMessage{std::move(event.data), event.binary};
        case FrameReader::Kind::kPing:
          co_await answer_ping(std::move(event.data));
          break;
        case FrameReader::Kind::kPong:
          break;
        case FrameReader::Kind::kClose:
          closed = parse_close(event.data);
          break;
      }
    } catch (const FrameError& e) {
      broken = e;
    }
  }
  const std::uint16_t code = broken ? broken->code() : closed->code;
  if (!close_sent_) {
    try {
      // Nobody waits for this one: when it cannot be sent, what the peer did is still the news.
      co_await send(Opcode::kClose, close_payload(code, ""), kControlLimit, "answering a close frame");
    } catch (const Error&) {
    }
  }
  stream_->close();
  if (broken)
    throw Error(Error::Kind::kProtocol, fmt::format("the peer broke the websocket protocol: {}", broken->what()));
  end(*closed);
}

void Connection::end(const CloseStatus& status) {
  const std::string suffix = status.reason.empty() ? "" : ": " + status.reason;
  throw WebSocketClosed(status.code, status.reason, fmt::format("the peer closed with code {}{}", status.code, suffix));
}

base::Async<> Connection::answer_ping(std::string payload) {
  if (close_sent_) co_return;
  // Reading must not wait for a large message that another coroutine is writing: who holds the turn sends the pong.
  // Of several pings the last one's pong is enough (RFC 6455 5.5.3).
  if (!writers_.free()) {
    waiting_pong_ = std::move(payload);
    co_return;
  }
  co_await send(Opcode::kPong, std::move(payload), kControlLimit, "answering a ping");
}

base::Async<> Connection::send_now(Opcode opcode, std::string payload, Deadline& deadline) {
  const Watch watch(deadline, *stream_);
  const std::string frame = make_frame(opcode, payload, make_mask(client_));
  const auto error = co_await write_all(*stream_, frame);
  if (!error && !deadline.expired()) co_return;
  // Half a frame may be out: nothing can follow it.
  stream_->close();
  throw deadline.failure(error);
}

base::Async<> Connection::send(Opcode opcode, std::string payload, base::Duration limit, std::string what) {
  Deadline deadline(clock_, limit, std::move(what));
  Turnstile::Pass pass(writers_);
  {
    // The one before us may hang: at our deadline the connection is of no use.
    const Watch watch(deadline, *stream_);
    co_await pass.wait();
  }
  if (deadline.expired()) throw deadline.timeout();
  if (close_sent_) throw Error(Error::Kind::kReset, "nothing can be written to the websocket after the close frame");
  if (opcode == Opcode::kClose) close_sent_ = true;
  co_await send_now(opcode, std::move(payload), deadline);
  while (waiting_pong_ && !close_sent_) {
    Deadline soon(clock_, kControlLimit, "answering a ping");
    std::string pong = *std::exchange(waiting_pong_, std::nullopt);
    co_await send_now(Opcode::kPong, std::move(pong), soon);
  }
}

base::Async<> Connection::write_text(std::string data, base::Duration limit) {
  return send(Opcode::kText, std::move(data), limit, "writing to the websocket");
}

base::Async<> Connection::close(std::uint16_t code, std::string reason) {
  return send(Opcode::kClose, close_payload(code, reason), kControlLimit, "sending a close frame");
}

}  // namespace

std::unique_ptr<WebSocket> make_websocket(std::unique_ptr<Stream> stream, base::Clock& clock, WebSocketRole role,
                                          std::string early) {
  return std::make_unique<Connection>(std::move(stream), clock, role, std::move(early));
}

}  // namespace ecs::net::detail
