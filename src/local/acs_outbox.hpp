// The messages that one agent has still to acknowledge.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace ecs::local {

/// One connection. Frames are taken at once and sent in order.
class FrameSink {
 public:
  FrameSink() = default;
  FrameSink(const FrameSink&) = delete;
  FrameSink& operator=(const FrameSink&) = delete;
  virtual ~FrameSink() = default;
  /// Must not throw.
  virtual void send(std::string frame) = 0;
};

struct OutboxRule {
  base::Duration resend_first = std::chrono::seconds(5);    ///< Doubles with each resend of the same message...
  base::Duration resend_longest = std::chrono::minutes(1);  ///< ...up to this.
  base::Duration heartbeat = std::chrono::seconds(30);
};

/// Sends each message when it is posted, again on every new connection, and again after a while, until it is
/// acknowledged or dropped. Heartbeats go out on a connection that is otherwise silent; nobody waits for their acks.
class AcsOutbox {
 public:
  AcsOutbox(base::Clock& clock, base::Random& random, OutboxRule rule = {});

  /// The connection from now on, in the place of any earlier one; all that waits is sent on it, oldest first.
  void connect(FrameSink& sink);
  /// Nothing happens when `sink` is not the connection any more.
  void disconnect(const FrameSink& sink);
  [[nodiscard]] bool connected() const noexcept { return sink_ != nullptr; }

  /// `key` says what the message is about: a message of the same key that waits is replaced.
  void post(std::string key, std::string message_id, std::string frame);
  /// The key of the acknowledged message; nothing when none with this id waits.
  std::optional<std::string> acknowledge(std::string_view message_id);
  void drop(std::string_view key);

  [[nodiscard]] std::size_t waiting() const noexcept { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    std::string message_id;
    std::string frame;
    base::Duration delay;
    base::Instant due;
  };

  void send(Entry& entry, bool first);
  void schedule();
  void fire();
  void beat();

  base::Clock& clock_;
  base::Random& random_;
  OutboxRule rule_;
  FrameSink* sink_ = nullptr;
  std::vector<Entry> entries_;
  std::unique_ptr<base::Timer> resend_;
  std::unique_ptr<base::Timer> heartbeat_;
};

}  // namespace ecs::local
