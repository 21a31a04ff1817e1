#include "docker/event_stream.hpp"

#include "log/log.hpp"

namespace ecs::docker {

EventStream::EventStream(Client& client, base::Clock& clock, base::Random& random, EventStreamOptions options)
    : client_(client), clock_(clock), options_(options), backoff_(options.reconnect, random) {}

base::Async<> EventStream::run() {
  std::string reported;
  for (;;) {
    const auto started = clock_.now();
    ++attempts_;
    std::string failure = "the engine closed the stream";
    try {
      co_await follow();
    } catch (const Error& error) {
      failure = error.what();
    }
    const bool was_connected = std::exchange(connected_, false);
    // One that is accepted and dropped again at once must not make a hot loop either.
    if (was_connected && clock_.now() - started >= options_.stable) backoff_.reset();
    const auto wait = backoff_.next();
    // While the engine is away, the same failure is said once.
    if (was_connected || failure != reported) {
      log::warn("No events from the engine", {{"error", failure}, {"retryIn", wait}});
      reported = std::move(failure);
    }
    co_await clock_.sleep_for(wait);
  }
}

base::Async<> EventStream::follow() {
  // After a break another engine, with other versions, may answer.
  if (opened_.is_set()) co_await client_.negotiate();
  const auto reader = co_await client_.events(last_);
  begin();
  while (auto event = co_await reader->next()) take(std::move(*event));
}

void EventStream::begin() {
  connected_ = true;
  if (opened_.is_set()) {
    resync("the connection to the engine was lost for a while");
    log::info("Events from the engine again", {{"attempts", attempts_}});
  } else {
    opened_.set();
  }
}

bool EventStream::seen_before(const Event& event) {
  const auto time = event.nanoseconds();
  if (!time) return false;
  if (!last_ || *time > *last_) {
    last_ = time;
    at_last_.clear();
  } else if (*time < *last_) {
    return false;
  }
  return !at_last_.emplace(event.container_id(), event.word()).second;
}

void EventStream::take(Event event) {
  if (seen_before(event) || event.meaning() == Event::Meaning::kOther) return;
  push({.kind = EventItem::Kind::kEvent, .event = std::move(event), .reason = {}});
}

void EventStream::resync(std::string reason) {
  if (!items_.empty() && items_.back().kind == EventItem::Kind::kResync) return;
  push({.kind = EventItem::Kind::kResync, .event = {}, .reason = std::move(reason)});
}

void EventStream::push(EventItem item) {
  if (items_.size() >= options_.capacity) {
    overflow_ = true;
    return;
  }
  items_.push_back(std::move(item));
  readable_.pulse();
}

base::Async<EventItem> EventStream::next() {
  while (items_.empty()) co_await readable_.wait();
  auto item = std::move(items_.front());
  items_.pop_front();
  if (std::exchange(overflow_, false)) {
    log::warn("Too many events from the engine, some were dropped", {{"capacity", options_.capacity}});
    resync("too many events were waiting");
  }
  co_return item;
}

}  // namespace ecs::docker
