// The engine's events for as long as the agent lives, whatever happens to the connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "base/async.hpp"
#include "base/backoff.hpp"
#include "base/clock.hpp"
#include "base/event.hpp"
#include "base/random.hpp"
#include "docker/client.hpp"

namespace ecs::docker {

/// What the reader gets.
struct EventItem {
  enum class Kind {
    kEvent,
    kResync,  ///< Something may have been missed: look at every container. `reason` says why.
  };
  Kind kind = Kind::kEvent;
  Event event;         ///< kEvent.
  std::string reason;  ///< kResync.
};

struct EventStreamOptions {
  base::BackoffRule reconnect{std::chrono::milliseconds(100), std::chrono::seconds(5), 2.0, 0.2};
  base::Duration stable = std::chrono::seconds(10);  ///< A connection that lived so long resets the back-off.
  std::size_t capacity = 8192;  ///< Unread items; past it new events are dropped and one kResync follows.
};

/// Follows containers only: events of images, networks, volumes and actions that the agent does not know are left
/// out. After each reconnect there is one kResync, put in when the new connection is open, so that nothing falls
/// between what the reader then looks up and the events that follow it; events since the last one seen are asked for
/// as well (and not given twice), since a removed container's end is found in no look-up.
class EventStream {
 public:
  /// All three must outlive it.
  EventStream(Client& client, base::Clock& clock, base::Random& random, EventStreamOptions options = {});

  /// Until cancelled. To be spawned once.
  base::Async<> run();

  /// Returns once the first connection is open.
  base::Async<> opened() { return opened_.wait(); }

  /// The next item, in order. One reader.
  base::Async<EventItem> next();

  [[nodiscard]] bool connected() const noexcept { return connected_; }
  /// Attempts to connect so far, successful or not.
  [[nodiscard]] std::uint64_t attempts() const noexcept { return attempts_; }

 private:
  base::Async<> follow();
  void begin();
  void take(Event event);
  void resync(std::string reason);
  void push(EventItem item);
  [[nodiscard]] bool seen_before(const Event& event);

  Client& client_;
  base::Clock& clock_;
  EventStreamOptions options_;
  base::Backoff backoff_;
  std::deque<EventItem> items_;
  base::Event readable_;
  base::Event opened_;
  bool connected_ = false;
  bool overflow_ = false;
  std::uint64_t attempts_ = 0;
  std::optional<std::int64_t> last_;                       ///< Engine time of the newest event.
  std::set<std::pair<std::string, std::string>> at_last_;  ///< Id and action of the events at that very time.
};

}  // namespace ecs::docker
