#include "acs/connection.hpp"

#include <fmt/core.h>

#include <exception>
#include <utility>

#include "log/log.hpp"

namespace ecs::acs {

namespace {

using namespace std::chrono_literals;

// acs.md 5. The original also has a read deadline of 3 minutes; whatever resets its idle timer resets the deadline too,
// so that the idle timer, at most 2 minutes, always comes first.
constexpr base::Duration kIdle = 1min;
constexpr base::Duration kIdleJitter = 1min;
constexpr base::Duration kLifetime = 30min;
constexpr base::Duration kLifetimeJitter = 5min;
constexpr base::Duration kWriteLimit = 3min;
constexpr std::uint16_t kNormalClosure = 1000;
constexpr const char* kExpiry = "ConnectionExpired: Reconnect to continue";

/// Frames that wait while a handler is busy: then the peer has to wait too.
constexpr std::size_t kInbox = 16;
constexpr std::size_t kOutbox = 1024;

base::Duration jittered(base::Duration least, base::Duration jitter, base::Random& random) {
  return least + base::Duration(random.below(static_cast<std::uint64_t>(jitter.count())));
}

/// 1006 stands for a FIN without a close frame.
bool is_orderly(std::uint16_t code) { return code == 1000 || code == 1001 || code == 1006 || code == 1011; }

End end_of(const net::WebSocketClosed& closed) {
  if (is_orderly(closed.code())) return {End::Kind::kNormal, closed.what()};
  return error_end(fmt::format("websocket closed with {}: {}", closed.code(), closed.reason()));
}

End end_of(const net::Error& error) {
  // A FIN in the middle of a frame is to the original what a FIN between frames is.
  if (error.kind() == net::Error::Kind::kEof) return {End::Kind::kNormal, error.what()};
  return error_end(error.what());
}

}  // namespace

End error_end(std::string text) {
  const bool inactive = text.find("InactiveInstanceException") != std::string::npos;
  return {inactive ? End::Kind::kInactive : End::Kind::kError, std::move(text)};
}

Connection::Connection(Parts parts, std::unique_ptr<net::WebSocket> socket)
    : parts_(std::move(parts)), socket_(std::move(socket)), inbox_(kInbox), outbox_(kOutbox) {}

Connection::~Connection() = default;

std::shared_ptr<Connection> Connection::make(const Parts& parts, std::unique_ptr<net::WebSocket> socket) {
  return std::shared_ptr<Connection>(new Connection(parts, std::move(socket)));
}

base::Async<End> Connection::serve() {
  // Whatever way this coroutine is left, the reader and the writer find closed doors and end by themselves.
  struct Shut {
    std::shared_ptr<Connection> connection;
    ~Shut() { connection->shut(); }
  };
  const Shut guard{shared_from_this()};
  start_timers();
  running_ = 2;
  parts_.scope.spawn("acs reader", read_all(shared_from_this()));
  parts_.scope.spawn("acs writer", write_all(shared_from_this()));
  co_await serve_messages();
  shut();
  co_await stopped_.wait();
  co_return end_;
}

/// One at a time, also those that came just before the end.
base::Async<> Connection::serve_messages() {
  while (auto message = co_await inbox_.pop()) {
    auto frames = co_await parts_.dispatcher.dispatch(*std::move(message));
    for (auto& frame : frames) co_await outbox_.push(std::move(frame));
  }
}

base::Async<> Connection::read_all(std::shared_ptr<Connection> self) {
  End end{End::Kind::kError, "cancelled"};
  std::exception_ptr cancelled;
  try {
    co_await self->read_frames();
  } catch (const net::WebSocketClosed& e) {
    end = end_of(e);
  } catch (const net::Error& e) {
    end = end_of(e);
  } catch (...) {
    const auto error = std::current_exception();
    if (base::is_cancellation(error)) cancelled = error;
    end = error_end(base::describe(error));
  }
  self->finish(std::move(end));
  if (cancelled) std::rethrow_exception(cancelled);
}

base::Async<> Connection::read_frames() {
  while (true) co_await accept(co_await socket_->read());
}

base::Async<> Connection::accept(net::WebSocketMessage frame) {
  if (frame.binary) log::error("Binary frame from ACS, read as text", {{"bytes", frame.data.size()}});
  std::optional<Inbound> message;
  try {
    message = decode(frame.data);
  } catch (const DecodeError& e) {
    log::warn("Frame from ACS cannot be read and is ignored", {{"bytes", frame.data.size()}, {"error", e}});
  }
  if (!message) co_return;
  restart_idle_timer();
  log::debug("Message from ACS", {{"type", type_of(*message)}});
  co_await inbox_.push(*std::move(message));
}

base::Async<> Connection::write_all(std::shared_ptr<Connection> self) {
  struct Stopped {
    Connection& connection;
    ~Stopped() {
      if (--connection.running_ == 0) connection.stopped_.set();
    }
  };
  const Stopped stopped{*self};
  bool told = false;
  while (auto frame = co_await self->outbox_.pop()) {
    if (self->expired_ && !std::exchange(told, true)) co_await self->send_expiry();
    // The lifetime timer wakes this loop with an empty frame.
    if (!frame->empty()) co_await self->write_frame(*std::move(frame));
  }
}

base::Async<> Connection::write_frame(std::string frame) {
  try {
    co_await socket_->write_text(std::move(frame), kWriteLimit);
  } catch (...) {
    const auto error = std::current_exception();
    if (base::is_cancellation(error)) throw;
    log::warn("Answer to ACS could not be sent", {{"error", error}});
  }
}

base::Async<> Connection::send_expiry() {
  try {
    co_await socket_->close(kNormalClosure, kExpiry);
  } catch (...) {
    const auto error = std::current_exception();
    if (base::is_cancellation(error)) throw;
    log::warn("Close frame to ACS could not be sent", {{"error", error}});
  }
}

void Connection::start_timers() {
  restart_idle_timer();
  lifetime_ = parts_.clock.call_after(jittered(kLifetime, kLifetimeJitter, parts_.random), [this] {
    log::info("Connection to ACS has reached its age; asking to close it");
    expired_ = true;
    // When the outbox is full the writer is busy and sees the flag by itself.
    outbox_.try_push(std::string());
  });
  settle_ = parts_.clock.call_after(jittered(kIdle, kIdleJitter, parts_.random), [this] { parts_.settled(); });
}

void Connection::restart_idle_timer() {
  idle_ = parts_.clock.call_after(jittered(kIdle, kIdleJitter, parts_.random), [this] {
    log::warn("Nothing has come from ACS for too long; ending the connection");
    cause_ = "no message within the idle time";
    socket_->abort();
  });
}

void Connection::finish(End end) {
  end_ = cause_.empty() ? std::move(end) : error_end(cause_);
  inbox_.close();
  // Nothing that is still to be written can arrive; a write that hangs must not hold up the reconnect.
  socket_->abort();
  if (--running_ == 0) stopped_.set();
}

void Connection::shut() noexcept {
  idle_.reset();
  lifetime_.reset();
  settle_.reset();
  inbox_.close();
  outbox_.close();
  socket_->abort();
}

}  // namespace ecs::acs
