// A bounded queue between coroutines of one loop.
#pragma once

#include <cstddef>
#include <deque>
#include <optional>
#include <utility>

#include "base/event.hpp"

namespace ecs::base {

template <class T>
class Mailbox {
 public:
  explicit Mailbox(std::size_t capacity) : capacity_(capacity) {}

  /// False when full or closed; the item is then untouched.
  bool try_push(T&& item) {
    if (closed_ || items_.size() >= capacity_) return false;
    items_.push_back(std::move(item));
    readable_.pulse();
    return true;
  }

  /// Waits for room. False when closed meanwhile; the item is lost then.
  Async<bool> push(T item) {
    while (!closed_ && items_.size() >= capacity_) co_await writable_.wait();
    co_return try_push(std::move(item));
  }

  /// The next item; nothing once closed and empty. One reader at a time.
  Async<std::optional<T>> pop() {
    while (items_.empty()) {
      if (closed_) co_return std::nullopt;
      co_await readable_.wait();
    }
    std::optional<T> item(std::move(items_.front()));
    items_.pop_front();
    writable_.pulse();
    co_return item;
  }

  void close() {
    closed_ = true;
    readable_.pulse();
    writable_.pulse();
  }

  [[nodiscard]] bool empty() const noexcept { return items_.empty(); }
  [[nodiscard]] std::size_t size() const noexcept { return items_.size(); }

 private:
  std::deque<T> items_;
  std::size_t capacity_;
  bool closed_ = false;
  Event readable_;
  Event writable_;
};

}  // namespace ecs::base
