#include "local/acs_outbox.hpp"

#include <algorithm>

#include "acs/messages.hpp"

namespace ecs::local {

AcsOutbox::AcsOutbox(base::Clock& clock, base::Random& random, OutboxRule rule)
    : clock_(clock), random_(random), rule_(rule) {}

void AcsOutbox::connect(FrameSink& sink) {
  sink_ = &sink;
  heartbeat_ = clock_.call_after(rule_.heartbeat, [this] { beat(); });
  for (auto& entry : entries_) send(entry, true);
  schedule();
}

void AcsOutbox::disconnect(const FrameSink& sink) {
  if (sink_ != &sink) return;
  sink_ = nullptr;
  resend_.reset();
  heartbeat_.reset();
}

void AcsOutbox::post(std::string key, std::string message_id, std::string frame) {
  drop(key);
  entries_.push_back({.key = std::move(key),
                      .message_id = std::move(message_id),
                      .frame = std::move(frame),
                      .delay = rule_.resend_first,
                      .due = clock_.now()});
  if (sink_ == nullptr) return;
  send(entries_.back(), true);
  schedule();
}

std::optional<std::string> AcsOutbox::acknowledge(std::string_view message_id) {
  const auto found = std::ranges::find(entries_, message_id, &Entry::message_id);
  if (found == entries_.end()) return std::nullopt;
  std::string key = std::move(found->key);
  entries_.erase(found);
  schedule();
  return key;
}

void AcsOutbox::drop(std::string_view key) {
  if (std::erase_if(entries_, [key](const Entry& entry) { return entry.key == key; }) > 0) schedule();
}

void AcsOutbox::send(Entry& entry, bool first) {
  entry.delay = first ? rule_.resend_first : std::min(entry.delay * 2, rule_.resend_longest);
  entry.due = clock_.now() + entry.delay;
  sink_->send(entry.frame);
}

void AcsOutbox::schedule() {
  resend_.reset();
  if (sink_ == nullptr || entries_.empty()) return;
  const auto next = std::ranges::min_element(entries_, {}, &Entry::due);
  resend_ = clock_.call_at(next->due, [this] { fire(); });
}

void AcsOutbox::fire() {
  for (auto& entry : entries_) {
    if (entry.due <= clock_.now()) send(entry, false);
  }
  schedule();
}

void AcsOutbox::beat() {
  acs::HeartbeatMessage message;
  message.message_id = random_.uuid();
  message.healthy = true;
  sink_->send(acs::encode(message));
  heartbeat_ = clock_.call_after(rule_.heartbeat, [this] { beat(); });
}

}  // namespace ecs::local
